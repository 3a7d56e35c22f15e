"""HEALNet on omics and slides: runs for survival and for classification; importing this does not import torch."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from .config import HEALNetTrainingConfig, ModalitySpec, healnet_preset, modality_specs

if TYPE_CHECKING:
    from .creation import create_healnet_run
    from .patients import PatientTable, read_patients
    from .results import SurvivalResults
    from .splits import read_splits

_HOME = {
    "PatientTable": "patients",
    "SurvivalResults": "results",
    "create_healnet_run": "creation",
    "read_patients": "patients",
    "read_splits": "splits",
    "train_healnet": "creation",
}

__all__ = [
    "HEALNetTrainingConfig",
    "ModalitySpec",
    "PatientTable",
    "SurvivalResults",
    "create_healnet_run",
    "healnet_preset",
    "modality_specs",
    "read_patients",
    "read_splits",
    "train_healnet",
]


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)
