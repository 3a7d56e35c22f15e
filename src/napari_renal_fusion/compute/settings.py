"""The settings a person can change, in one ``settings.toml`` that forms and the command line share."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import RenalFusionError
from .atomic import write_text
from .places import config_dir


class Settings(BaseModel):
    """Everything that can be set; each field's title and description become its label and tooltip."""

    model_config = ConfigDict(extra="ignore", validate_assignment=True)

    bundle: str = Field("demo", title="Model", description="Name or folder of the bundle that answers.")
    device: Literal["auto", "cuda", "mps", "cpu"] = Field(
        "auto",
        title="Device",
        description="Where the model runs; auto takes a graphics card if there is one.",
    )
    threads: int = Field(
        0, ge=0, le=256, title="Processor threads", description="Threads for the CPU; 0 uses every core."
    )
    cam_method: Literal["gradcam", "gradcam++", "layercam", "eigencam", "hirescam"] = Field(
        "gradcam", title="Heat map method", description="How class activation maps are computed."
    )
    overlay: Literal["contours", "cells"] = Field(
        "contours", title="Heat map style", description="Contour lines, or one coloured square per cell."
    )
    overlay_opacity: float = Field(
        0.6,
        ge=0.05,
        le=1.0,
        title="Heat map opacity",
        description="0.05 is barely visible, 1 hides the image.",
    )
    read_first: bool = Field(
        True,
        title="Read first",
        description="A model's opinion stays sealed until an own impression is entered; off: it is shown at once, and the log says so.",
    )
    work_folder: str = Field(
        "",
        title="Work folder",
        description="Where readings, outlines and other work on cases is kept, by case code; empty: this program's own folder.",
    )


def settings_path() -> Path:
    return config_dir() / "settings.toml"


def load_settings() -> Settings:
    """Read the settings; a missing file means the defaults.

    Raises
    ------
    RenalFusionError
        ``settings_invalid`` if the file is not TOML or a value is out of range.
    """
    path = settings_path()
    try:
        return Settings.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Settings()
    except (tomllib.TOMLDecodeError, ValidationError, UnicodeDecodeError, OSError) as error:
        first = str(error).splitlines()[0]
        raise RenalFusionError(
            "settings_invalid",
            f"The settings file {path} cannot be understood ({first})",
            path=path,
            remedy="Correct or delete it; deleting it restores the defaults.",
        ) from error


def save_settings(settings: Settings) -> None:
    """Write the settings atomically."""
    write_text(settings_path(), tomli_w.dumps(settings.model_dump()))
