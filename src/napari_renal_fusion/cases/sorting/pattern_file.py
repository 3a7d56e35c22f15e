"""The laboratory's pattern on disk: ``patterns.json`` among the settings."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from ...compute.atomic import write_text
from ...compute.places import config_dir
from ...errors import RenalFusionError
from .pattern import LabPattern


def pattern_path() -> Path:
    return config_dir() / "patterns.json"


def load_pattern() -> LabPattern:
    """The pattern of this computer's laboratory; an empty one if nothing was learnt yet.

    Raises
    ------
    RenalFusionError
        ``pattern_damaged``.
    """
    path = pattern_path()
    try:
        return LabPattern.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return LabPattern()
    except (OSError, ValidationError) as error:
        raise RenalFusionError(
            "pattern_damaged",
            f"What was learnt of the laboratory's file names cannot be read from {path}",
            path=path,
            remedy="Delete it; a few corrections teach it again.",
        ) from error


def save_pattern(pattern: LabPattern) -> None:
    """Write the pattern, complete or not at all.

    Raises
    ------
    RenalFusionError
        ``disk_full`` or ``folder_not_writable``.
    """
    write_text(pattern_path(), pattern.model_dump_json(indent=1) + "\n")
