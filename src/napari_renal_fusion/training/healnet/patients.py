"""The patients of a HEALNet run: their omics rows, slides and outcomes, read from tables and checked at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ...cases import OmicsBlock, OmicsTable, read_omics_table, survival_outcomes
from ...errors import RenalFusionError
from .config import HEALNetTrainingConfig
from .slides import SlideSource


@dataclass(frozen=True)
class PatientTable:
    """Patients in the order of their ids; everything else has one row a patient in that order.

    ``blocks`` holds the omics modalities (float32 [n, p], NaN = missing; a patient all of whose values are
    missing does not have the modality), ``baseline`` the columns of the Cox model, ``slides`` the files of
    each slide modality. ``times`` float64 [n] and ``events`` bool [n] belong to survival, ``labels`` int64 [n]
    with ``class_names`` to classification. ``notes`` are sentences about what was left out.
    """

    patients: tuple[str, ...]
    blocks: Mapping[str, OmicsBlock]
    slides: Mapping[str, tuple[tuple[SlideSource, ...], ...]] = field(default_factory=dict)
    baseline: OmicsBlock | None = None
    times: np.ndarray | None = None
    events: np.ndarray | None = None
    labels: np.ndarray | None = None
    class_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    source: str = ""

    @property
    def strata(self) -> np.ndarray:
        """Class index, or 1 for a patient with the event: int64 [n]."""
        return self.labels if self.labels is not None else self.events.astype(np.int64)

    @property
    def strata_names(self) -> tuple[str, ...]:
        return self.class_names if self.labels is not None else ("censored", "event")

    def has(self, modality: str) -> np.ndarray:
        """Which patients have a modality: bool [n]."""
        if modality in self.blocks:
            return np.isfinite(self.blocks[modality].values).any(axis=1)
        return np.array([bool(one) for one in self.slides[modality]], dtype=bool)

    @property
    def complete(self) -> np.ndarray:
        """Which patients have every modality: bool [n]."""
        return np.all([self.has(one) for one in (*self.blocks, *self.slides)], axis=0)


def read_patients(
    path: Path | str,
    config: HEALNetTrainingConfig,
    *,
    slides: Mapping[str, Mapping[str, tuple[SlideSource, ...]]] | None = None,
    key: str | None = None,
) -> PatientTable:
    """Read the patients of a run from a table of omics and outcomes.

    Parameters
    ----------
    path
        CSV or zipped CSV; one row a patient (repeated rows of one patient must agree).
    slides
        Files of each slide modality by patient id (:func:`.slides.find_slides`).
    key
        Column of the patient id; found by its name without.

    Raises
    ------
    RenalFusionError
        ``omics_...`` for a table that cannot be read, ``omics_group_missing`` for a modality without a column,
        ``label_column_missing``, ``outcomes_all_censored``, ``outcomes_too_few_events``, ``patients_none``.
    """
    table = read_omics_table(Path(path), key=key, groups=_groups(config))
    blocks = {
        one.name: joined([table.blocks[part] for part in one.columns_of])
        for one in config.modalities
        if one.kind == "omics"
    }
    parts = _cox_parts(config)
    baseline = joined([table.blocks[part] for part in parts]) if parts else None
    notes = [one.message for one in table.problems if one.severity != "info"]
    found = slides or {}
    made = PatientTable(
        table.patients,
        blocks,
        {
            one.name: tuple(tuple(found.get(one.name, {}).get(p, ())) for p in table.patients)
            for one in config.modalities
            if one.kind == "slide"
        },
        baseline,
        source=Path(path).name,
    )
    made, more = _with_truth(made, table, config)
    kept = np.any([made.has(one) for one in config.names], axis=0)
    if not kept.all():
        more.append(f"{_patients(~kept)} no value and no slide of any modality and left out.")
    made = subset(made, np.flatnonzero(kept))
    if not made.patients:
        raise RenalFusionError(
            "patients_none",
            f"{Path(path).name} holds no patient with an outcome and a modality",
            path=path,
            remedy="Check the names of the columns and of the modalities.",
        )
    for name in config.names:
        if not made.has(name).any():
            raise RenalFusionError(
                "modality_empty",
                f"No patient of {Path(path).name} has anything of the modality {name}",
                path=path,
                remedy="Leave the modality out, or check its columns or the folder of slides.",
            )
    refuse_few_events(made, path)
    return _noted(made, (*notes, *more))


def joined(blocks: Sequence[OmicsBlock]) -> OmicsBlock:
    """Blocks of the same patients side by side; a column that stands in two of them is kept once."""
    columns: list[str] = []
    values = []
    for block in blocks:
        new = [place for place, name in enumerate(block.columns) if name not in columns]
        columns += [block.columns[place] for place in new]
        values.append(np.asarray(block.values, dtype=np.float32)[:, new])
    return OmicsBlock(tuple(columns), np.concatenate(values, axis=1))


def subset(table: PatientTable, rows: np.ndarray) -> PatientTable:
    """The same table of some patients, by row."""

    def taken(array):
        return None if array is None else array[rows]

    return PatientTable(
        tuple(table.patients[i] for i in rows),
        {name: OmicsBlock(one.columns, one.values[rows]) for name, one in table.blocks.items()},
        {name: tuple(files[i] for i in rows) for name, files in table.slides.items()},
        None if table.baseline is None else OmicsBlock(table.baseline.columns, table.baseline.values[rows]),
        taken(table.times),
        taken(table.events),
        taken(table.labels),
        table.class_names,
        table.notes,
        table.source,
    )


def refuse_few_events(table: PatientTable, path: Path | str | None = None) -> None:
    """A survival model learns from events: all censored, or a single event, is refused."""
    if table.events is None:
        return
    events, patients = int(table.events.sum()), len(table.patients)
    if not events:
        raise RenalFusionError(
            "outcomes_all_censored",
            f"All {patients} patients are censored, so there is no event to learn from",
            path=path,
            remedy="Check that the column says 1 for censored and 0 for an event, or follow the patients longer.",
        )
    if events < 4:
        raise RenalFusionError(
            "outcomes_too_few_events",
            f"{events} of {patients} patients had the event; at least 4 are needed for the bins of time",
            path=path,
            remedy="Add patients, or follow them longer.",
        )


def _noted(table: PatientTable, notes: Sequence[str]) -> PatientTable:
    return replace(table, notes=tuple(dict.fromkeys((*table.notes, *notes))))


def _groups(config: HEALNetTrainingConfig) -> dict[str, str | tuple[str, ...]]:
    """What the reader of the table is asked for: every part by its own name."""
    parts = [part for one in config.modalities if one.kind == "omics" for part in one.columns_of]
    return {part: part for part in dict.fromkeys([*parts, *_cox_parts(config)])}


def _cox_parts(config: HEALNetTrainingConfig) -> tuple[str, ...]:
    if config.task != "survival":
        return ()
    own = tuple(part for one in config.modalities if one.kind == "omics" for part in one.columns_of)
    return config.cox_columns or tuple(dict.fromkeys(own))


def _with_truth(
    made: PatientTable, table: OmicsTable, config: HEALNetTrainingConfig
) -> tuple[PatientTable, list[str]]:
    if config.task == "survival":
        outcomes = survival_outcomes(table, time=config.time_column, censored=config.censored_column)
        known = np.array([patient in outcomes for patient in made.patients])
        notes = [] if known.all() else [f"{_patients(~known)} no outcome and left out."]
        made = subset(made, np.flatnonzero(known))
        given = [outcomes[patient] for patient in made.patients]
        return (
            replace(
                made,
                times=np.array([one.time for one in given], dtype=np.float64),
                events=np.array([one.event for one in given], dtype=bool),
            ),
            notes,
        )
    if config.label_column not in table.other:
        raise RenalFusionError(
            "label_column_missing",
            f"{made.source} has no column {config.label_column}",
            path=table.source,
            remedy="Name the column of the class with --label.",
        )
    words = [str(one).strip() for one in table.other[config.label_column]]
    known = np.array([bool(one) and one.casefold() != "nan" for one in words])
    notes = [] if known.all() else [f"{_patients(~known)} no class and left out."]
    made = subset(made, np.flatnonzero(known))
    kept = [one for one, here in zip(words, known, strict=True) if here]
    names = tuple(sorted(set(kept)))
    if len(names) < 2:
        raise RenalFusionError(
            "classes_too_few",
            f"The column {config.label_column} names {len(names)} class{'es' * (len(names) != 1)}",
            path=table.source,
            remedy="A classification needs at least two.",
        )
    labels = np.array([names.index(one) for one in kept], dtype=np.int64)
    return replace(made, labels=labels, class_names=names), notes


def _patients(chosen: np.ndarray) -> str:
    count = int(chosen.sum())
    return f"{count} patient{'s have' if count > 1 else ' has'}"
