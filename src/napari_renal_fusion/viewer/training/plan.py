"""What a training will be, in words and as a folder, and what becomes of its bundles; without Qt."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from ...training.check import CohortReport
from ...training.config import TrainingConfig
from ...training.run_list import runs_dir

if TYPE_CHECKING:
    from ...training.run import Run

CHECKED_FIELDS = (
    "folds", "repeats", "group_by", "test_fraction", "validation_fraction", "patience", "final",
    "calibration_fraction", "subsets", "encoder_weights", "freeze_encoders", "network", "rules", "crop",
)  # fmt: skip
"""Settings that the check of the patients depends on; after a change of one it is done again."""

PRESETS_IN_WORDS = {"paper": "Paper", "small": "Small", "panel": "Whole panel", "demo": "Demonstration"}


def needs_another_check(before: TrainingConfig, now: TrainingConfig) -> bool:
    """Whether settings changed that decide what the check of the patients finds."""
    return any(getattr(before, name) != getattr(now, name) for name in CHECKED_FIELDS)


def new_run_folder(name: str) -> Path:
    """A folder for the next run, which does not exist yet: ``runs/2026-03-12-small``."""
    stem = f"{dt.date.today().isoformat()}-{name}"
    folder, number = runs_dir() / stem, 2
    while folder.exists():
        folder, number = runs_dir() / f"{stem}-{number}", number + 1
    return folder


def summary_lines(
    path: Path | None, report: CohortReport | None, config: TrainingConfig | None, changes: int
) -> dict[str, str]:
    """What would be trained, line by line; ``changes`` counts the fields that differ from the preset."""
    lines = {"Patients": str(path) if path else "–"}
    if report is not None:
        warned = f"; {_count(len(report.warnings), 'warning')}" if report.warnings else ""
        images = _count(report.images, "image")
        lines["Checked"] = f"{_count(report.patients, 'patient')}, {images}{warned}"
    if config is None:
        return lines
    lines["Settings"] = PRESETS_IN_WORDS[config.preset] + (
        f", {_count(changes, 'change')}" if changes else ""
    )
    folds = config.folds * config.repeats
    trains = f"{folds} folds of at most {_count(config.epochs, 'epoch')}"
    lines["Trains"] = trains if folds else f"one model, {_count(config.epochs, 'epoch')}"
    if config.subsets:
        lines["Trains"] += f"; the same for {_count(len(config.subsets), 'choice')} of images"
    lines["Written to"] = str(new_run_folder(config.name))
    return lines


def install_bundles(run: Run) -> tuple[list[str], str]:
    """Install a run's bundle and those for missing images; their names, and the first one's title."""
    from ...bundles import describe
    from ...bundles.install import install

    folders = [install(one) for one in run.bundles]
    return [one.name for one in folders], describe(folders[0]).title


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
