"""Files that appear whole or not at all: written under a temporary name and renamed."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import RenalFusionError


@contextmanager
def atomic_path(target: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside ``target``; on success it replaces ``target`` in one step.

    The temporary name keeps the suffix, because many writers choose their format by it.

    Raises
    ------
    RenalFusionError
        ``disk_full`` or ``folder_not_writable``, with the target's name; nothing half-written is left.
    """
    target = Path(target)
    temporary = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".writing-", suffix=target.suffix)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        _flush(temporary)
        temporary.replace(target)
    except OSError as error:
        raise explain_os_error(error, target) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(target: Path | str) -> Iterator[Path]:
    """Yield a temporary folder that becomes ``target`` on success; an older ``target`` is replaced."""
    target = Path(target)
    temporary = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=".writing-"))
        yield temporary
        temporary.chmod(0o755)  # mkdtemp makes folders that only their owner may enter
        if target.exists():
            retired = Path(tempfile.mkdtemp(dir=target.parent, prefix=".replaced-"))
            target.replace(retired / target.name)
            try:
                temporary.replace(target)
            except OSError:
                (retired / target.name).replace(target)
                raise
            shutil.rmtree(retired, ignore_errors=True)
        else:
            temporary.replace(target)
    except OSError as error:
        raise explain_os_error(error, target) from error
    finally:
        if temporary is not None and temporary.exists():
            shutil.rmtree(temporary, ignore_errors=True)


def write_text(target: Path | str, text: str) -> None:
    """Write UTF-8 text atomically."""
    with atomic_path(target) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_bytes(target: Path | str, data: bytes) -> None:
    """Write bytes atomically."""
    with atomic_path(target) as temporary:
        temporary.write_bytes(data)


def explain_os_error(error: OSError, target: Path) -> RenalFusionError:
    """Turn the system's error into one sentence about ``target``."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return RenalFusionError(
            "disk_full",
            f"The disk is full: {target} could not be written",
            path=target,
            remedy="Free some space or choose another folder; what was there before is unchanged.",
        )
    return RenalFusionError(
        "folder_not_writable",
        f"{target} cannot be written ({error.strerror or error})",
        path=target,
        remedy="Choose a folder that you may write to.",
    )


def _flush(path: Path) -> None:
    # Without fsync a rename can reach the disk before the content does; a crash then leaves an empty file.
    handle = os.open(path, os.O_RDWR)  # Windows only flushes files opened for writing
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    umask = os.umask(0)
    os.umask(umask)
    path.chmod(0o666 & ~umask)  # mkstemp makes files that only their owner may read
