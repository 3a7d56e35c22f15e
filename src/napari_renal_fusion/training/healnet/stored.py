"""The patients of a run as its folder keeps them: ids and files as JSON, values as safetensors, both checked."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from ...cases import OmicsBlock
from ...compute.atomic import write_bytes, write_text
from ...errors import RenalFusionError
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


def save_table(table: PatientTable, folder: Path) -> None:
    """Write both files; the JSON last, because it names the checksum of the other."""
    text, blob = table_bytes(table)
    write_bytes(folder / VALUES, blob)
    write_text(folder / PATIENTS, text.decode())


def load_table(folder: Path) -> PatientTable:
    """The patients of a run.

    Raises
    ------
    RenalFusionError
        ``run_unreadable``.
    """
    from safetensors.numpy import load

    try:
        stored = _Stored.model_validate_json((folder / PATIENTS).read_text(encoding="utf-8"))
        blob = (folder / VALUES).read_bytes()
        if hashlib.sha256(blob).hexdigest() != stored.values_sha256:
            raise ValueError("checksum")
        arrays = load(blob)
    except (OSError, ValueError, ValidationError) as error:
        raise RenalFusionError(
            "run_unreadable",
            f"The patients of the run {folder.name} cannot be read",
            path=folder / PATIENTS,
            remedy="The folder was edited or made by another version; start a new run.",
        ) from error
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
