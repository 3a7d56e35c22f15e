"""What one fitted unit answered: figures as JSON, logits and features as safetensors, both checked on reading."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, ValidationError

from ..cases import Modality
from ..compute.atomic import write_bytes, write_text
from ..compute.devices import DeviceChoice
from ..compute.progress import Progress
from ..networks import CMUSNet
from .config import TrainingConfig
from .data import CaseData, TokensOfCases, collate_cases, moved

if TYPE_CHECKING:
    from .patients import TrainingCase

OUTCOME, OUTPUTS = "outcome.json", "outputs.safetensors"
_MEAN = "mean_tokens."


class Outcome(BaseModel):
    """Figures of one unit: metrics [name] of its test part, the epoch whose weights it uses, its history.

    ``cases`` are the case ids of each part in the order of the rows in ``outputs.safetensors``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: str
    epoch_used: int
    metrics: dict[str, float]
    seconds: float
    cases: dict[str, tuple[str, ...]]
    history: tuple[dict[str, Any], ...]
    outputs_sha256: str


@dataclass(frozen=True)
class Answers:
    """Logits [n, C], pooled vectors before CMSA [n, D] and class indices [n] of the cases of one part."""

    case_ids: tuple[str, ...]
    logits: np.ndarray
    features: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Outputs:
    """Answers by part (``train``, ``validation``, ``test``, ``independent``) and mean token maps [L, d]."""

    parts: dict[str, Answers]
    mean_tokens: dict[Modality, torch.Tensor]


@torch.inference_mode()
def answer(
    network: CMUSNet,
    parts: dict[str, Sequence[TrainingCase]],
    config: TrainingConfig,
    choice: DeviceChoice,
    tokens: TokensOfCases | None,
    progress: Progress,
) -> Outputs:
    """Ask the network about every case with its whole bag, one after another so that no batch changes a digit.

    Mean tokens are those of the images of the part ``train``. ``tokens`` spares encoding.
    """
    network = network.to(choice.device).eval()
    low = choice.precision == "bfloat16" and tokens is None
    total, done = sum(map(len, parts.values())), 0
    sums: dict[Modality, torch.Tensor] = {}
    counts: dict[Modality, int] = {}
    found = {}
    for part, cases in parts.items():
        data = CaseData(cases, config, tokens=tokens)
        logits, features = [], []
        for index in range(len(cases)):
            progress.update(done / total, f"Asking the model about case {done + 1} of {total}")
            done += 1
            inputs = moved(collate_cases([data[0, index]])[0], choice.device)
            if tokens is None:
                with torch.autocast(choice.device, dtype=torch.bfloat16, enabled=low):
                    inputs = network.encode(inputs)
            given = [one.float() if one is not None and one.is_floating_point() else one for one in inputs]
            output = network.fuse(*given)
            logits.append(output.fusion[0].float().cpu())
            features.append(output.unfused[0].float().cpu())
            if part == "train":
                for modality in config.rules.modalities:
                    one = {Modality.OM: given[0], Modality.IM: given[1], Modality.TEM: given[2]}[modality]
                    maps = one[0].double().cpu() if modality == Modality.TEM else one.double().cpu()
                    sums[modality] = sums.get(modality, 0) + maps.sum(dim=0)
                    counts[modality] = counts.get(modality, 0) + len(maps)
        found[part] = Answers(
            tuple(case.case_id for case in cases),
            torch.stack(logits).numpy() if logits else np.zeros((0, config.network.n_classes), np.float32),
            torch.stack(features).numpy() if features else np.zeros((0, 1), np.float32),
            np.array([case.label for case in cases], dtype=np.int64),
        )
    network.cpu()
    return Outputs(found, {one: (total / counts[one]).float() for one, total in sums.items()})


def save_outcome(
    folder: Path,
    unit: str,
    outputs: Outputs,
    metrics: dict[str, float],
    epoch_used: int,
    seconds: float,
    history: Sequence[dict[str, Any]],
) -> Outcome:
    """Write both files; ``outcome.json`` last, because it says that the unit is done."""
    from safetensors.torch import save

    tensors = {f"{_MEAN}{one.value}": tokens.contiguous() for one, tokens in outputs.mean_tokens.items()}
    for part, given in outputs.parts.items():
        tensors[f"{part}.logits"] = torch.from_numpy(given.logits)
        tensors[f"{part}.features"] = torch.from_numpy(given.features)
        tensors[f"{part}.labels"] = torch.from_numpy(given.labels)
    blob = save(tensors)
    outcome = Outcome(
        unit=unit,
        epoch_used=epoch_used,
        metrics=metrics,
        seconds=round(seconds, 2),
        cases={part: given.case_ids for part, given in outputs.parts.items()},
        history=tuple(history),
        outputs_sha256=hashlib.sha256(blob).hexdigest(),
    )
    write_bytes(folder / OUTPUTS, blob)
    write_text(folder / OUTCOME, outcome.model_dump_json(indent=1))
    return outcome


def load_outcome(folder: Path) -> tuple[Outcome, Outputs] | None:
    """What a finished unit answered; None if it is not finished or a file is damaged."""
    from safetensors.torch import load

    try:
        outcome = Outcome.model_validate_json((folder / OUTCOME).read_text(encoding="utf-8"))
        blob = (folder / OUTPUTS).read_bytes()
    except (OSError, ValueError, ValidationError):
        return None
    if hashlib.sha256(blob).hexdigest() != outcome.outputs_sha256:
        return None
    tensors = load(blob)
    parts = {
        part: Answers(ids, *(tensors[f"{part}.{one}"].numpy() for one in ("logits", "features", "labels")))
        for part, ids in outcome.cases.items()
    }
    means = {
        Modality(name.removeprefix(_MEAN)): one for name, one in tensors.items() if name.startswith(_MEAN)
    }
    return outcome, Outputs(parts, means)
