"""Where this program keeps things on a computer: settings, caches, installed bundles."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

_APP = "napari-renal-fusion"


def config_dir() -> Path:
    """Folder of ``settings.toml``."""
    return _home("config") or Path(platformdirs.user_config_dir(_APP, appauthor=False))


def cache_dir() -> Path:
    """Folder of things that can be made again, such as the rendered sample patient."""
    return _home("cache") or Path(platformdirs.user_cache_dir(_APP, appauthor=False))


def data_dir() -> Path:
    """Folder of installed bundles."""
    return _home("data") or Path(platformdirs.user_data_dir(_APP, appauthor=False))


def _home(kind: str) -> Path | None:
    # One variable moves everything: portable installations, read-only homes, tests.
    root = os.environ.get("RENAL_FUSION_HOME")
    return Path(root) / kind if root else None
