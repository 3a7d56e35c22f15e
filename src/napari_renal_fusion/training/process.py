"""The process that works on a run: who it is, whether it lives, and starting one that outlives its parent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from ..compute.atomic import explain_os_error, write_text

PROCESS, STOP, LOG = "process.json", "stop", "child.log"
_SAME_START_S = 2.0
_children: dict[int, subprocess.Popen] = {}  # ours, to be reaped, or they would stay as zombies


def claim(folder: Path, pid: int) -> None:
    """Write down that process ``pid`` works on the run."""
    import psutil

    try:
        started = psutil.Process(pid).create_time()
    except psutil.Error:
        started = 0.0
    write_text(folder / PROCESS, json.dumps({"pid": pid, "started": started}))


def release(folder: Path) -> None:
    """Say that nobody works on the run any more; a process that is killed cannot."""
    (folder / PROCESS).unlink(missing_ok=True)


def worker(folder: Path) -> int | None:
    """Process id of the living process that works on the run, None if there is none.

    A number alone proves nothing, because systems use them again; the time of its start must agree too.
    """
    import psutil

    try:
        noted = json.loads((folder / PROCESS).read_text(encoding="utf-8"))
        pid, started = int(noted["pid"]), float(noted["started"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if pid in _children and _children[pid].poll() is not None:
        del _children[pid]
    try:
        process = psutil.Process(pid)
        alive = process.status() != psutil.STATUS_ZOMBIE
        same = abs(process.create_time() - started) < _SAME_START_S
    except psutil.Error:
        return None
    return pid if alive and same else None


def forget_stop(folder: Path) -> None:
    """Take back the wish that the run stops."""
    try:
        (folder / STOP).unlink(missing_ok=True)
    except OSError as error:
        raise explain_os_error(error, folder / STOP) from error


def was_started(folder: Path) -> bool:
    return (folder / PROCESS).exists()


def start_child(folder: Path, arguments: list[str]) -> int:
    """Start ``python -m napari_renal_fusion.training.child`` detached from this process; returns its id.

    It has its own session, so neither Ctrl-C nor the end of the parent reaches it.

    Raises
    ------
    RenalFusionError
        ``disk_full`` or ``folder_not_writable``.
    """
    command = [sys.executable, "-m", "napari_renal_fusion.training.child", str(folder), *arguments]
    options: dict[str, object] = {"start_new_session": True}
    if os.name == "nt":
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP  # type: ignore[attr-defined]
        options = {"creationflags": flags}
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"}
    try:
        log = (folder / LOG).open("ab")
    except OSError as error:
        raise explain_os_error(error, folder / LOG) from error
    with log:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, **options
        )
    _children[child.pid] = child
    claim(folder, child.pid)
    return child.pid
