"""From a cohort to a trained bundle; importing this room does not import torch."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from .config import PRESETS, TrainingConfig, preset

if TYPE_CHECKING:
    from .folds import Folds
    from .results import Results
    from .run import Run, train
    from .run_list import differing_fields, list_runs

_HOME = {
    "Folds": "folds",
    "Results": "results",
    "Run": "run",
    "train": "run",
    "differing_fields": "run_list",
    "list_runs": "run_list",
}

__all__ = [
    "PRESETS",
    "Folds",
    "Results",
    "Run",
    "TrainingConfig",
    "differing_fields",
    "list_runs",
    "preset",
    "train",
]


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)
