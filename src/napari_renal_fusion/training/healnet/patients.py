"""The patients of a HEALNet run: their omics rows, slides and outcomes, read from tables and checked at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ...cases import OmicsBlock, OmicsTable, read_omics_table, survival_outcomes
from ...cases.omics_file import read_omics_file
from ...errors import RenalFusionError
from ..survival import checked_outcomes
from .config import HEALNetTrainingConfig
from .slides import SlideSource, find_slides


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
    slides: Path | str | None = None,
    key: str | None = None,
) -> PatientTable:
    """Read the patients of a run from a table of omics and outcomes.

    Parameters
    ----------
    path
        CSV or zipped CSV; one row a patient (repeated rows of one patient must agree).
    slides
        Folder or table of slides or of feature files (:func:`.slides.find_slides`), for the slide modality.
    key
        Column of the patient id; found by its name without.

    Raises
    ------
    RenalFusionError
        ``omics_...`` for a table that cannot be read or a modality without a column, ``label_column_missing``,
        ``classes_too_few``, ``survival_all_censored``, ``survival_few_events``, ``patients_none``,
        ``modality_empty``, ``slides_...``.
    """
    path = Path(path)
    table = _read_table(path, key, config)
    blocks = {
        one.name: joined([table.blocks[part] for part in one.columns_of])
        for one in config.modalities
        if one.kind == "omics"
    }
    parts = _cox_parts(config)
    baseline = joined([table.blocks[part] for part in parts]) if parts else None
    notes = [one.message for one in table.problems if one.severity != "info"]
    found = {} if slides is None else find_slides(slides, table.patients, _slide_ids(table))
    made = PatientTable(
        table.patients,
        blocks,
        {
            one.name: tuple(found.get(patient, ()) for patient in table.patients)
            for one in config.modalities
            if one.kind == "slide"
        },
        baseline,
        source=path.name,
    )
    made, more = _with_truth(made, table, config)
    kept = np.any([made.has(one) for one in config.names], axis=0)
    if not kept.all():
        more.append(f"{_patients(~kept)} no value and no slide of any modality and left out.")
    made = subset(made, np.flatnonzero(kept))
    if not made.patients:
        raise RenalFusionError(
            "patients_none",
            f"{path.name} holds no patient with an outcome and a modality",
            path=path,
            remedy="Check the names of the columns and of the modalities.",
        )
    for name in config.names:
        if not made.has(name).any():
            raise RenalFusionError(
                "modality_empty",
                f"No patient of {path.name} has anything of the modality {name}",
                path=path,
                remedy="Leave the modality out, or check its columns or the folder of slides.",
            )
    if made.events is not None:
        # One event for each bin of time, or its quartiles would coincide.
        checked_outcomes(
            made.times, made.events, what=f"the patients of {path.name}", least_events=config.bins
        )
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


def _noted(table: PatientTable, notes: Sequence[str]) -> PatientTable:
    return replace(table, notes=tuple(dict.fromkeys((*table.notes, *notes))))


def _read_table(path: Path, key: str | None, config: HEALNetTrainingConfig) -> OmicsTable:
    groups = _groups(config, path, key)
    return read_omics_table(path, key=key, groups=groups)  # none for a cohort of slides


def _groups(config: HEALNetTrainingConfig, path: Path, key: str | None) -> dict[str, tuple[str, ...]]:
    """What the reader of the table is asked for: every part by its own name, as a column, an ending or a beginning."""
    columns = read_omics_file(path, key=key).columns
    parts = [part for one in config.modalities if one.kind == "omics" for part in one.columns_of]
    found = {}
    for part in dict.fromkeys([*parts, *_cox_parts(config)]):
        asked = [part] if part in columns else []
        asked = (
            asked
            or [
                wanted
                for between in "_.:-"
                for wanted, fits in ((f"{between}{part}", str.endswith), (f"{part}{between}", str.startswith))
                if any(fits(column, wanted) and column != wanted for column in columns)
            ][:1]
        )
        found[part] = tuple(asked or [f"_{part}"])  # whose refusal names what was looked for
    return found


def _slide_ids(table: OmicsTable) -> dict[str, tuple[str, ...]]:
    """Slide ids of each patient where the table has a column of them."""
    ids = table.other.get("slide_id", ())
    return {
        patient: tuple(name.strip() for name in names.split(";"))
        for patient, names in zip(table.patients, ids, strict=False)
        if names
    }


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
