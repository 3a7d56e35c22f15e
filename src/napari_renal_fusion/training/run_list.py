"""The runs of a computer, and in what their configurations differ."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..compute.places import data_dir
from ..errors import RenalFusionError
from .run import INFO, Run


def runs_dir() -> Path:
    """Where runs live unless a person chooses another place."""
    return data_dir() / "runs"


def new_folder(name: str) -> Path:
    """A folder for a new run that does not exist yet: the model's name and the time."""
    stamp = dt.datetime.now().strftime("%Y-%m-%d-%H%M%S")
    folder, number = runs_dir() / f"{name}-{stamp}", 1
    while folder.exists():
        number += 1
        folder = runs_dir() / f"{name}-{stamp}-{number}"
    return folder


def list_runs(root: Path | str | None = None) -> list[Run]:
    """Runs in the folders below ``root``, the newest first; what cannot be read is passed over."""
    root = runs_dir() if root is None else Path(root)
    found = []
    for path in root.glob(f"*/{INFO}") if root.is_dir() else ():
        try:
            run = Run.open(path.parent)
        except RenalFusionError:
            continue
        found.append((run.info.made_on, run.name, run))
    return [run for _, _, run in sorted(found, key=lambda one: one[:2], reverse=True)]


def differing_fields(runs: Sequence[Run]) -> dict[str, tuple[Any, ...]]:
    """Fields of the configuration in which runs differ, with each run's value in the order of ``runs``.

    Fields inside others have their path as name: ``network.smil``. A field that a run does not have is None.
    """
    flat = [_flat(run.config.model_dump(mode="json")) for run in runs]
    names = list(dict.fromkeys(name for one in flat for name in one))
    values = {name: tuple(one.get(name) for one in flat) for name in names}
    return {name: given for name, given in values.items() if any(one != given[0] for one in given)}


def _flat(values: dict[str, Any], start: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict) and value:
            flat |= _flat(value, f"{start}{name}.")
        else:
            flat[start + name] = value
    return flat
