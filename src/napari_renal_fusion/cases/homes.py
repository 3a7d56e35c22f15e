"""Where the cases' room keeps its own files: the same places as ``compute.places``, which it cannot ask."""

from __future__ import annotations

import errno
import os
import tomllib
from pathlib import Path

import platformdirs

from ..errors import RenalFusionError
from .whole_file import write_whole

_APP = "napari-renal-fusion"  # the rooms are siblings: a test holds that both name the same places


def config_dir() -> Path:
    """Folder of settings, of the laboratory's pattern, and of key files that cannot lie with the originals."""
    return _home("config") or Path(platformdirs.user_config_dir(_APP, appauthor=False))


def data_dir() -> Path:
    """Folder of what this program made and keeps."""
    return _home("data") or Path(platformdirs.user_data_dir(_APP, appauthor=False))


def work_root() -> Path:
    """The setting ``work_folder``, or ``work`` in :func:`data_dir`; broken settings count as the default."""
    try:
        settings = tomllib.loads((config_dir() / "settings.toml").read_text(encoding="utf-8"))
        chosen = settings.get("work_folder")
    except (OSError, ValueError):
        chosen = None
    return Path(chosen).expanduser() if isinstance(chosen, str) and chosen else data_dir() / "work"


def keep(path: Path, text: str) -> None:
    """Write a small UTF-8 file, complete or not at all, with the folders above it.

    Raises
    ------
    RenalFusionError
        ``disk_full`` or ``folder_not_writable``.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text.encode())
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise RenalFusionError(
            "disk_full" if full else "folder_not_writable",
            f"{path.parent} cannot be written ({error.strerror or error})",
            path=path,
            remedy="Free some space; what was there before is unchanged."
            if full
            else "Choose a folder that you may write to.",
        ) from error


def _home(kind: str) -> Path | None:
    root = os.environ.get("RENAL_FUSION_HOME")
    return Path(root) / kind if root else None
