"""Comparisons of trainings on the same folds: the tables of the paper, and any other of a few lines."""

from .catalogue import STUDIES, ablation, encoders, modalities, panel
from .study import Row, Study
from .table import write_tables

__all__ = [
    "STUDIES",
    "Row",
    "Study",
    "StudyRow",
    "StudyTable",
    "ablation",
    "encoders",
    "modalities",
    "panel",
    "run_study",
    "write_tables",
]


def __getattr__(name: str):
    if name in ("StudyRow", "StudyTable", "run_study"):  # training imports torch
        from . import runner

        return getattr(runner, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
