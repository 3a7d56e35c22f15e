"""One array and what is known about it in one small file that is whole or counts as absent."""

from __future__ import annotations

import json
import time
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from ..compute.atomic import atomic_path


def write_array(path: Path, array: np.ndarray, facts: dict[str, Any]) -> None:
    """Write ``array`` and ``facts`` (JSON values) as a safetensors file with a checksum over both.

    Raises
    ------
    RenalFusionError
        ``disk_full`` or ``folder_not_writable``; nothing half-written is left.
    """
    from safetensors.numpy import save

    array = np.ascontiguousarray(array)
    text = json.dumps(facts, sort_keys=True)
    metadata = {"facts": text, "crc32": str(_checksum(array, text))}
    data = save({"array": array}, metadata)
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def read_array(path: Path) -> tuple[np.ndarray, dict[str, Any]] | None:
    """The array (read-only) and facts of a file; None if it is absent, incomplete or damaged in any bit."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as file:
            metadata = file.metadata()
            array = file.get_tensor("array")
            facts = json.loads(metadata["facts"])
            whole = int(metadata["crc32"]) == _checksum(array, metadata["facts"])
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return None
    array.flags.writeable = False
    return (array, facts) if whole else None


def mapped_offset(path: Path) -> int:
    """Where in the file of :func:`write_array` the numbers begin, in bytes."""
    with path.open("rb") as file:
        return 8 + int.from_bytes(file.read(8), "little")


def tidy(folder: Path, limit_bytes: int, *, keep_s: float = 86_400) -> None:
    """Remove what killed writers left in ``folder``, and its oldest files while it holds more than the limit.

    Files younger than ``keep_s`` seconds stay: somebody may be using them.
    """
    found = []
    for path in folder.rglob("*"):
        with suppress(OSError):  # another process may tidy as well
            state = path.stat()
            if path.is_file():
                found.append((state.st_mtime, state.st_size, path))
    held = sum(size for _, size, _ in found)
    for changed, size, path in sorted(found):
        old = changed < time.time() - keep_s
        if old and (held > limit_bytes or path.name.startswith(".writing-")):
            with suppress(OSError):
                path.unlink()
                held -= size


def _checksum(array: np.ndarray, text: str) -> int:
    said = f"{array.shape}{array.dtype.str}{text}".encode()
    return zlib.crc32(np.ascontiguousarray(array).data, zlib.crc32(said))
