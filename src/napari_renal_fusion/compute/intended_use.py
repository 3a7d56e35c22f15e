"""The intended use of this program: its text, and who has read it in which version."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Literal

from .. import __version__
from ..errors import RenalFusionError
from .atomic import write_text
from .places import config_dir

Where = Literal["window", "command line"]
_QUIET = "RENAL_FUSION_NO_NOTICE"
"""Environment variable with which scripts and tests say that nobody is there to read."""
_FILE = "intended_use.json"


def text() -> str:
    """The page in Markdown."""
    return _page().read_text(encoding="utf-8")


def line() -> str:
    """What the command line says once."""
    return f"Research use only; not a medical device. What this program is for and what not: {_page()}"


def must_be_shown(where: Where = "window") -> bool:
    """Whether this user has not seen it in this version yet, and somebody is there to read."""
    return not os.environ.get(_QUIET) and _read().get(f"{_user()}, {where}") != __version__


def mark_read(where: Where = "window") -> None:
    """Remember that this user has seen it in this version; where nothing can be written it is shown again."""
    with contextlib.suppress(RenalFusionError):
        seen = {**_read(), f"{_user()}, {where}": __version__}
        write_text(config_dir() / _FILE, json.dumps(seen, indent=1, ensure_ascii=False) + "\n")


def _page() -> Traversable:
    return files("napari_renal_fusion").joinpath("INTENDED_USE.md")


def _read() -> dict[str, str]:
    try:
        content = json.loads((config_dir() / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container without a user's entry
        return "user"
