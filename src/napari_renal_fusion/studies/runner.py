"""Run a study: every row on the same folds and from the same caches; what is finished is not run again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..cases import Cohort
from ..compute.progress import Progress
from ..errors import RenalFusionError
from ..training import Folds, Results, Run, TrainingConfig, train
from ..training.comparison import compare_results
from ..training.units import subset_name
from .study import Row, Study


@dataclass(frozen=True)
class StudyRow:
    """One line of the table: its results, and p-values of its fold AUCs against the reference row.

    ``p_value`` is the paired t-test of the paper; ``p_corrected`` the corrected resampled t-test (Nadeau and
    Bengio 2003), which allows for folds that share training patients. Both are None for the
    reference itself, and where the difference is the same in every fold.
    """

    row: Row
    results: Results
    p_value: float | None
    p_corrected: float | None


@dataclass(frozen=True)
class StudyTable:
    """A finished study."""

    study: Study
    rows: tuple[StudyRow, ...]
    patients: int
    folds: int
    command: str


def run_study(
    cohort: Cohort,
    study: Study,
    config: TrainingConfig,
    out: Path,
    *,
    command: str = "",
    folds: Folds | None = None,
    progress: Progress | None = None,
) -> StudyTable:
    """Train every row of ``study`` under ``out/rows``; a study that was interrupted goes on where it was.

    Parameters
    ----------
    config
        What the rows have in common; each row changes it. No bundle is made.
    folds
        Folds to use; by default the first row draws them from ``config.seed`` and the others take its.

    Raises
    ------
    RenalFusionError
        ``study_needs_folds``, and as :func:`napari_renal_fusion.training.train` does.
    """
    progress = progress or Progress()
    require_folds(config)
    common = config.model_copy(update={"final": "none", "subsets": ()})
    found: dict[str, Results] = {}
    for place, row in enumerate(study.rows):
        with progress.part(place / len(study.rows), (place + 1) / len(study.rows)):
            progress.update(0.0, f"{row.title}: starting")
            run = train(
                cohort, row.change(common), out / "rows" / row.folder, command=command, folds=folds,
                progress=progress,
            )  # fmt: skip
        folds = run.folds
        found[row.key] = _results_of(row, run)
    return StudyTable(
        study=study,
        rows=tuple(_line(row, found, study.reference) for row in study.rows),
        patients=len({folds.groups[case] for fold in folds.folds for case in fold.test}),
        folds=len(folds.folds),
        command=command,
    )


def _results_of(row: Row, run: Run) -> Results:
    if not row.subset:
        return run.results
    found = run.results.subsets.get(subset_name(row.subset))
    if found is None:
        raise RenalFusionError(
            "study_row_missing",
            f"“{row.title}” cannot be measured: too few patients of some class in a fold have these images",
            path=run.folder,
            remedy="Ask for fewer folds, or add patients.",
        )
    return found


def require_folds(config: TrainingConfig) -> None:
    """Refuse a configuration without folds, which leaves nothing to compare (``study_needs_folds``)."""
    if config.folds < 2:
        raise RenalFusionError(
            "study_needs_folds",
            f"A study compares folds, and this configuration has {config.folds}",
            remedy="Give at least 2 folds, for example --folds 5.",
        )


def _line(row: Row, found: dict[str, Results], reference: str) -> StudyRow:
    if row.key == reference:
        return StudyRow(row, found[row.key], None, None)
    compared = compare_results(found[row.key], found[reference], "auc")
    return StudyRow(row, found[row.key], compared.paired.p_value, compared.corrected.p_value)
