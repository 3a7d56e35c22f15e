"""A trained model on disk: its format, its checks, and the list of models."""

from .bundle import Bundle, load_folder, rounded_to_half, save_bundle
from .check import check_files, read_config
from .format import BundleConfig, Calibration, Origin, SelfTest
from .installed import BundleInfo, describe, find, installed, load

__all__ = [
    "Bundle",
    "BundleConfig",
    "BundleInfo",
    "Calibration",
    "Origin",
    "SelfTest",
    "check_files",
    "describe",
    "find",
    "installed",
    "load",
    "load_folder",
    "read_config",
    "rounded_to_half",
    "save_bundle",
]
