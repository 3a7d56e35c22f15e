"""The patients of a run: values as safetensors in its folder, ids and files as JSON among this program's keys."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from ...cases import OmicsBlock
from ...cases.anonymous import is_anonymous
from ...compute.atomic import write_bytes, write_text
from ...errors import RenalFusionError
from ...inputs.nameless import Nameless
from ..private import key_missing, key_path
from .patients import PatientTable
from .slides import SlideSource

PATIENTS, VALUES = "patients.json", "patients.safetensors"
_BASELINE = "baseline"


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    patients: tuple[str, ...]
    columns: dict[str, tuple[str, ...]]
    baseline: tuple[str, ...] | None
    slides: dict[str, tuple[tuple[SlideSource, ...], ...]]
    class_names: tuple[str, ...]
    notes: tuple[str, ...]
    source: str
    values_sha256: str
    ids: tuple[str, ...] = ()


def patient_names(table: PatientTable) -> dict[str, str]:
    """What each patient is called in the run's folder, by id: the id if it is anonymous, else a number in their order."""
    numbered = (f"patient-{number:04d}" for number in count(1))
    free = (name for name in numbered if name not in table.patients)
    return {one: one if is_anonymous(one) else next(free) for one in table.patients}


def private_table(table: PatientTable) -> PatientTable:
    """The table as the run calls its patients; files are what they were."""
    called = patient_names(table)
    files = [
        (one.path, f"{name} of {called[patient]}")
        for name, rows in table.slides.items()
        for patient, sources in zip(table.patients, rows, strict=True)
        for one in sources
    ]
    clean = Nameless(files, called).text
    return replace(
        table,
        patients=tuple(called[one] for one in table.patients),
        notes=tuple(clean(one) for one in table.notes),
        source="a table" if table.source else "",
    )


def table_bytes(table: PatientTable) -> tuple[bytes, bytes]:
    """The contents of both files; equal tables give equal bytes."""
    from safetensors.numpy import save

    arrays = {f"block.{name}": np.ascontiguousarray(one.values) for name, one in table.blocks.items()}
    if table.baseline is not None:
        arrays[_BASELINE] = np.ascontiguousarray(table.baseline.values)
    for name in ("times", "events", "labels"):
        if getattr(table, name) is not None:
            arrays[name] = np.ascontiguousarray(getattr(table, name))
    blob = save(arrays)
    stored = _Stored(
        patients=table.patients,
        columns={name: one.columns for name, one in table.blocks.items()},
        baseline=None if table.baseline is None else table.baseline.columns,
        slides=dict(table.slides),
        class_names=table.class_names,
        notes=table.notes,
        source=table.source,
        values_sha256=hashlib.sha256(blob).hexdigest(),
    )
    return stored.model_dump_json(indent=1).encode(), blob


def table_hash(table: PatientTable) -> str:
    """SHA-256 of ids, files and values."""
    return hashlib.sha256(b"".join(table_bytes(table))).hexdigest()


def save_table(table: PatientTable, folder: Path, key: str) -> None:
    """Write both files; the JSON, which names people, goes to the key, and says who they are (``ids``)."""
    text, blob = table_bytes(private_table(table))
    write_bytes(folder / VALUES, blob)
    named = json.loads(text) | {"ids": list(table.patients)}
    write_text(key_path(key), json.dumps(named, indent=1, ensure_ascii=False))


def patient_ids(folder: Path) -> tuple[str, ...]:
    """Ids of a run's patients as the laboratory knows them, in the order of the table.

    Raises
    ------
    RenalFusionError
        As :func:`load_table`.
    """
    stored, _ = _load(folder)
    return stored.ids or stored.patients


def load_table(folder: Path) -> PatientTable:
    """The patients of a run, under the names that its files use.

    Raises
    ------
    RenalFusionError
        ``run_unreadable``, or ``run_key_missing`` on a computer that does not have the run's table.
    """
    stored, arrays = _load(folder)
    return PatientTable(
        stored.patients,
        {name: OmicsBlock(columns, arrays[f"block.{name}"]) for name, columns in stored.columns.items()},
        stored.slides,
        None if stored.baseline is None else OmicsBlock(stored.baseline, arrays[_BASELINE]),
        arrays.get("times"),
        arrays.get("events"),
        arrays.get("labels"),
        stored.class_names,
        stored.notes,
        stored.source,
    )


def _load(folder: Path) -> tuple[_Stored, dict[str, np.ndarray]]:
    from safetensors.numpy import load

    path = folder / PATIENTS  # of runs of older versions
    try:
        if not path.is_file():
            path = key_path(json.loads((folder / "run.json").read_text(encoding="utf-8"))["key"])
            if not path.is_file():
                raise key_missing(path)
        stored = _Stored.model_validate_json(path.read_text(encoding="utf-8"))
        blob = (folder / VALUES).read_bytes()
        if hashlib.sha256(blob).hexdigest() != stored.values_sha256:
            raise ValueError("checksum")
        arrays = load(blob)
    except (OSError, KeyError, ValueError, ValidationError) as error:
        raise RenalFusionError(
            "run_unreadable",
            f"The patients of the run {folder.name} cannot be read",
            path=folder / PATIENTS,
            remedy="The folder was edited or made by another version; start a new run.",
        ) from error
    return stored, arrays
