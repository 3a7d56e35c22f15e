"""What a HEALNet run's models still know when modalities are missing at test time; nothing is trained again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from ..compute.progress import Progress
from ..errors import RenalFusionError
from ..training.results import FoldMetrics
from ..training.run import Run
from .study import Row, Study

ALL, ONE_EACH = "all", "one each"


@dataclass(frozen=True)
class TestedCase:
    """One patient of a row: their fold and their class (1 for the event)."""

    __test__ = False  # the name is the field's; pytest must not collect it

    case_id: str
    unit: str
    label: int


@dataclass(frozen=True)
class SubsetResults:
    """The figures of one row, named as in every run's results."""

    folds: tuple[FoldMetrics, ...]
    mean: Mapping[str, float]
    sd: Mapping[str, float]
    cases: tuple[TestedCase, ...]


def missing_modalities(run: Run, *, command: str = "", progress: Progress | None = None):
    """The table of a finished run: every subset of its modalities, and one modality a patient drawn at random.

    Each fold's model answers about its own test patients, with the other modalities left out exactly as if the
    patients did not have them. A patient who has none of a row's modalities is not in that row.

    Returns
    -------
    StudyTable

    Raises
    ------
    RenalFusionError
        ``study_needs_healnet`` for another kind of run, ``run_unfinished``, ``study_one_modality``.
    """
    from ..training.comparison import compare_results
    from .runner import StudyRow, StudyTable

    config = run.config
    if getattr(config, "kind", "") != "healnet":
        raise RenalFusionError(
            "study_needs_healnet",
            f"{run.name} is no run of a HEALNet on omics and slides",
            path=run.folder,
            remedy="Give the folder of such a run, or a table of patients with --modalities.",
        )
    if run.results is None:
        raise RenalFusionError(
            "run_unfinished",
            f"The run {run.name} is {run.state} and has no models to ask yet",
            path=run.folder,
            remedy=f"Go on with `renal-fusion resume {run.folder}`.",
        )
    if len(config.modalities) < 2:
        raise RenalFusionError(
            "study_one_modality",
            f"The run {run.name} reads {config.names[0]} alone, so nothing can be left out",
            path=run.folder,
            remedy="Train with at least two modalities.",
        )
    rows = _rows(config.names)
    found = _measured(run, rows, progress or Progress())
    reference = found[ALL]
    lines = []
    for row in rows:
        p_value = p_corrected = None
        if row.key != ALL and len(reference.folds) > 1 and found[row.key].cases == reference.cases:
            metric = "c_index" if "c_index" in reference.mean else "auc"
            try:
                compared = compare_results(found[row.key], reference, metric)
                p_value, p_corrected = compared.paired.p_value, compared.corrected.p_value
            except RenalFusionError:  # a fold without this figure
                pass
        fewer = len(found[row.key].cases) < len(reference.cases)
        if fewer:
            row = replace(row, title=f"{row.title} ({len(found[row.key].cases)} patients)")
        lines.append(StudyRow(row, found[row.key], p_value, p_corrected))
    return StudyTable(
        study=Study(
            key="missing-modalities",
            title="Modalities missing at test time",
            source="After the missing-modality experiment of the HEALNet paper",
            rows=tuple(line.row for line in lines),
            reference=ALL,
            columns=config.names,
        ),
        rows=tuple(lines),
        patients=len(reference.cases),
        folds=len(reference.folds),
        command=command,
    )


def _rows(names: Sequence[str]) -> list[Row]:
    """Every subset from the smallest to all of them; before all, one modality a patient at random."""
    rows = [
        Row(key="+".join(subset), title=" + ".join(subset), change=_same, marks=_marks(subset, names))
        for size in range(1, len(names))
        for subset in combinations(names, size)
    ]
    rows.append(
        Row(key=ONE_EACH, title="one of them each, at random", change=_same, marks=(False,) * len(names))
    )
    rows.append(Row(key=ALL, title=" + ".join(names), change=_same, marks=(True,) * len(names)))
    return rows


def _same(config):
    return config


def _marks(subset: Sequence[str], names: Sequence[str]) -> tuple[bool, ...]:
    return tuple(one in subset for one in names)


def _measured(run: Run, rows: Sequence[Row], progress: Progress) -> dict[str, SubsetResults]:
    from ..training.healnet.asking import FoldModels

    models = FoldModels.of(run, progress)
    figures: dict[str, list[FoldMetrics]] = {row.key: [] for row in rows}
    cases: dict[str, list[TestedCase]] = {row.key: [] for row in rows}
    total, done = len(rows) * len(models.folds), 0
    for fold in models.folds:
        patients = models.test_patients(fold)
        for row in rows:
            progress.update(done / total, f"{fold}: {row.title}")
            done += 1
            kept = _kept(row, models, patients, run.config.seed)
            metrics, answered = models.figures(fold, kept)
            figures[row.key].append(FoldMetrics(unit=fold, patients=len(answered), metrics=metrics))
            cases[row.key] += [TestedCase(one, fold, models.label(one)) for one in answered]
    progress.update(1.0, "Measured")
    return {
        row.key: SubsetResults(tuple(figures[row.key]), *_over_folds(figures[row.key]), tuple(cases[row.key]))
        for row in rows
    }


def _kept(row: Row, models, patients: Sequence[str], seed: int) -> dict[str, tuple[str, ...]]:
    """Modalities that each patient may keep in a row."""
    from ..training.randomness import generator_of

    if row.key != ONE_EACH:
        subset = tuple(name for name, mark in zip(models.names, row.marks, strict=True) if mark)
        return dict.fromkeys(patients, subset)
    kept = {}
    for one in patients:
        had = models.had(one)
        kept[one] = (had[int(generator_of(seed, "one each", one).integers(len(had)))],)
    return kept


def _over_folds(folds: Sequence[FoldMetrics]) -> tuple[dict[str, float], dict[str, float]]:
    names = list(dict.fromkeys(name for one in folds for name in one.metrics))
    mean, sd = {}, {}
    for name in names:
        values = [one.metrics[name] for one in folds if name in one.metrics]
        mean[name] = float(np.mean(values))
        sd[name] = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return mean, sd
