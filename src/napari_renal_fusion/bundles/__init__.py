"""A trained model on disk: its format, its checks, and the list of models."""

from .bundle import Bundle, load_folder, rounded_to_half, save_bundle
from .check import check_files, read_config
from .format import BundleConfig, Calibration, Origin, PartialCalibration, SelfTest
from .installed import BundleInfo, describe, find, installed, load
from .local import (
    CheckedHere,
    Frequencies,
    remember_training_patients,
    store_check,
    store_frequencies,
    stored_check,
    stored_frequencies,
    was_trained_on,
)

__all__ = [
    "Bundle",
    "BundleConfig",
    "BundleInfo",
    "Calibration",
    "CheckedHere",
    "Frequencies",
    "Origin",
    "PartialCalibration",
    "SelfTest",
    "check_files",
    "describe",
    "find",
    "installed",
    "load",
    "load_folder",
    "read_config",
    "remember_training_patients",
    "rounded_to_half",
    "save_bundle",
    "store_check",
    "store_frequencies",
    "stored_check",
    "stored_frequencies",
    "was_trained_on",
]
