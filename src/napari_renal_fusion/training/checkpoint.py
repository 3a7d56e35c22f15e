"""Checkpoints that appear whole or not at all, are read without unpickling, and are checked before use."""

from __future__ import annotations

import errno
import shutil
import zipfile
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import CheckpointIO

from ..compute.atomic import atomic_path, explain_os_error
from ..errors import RenalFusionError

LAST, BEST = "last.ckpt", "best.ckpt"


class AtomicCheckpoints(CheckpointIO):
    """How Lightning's checkpoints reach the disk: a temporary name, fsync, then a rename."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path, storage_options: Any | None = None) -> None:
        save(checkpoint, Path(path))

    def load_checkpoint(self, path, map_location: Any | None = None, weights_only: bool | None = None):
        return torch.load(path, map_location=map_location or "cpu", weights_only=True)

    def remove_checkpoint(self, path) -> None:
        Path(path).unlink(missing_ok=True)


def save(content: dict[str, Any], path: Path) -> None:
    """Write tensors and plain values.

    Raises
    ------
    RenalFusionError
        ``disk_full`` or ``folder_not_writable``; an older file of that name is unchanged.
    """
    try:
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            torch.save(content, file)
    except RenalFusionError:
        raise
    except Exception as error:
        # torch's writer hides the system's error in errors of its own.
        raise _explained(error, path) from error


def load(path: Path) -> dict[str, Any] | None:
    """Tensors on the CPU and plain values, or None if there is no whole file.

    The checksums of every part are compared, so that a damaged file is never trusted.
    """
    try:
        with zipfile.ZipFile(path) as parts:
            if parts.testzip() is not None:
                return None
        return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        return None
    except Exception:  # whatever a damaged file makes the reader say
        return None


def _explained(error: BaseException, path: Path) -> BaseException:
    current: BaseException | None = error
    while current is not None:
        if isinstance(current, OSError) and current.errno:
            return explain_os_error(current, path)
        current = current.__cause__ or current.__context__
    if shutil.disk_usage(path.parent).free < 2**20:
        return explain_os_error(OSError(errno.ENOSPC, "no space left"), path)
    return error
