"""From a cohort to a trained bundle; importing this room does not import torch."""

from .config import PRESETS, TrainingConfig, preset

__all__ = ["PRESETS", "TrainingConfig", "preset", "train"]


def __getattr__(name: str):
    if name == "train":  # Lightning and torch take seconds to import
        from .run import train

        return train
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
