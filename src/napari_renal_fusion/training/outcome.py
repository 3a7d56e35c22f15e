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
from ..networks import FusionNetwork
from .config import TrainingConfig
from .data import TokensOfCases, case_data, moved

if TYPE_CHECKING:
    from ..networks import FusionOutput, PanelTokens, RenalHEALNet, Tokens
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
    """Answers by part (``train``, ``validation``, ``test``, ``independent``) and mean token maps [L, d].

    Of a network that reads the whole panel also ``train`` and ``test`` from each set of modalities, such as
    ``test.OM-IM``, with the features of these modalities; and no mean tokens, which nothing would stand in for.
    """

    parts: dict[str, Answers]
    mean_tokens: dict[Modality, torch.Tensor]


@torch.inference_mode()
def answer(
    network: FusionNetwork,
    parts: dict[str, Sequence[TrainingCase]],
    config: TrainingConfig,
    choice: DeviceChoice,
    tokens: TokensOfCases | None,
    progress: Progress,
) -> Outputs:
    """Ask the network about every case with its whole bag, one after another so that no batch changes a digit.

    Mean tokens are those of the images of the part ``train``. ``tokens`` spares encoding. A network that reads the
    whole panel is also asked about ``train`` and ``test`` with every set of the case's modalities alone.
    """
    network = network.to(choice.device).eval()
    low = choice.precision == "bfloat16" and tokens is None
    total, done = sum(map(len, parts.values())), 0
    means = _MeanTokens(config)
    found: dict[str, _Asked] = {}
    for part, cases in parts.items():
        data = case_data(cases, config, tokens=tokens)
        found[part] = _Asked()
        for index, case in enumerate(cases):
            progress.update(done / total, f"Asking the model about case {done + 1} of {total}")
            done += 1
            given = moved(data.collate([data[0, index]])[0], choice.device)
            if tokens is None:
                with torch.autocast(choice.device, dtype=torch.bfloat16, enabled=low):
                    given = network.encode(given)
            given = given.float()
            output = network.fuse(*given)
            found[part].add(case, output.fusion[0], output.unfused[0])
            if config.network.whole_panel:
                _ask_in_parts(network, part, case, given, output, found)
            elif part == "train":
                means.add(given)
    network.cpu()
    return Outputs({part: asked.answers(config) for part, asked in found.items()}, means.result())


class _Asked:
    """Answers as they come in."""

    def __init__(self) -> None:
        self.cases: list[TrainingCase] = []
        self.logits: list[torch.Tensor] = []
        self.features: list[torch.Tensor] = []

    def add(self, case: TrainingCase, logits: torch.Tensor, features: torch.Tensor) -> None:
        self.cases.append(case)
        self.logits.append(logits.float().cpu())
        self.features.append(features.float().cpu())

    def answers(self, config: TrainingConfig) -> Answers:
        return Answers(
            tuple(case.case_id for case in self.cases),
            torch.stack(self.logits).numpy()
            if self.cases
            else np.zeros((0, config.network.n_classes), np.float32),
            torch.stack(self.features).numpy() if self.cases else np.zeros((0, 1), np.float32),
            np.array([case.label for case in self.cases], dtype=np.int64),
        )


class _MeanTokens:
    """Mean token map [L, d] of each modality over all images."""

    def __init__(self, config: TrainingConfig):
        self.modalities = config.rules.modalities
        self.sums: dict[Modality, torch.Tensor] = {}
        self.counts: dict[Modality, int] = {}

    def add(self, given: Tokens) -> None:
        for modality in self.modalities:
            one = {Modality.OM: given.om, Modality.IM: given.im, Modality.TEM: given.tem}[modality]
            maps = one[0].double().cpu() if modality == Modality.TEM else one.double().cpu()
            self.sums[modality] = self.sums.get(modality, 0) + maps.sum(dim=0)
            self.counts[modality] = self.counts.get(modality, 0) + len(maps)

    def result(self) -> dict[Modality, torch.Tensor]:
        return {one: (total / self.counts[one]).float() for one, total in self.sums.items()}


def _ask_in_parts(
    network: RenalHEALNet,
    part: str,
    case: TrainingCase,
    given: PanelTokens,
    output: FusionOutput,
    found: dict[str, _Asked],
) -> None:
    """Ask about a case with every set of its modalities alone; the answer from all that it has is known."""
    from .removal import MEASURED, in_parts, part_of, sets_of

    if part not in MEASURED:
        return
    *sets, whole = sets_of(given.present)
    answers = [(whole, output.fusion[0])]
    if sets:
        answers += zip(sets, network.fuse(*in_parts(given, sets)).fusion, strict=True)
    for shown, logits in answers:
        features = output.unfused[0, network.columns_of([one.value for one in shown])]
        found.setdefault(part_of(part, shown), _Asked()).add(case, logits, features)


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
