"""How far a probability can be relied on: coverage, calibration, unknown diseases, planted outliers.

Each of ten seeds trains five folds on other 120 phantoms of the pool and is judged on the other 500, with the
same code and numbers that a bundle of the run would carry. Images are encoded once for all seeds.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from napari_renal_fusion.bundles.known import bundle_distances
from napari_renal_fusion.cases import Cohort, Modality
from napari_renal_fusion.compute.devices import choose_device
from napari_renal_fusion.compute.places import cache_dir
from napari_renal_fusion.compute.progress import Progress
from napari_renal_fusion.inputs import PositivePanel, StoredPicture
from napari_renal_fusion.networks import CMUSNet
from napari_renal_fusion.training import Run, TrainingConfig, preset, train
from napari_renal_fusion.training.calibration import softmax
from napari_renal_fusion.training.data import CaseData, TokensOfCases, collate_cases
from napari_renal_fusion.training.initial import encoder_source, initial_network
from napari_renal_fusion.training.judging import Fitted, Judged, judge
from napari_renal_fusion.training.members import combined
from napari_renal_fusion.training.metrics import classification_metrics, expected_calibration_error
from napari_renal_fusion.training.outcome import load_outcome
from napari_renal_fusion.training.patients import TrainingCase, prepare
from napari_renal_fusion.training.run import UNITS
from napari_renal_fusion.training.tokens import encode_cases
from napari_renal_fusion.training.units import units_of

from . import pools
from .weights import encoder_weights

SEEDS, TRAINING = 10, 120


@dataclass(frozen=True)
class Answers:
    """What an ensemble says of n patients: member logits [M, n, C], unfused vectors [M, n, D], labels [n],
    the immunofluorescence picture that entered, and for each electron image whether it was kept.
    """

    logits: np.ndarray
    unfused: np.ndarray
    labels: np.ndarray
    antibody: tuple[StoredPicture, ...]
    kept: dict[Path, bool]


def run() -> str:
    """Train ten times and return the figures as a Markdown table."""
    known, unknown = pools.cohort(pools.known()), pools.cohort(pools.unknown())
    rows, refused, set_aside = [], [], defaultdict(list)
    for seed in range(SEEDS):
        chosen, others = _split(known, seed)
        run = _run(chosen, seed)
        judged, network = _ensemble(run)
        held_out = _answers(network, others, run.config)
        strange = _answers(network, unknown, run.config)
        panel = _weakest(chosen, run.config)
        rows.append(_figures(run, judged, panel, held_out, strange))
        refused.append(_refused(judged, panel, strange))
        if seed == 0:  # SMIL has no weights, so every seed would say nearly the same
            for kind, aside in _outliers([*others.cases, *unknown.cases], {**held_out.kept, **strange.kept}):
                set_aside[kind].append(aside)
        print(
            f"seed {seed}: " + ", ".join(f"{name} {value:.3f}" for name, value in rows[-1].items()),
            flush=True,
        )
    lines = [f"| figure (n = {SEEDS} seeds) | mean | sd | least | most |", "|---|---:|---:|---:|---:|"]
    for name in rows[0]:
        values = np.array([one[name] for one in rows])
        lines.append(
            f"| {name} | {values.mean():.3f} | {values.std(ddof=1):.3f} | {values.min():.3f} | {values.max():.3f} |"
        )
    diseases = [case.label for case in unknown.cases]
    by_disease = {
        one: np.mean([row[[d == one for d in diseases]].mean() for row in refused])
        for one in sorted(set(diseases))
    }
    lines += [
        "",
        "Unknown diseases refused: " + ", ".join(f"{d} {share:.0%}" for d, share in by_disease.items()) + ".",
    ]
    lines += [
        "Electron images set aside: "
        + ", ".join(f"{kind} {np.mean(one):.1%} of {len(one)}" for kind, one in sorted(set_aside.items()))
        + "."
    ]
    return "\n".join(lines)


def _split(cohort: Cohort, seed: int) -> tuple[Cohort, Cohort]:
    """120 cases, classes in equal shares, and the others."""
    generator = np.random.default_rng(seed)
    names = sorted({case.label for case in cohort.cases})
    chosen: set[str] = set()
    for name in names:
        ids = [case.case_id for case in cohort.cases if case.label == name]
        chosen |= set(generator.permutation(ids)[: TRAINING // len(names)].tolist())
    inside = tuple(case for case in cohort.cases if case.case_id in chosen)
    outside = tuple(case for case in cohort.cases if case.case_id not in chosen)
    return replace(cohort, cases=inside), replace(cohort, cases=outside)


def _run(cohort: Cohort, seed: int) -> Run:
    config = preset("small", seed=seed, encoder_weights=encoder_weights(), final="none")
    return train(cohort, config, cache_dir() / "benchmarks" / "reliability" / f"seed-{seed}")


def _ensemble(run: Run) -> tuple[Judged, CMUSNet]:
    cases = {case.case_id: case for case in prepare(run.cohort, run.config)[0]}
    units = units_of(run.config, run.folds)
    members = [Fitted(unit, *load_outcome(run.folder / UNITS / unit.name)) for unit in units]
    network, _ = combined(members, run.config, run.folder / UNITS, encoder_source(run.config), shared=True)
    return judge(members, run, run.config, cases), network


@torch.inference_mode()
def _answers(network: CMUSNet, cohort: Cohort, config: TrainingConfig) -> Answers:
    cases, _ = prepare(cohort, config)
    tokens = _tokens(cases, config)
    data = CaseData(cases, config, tokens=tokens)
    outputs, kept = [], {}
    for index, case in enumerate(cases):
        output = network.fuse(*collate_cases([data[0, index]])[0])
        outputs.append((output.member_logits[:, 0].numpy(), output.member_unfused[:, 0].numpy()))
        for picture, one in zip(case.pictures[Modality.TEM], output.smil.kept[0].tolist(), strict=True):
            kept[picture.image.path] = one
    logits, unfused = (np.stack(one, axis=1) for one in zip(*outputs, strict=True))
    antibody = tuple(case.pictures[Modality.IM][0] for case in cases)
    return Answers(logits, unfused, np.array([case.label for case in cases]), antibody, kept)


def _weakest(cohort: Cohort, config: TrainingConfig) -> PositivePanel | None:
    """The limit of the panel that a bundle of the run would carry."""
    pictures = [case.pictures[Modality.IM][0] for case in prepare(cohort, config)[0]]
    return PositivePanel.fit((one.image.intensity, one.pixels) for one in pictures)


def _tokens(cases: Sequence[TrainingCase], config: TrainingConfig) -> TokensOfCases:
    encoders = initial_network(config, "fold-1", encoder_source(config))
    return encode_cases(encoders, cases, config, choose_device(config.device), Progress())


def _figures(
    run: Run, judged: Judged, panel: PositivePanel | None, held_out: Answers, strange: Answers
) -> dict[str, float]:
    probabilities = softmax(held_out.logits.mean(axis=0), judged.temperature)
    sets = judged.conformal.sets(softmax(held_out.logits, judged.temperature))
    right = [label in one for label, one in zip(held_out.labels, sets, strict=True)]
    measured = classification_metrics(held_out.labels, probabilities)
    return {
        "cross-validated AUC": run.results.mean["auc"],
        "held-out AUC": measured["auc"],
        "held-out accuracy": measured["accuracy"],
        "temperature": judged.temperature,
        "coverage of the 90 % sets": float(np.mean(right)),
        "classes in a set": float(np.mean([len(one) for one in sets])),
        "ECE (15 bins)": expected_calibration_error(held_out.labels, probabilities),
        "known patients too far": float(_too_far(judged, held_out).mean()),
        "unknown diseases too far": float(_too_far(judged, strange).mean()),
        "known patients refused": float(_refused(judged, panel, held_out).mean()),
        "unknown diseases refused": float(_refused(judged, panel, strange).mean()),
    }


def _refused(judged: Judged, panel: PositivePanel | None, answers: Answers) -> np.ndarray:
    """Who gets no opinion: too far from the known patients, or no antibody as strong as in any of them."""
    weaker = [panel is not None and bool(panel.weaker(o.image.intensity, o.pixels)) for o in answers.antibody]
    return _too_far(judged, answers) | np.array(weaker)


def _too_far(judged: Judged, answers: Answers) -> np.ndarray:
    far = bundle_distances(judged.fits_none.statistics, answers.unfused)
    return far > judged.fits_none.known.limit


def _outliers(cases, kept: dict[Path, bool]):
    """(kind, set aside) of every electron image of ``cases``; the ordinary ones are "none planted"."""
    for case in cases:
        folder = case.images[0].path.parent.parent
        planted = json.loads((folder / "phantom.json").read_text(encoding="utf-8"))["outliers"]
        for image in case.of(Modality.TEM):
            kind = planted.get(f"TEM/{image.path.name}", "none planted")
            yield kind.replace("_", " "), not kept[image.path]
