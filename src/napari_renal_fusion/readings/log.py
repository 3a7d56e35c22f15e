"""The log of a case: one JSON line a step, only ever added to, each line sealed by the hash of the one before."""

from __future__ import annotations

import contextlib
import datetime as dt
import getpass
import hashlib
import json
import os
from collections.abc import Iterator
from typing import Any, BinaryIO, Literal, get_args

from ..cases.work_folder import WorkFolder
from ..compute.atomic import explain_os_error, write_text
from ..errors import RenalFusionError
from ..notices import Notice

LOG_FILE = "log.jsonl"
_HEAD_FILE = "log.head"

Kind = Literal["run", "impression", "revealed", "decision", "final", "export", "changed"]

Entry = dict[str, Any]


class CaseLog:
    """What happened to one case, oldest first: who, when, program, and the fields of the step.

    A line is ``{"n": 3, "kind": "impression", "at": "2026-11-26T21:40:05+01:00", "who": ..., "program": ...,
    "before": SHA-256 of the line before, ...}``. The file is never rewritten: the half of a line that a crash left
    is closed and the next line follows it. ``log.head`` holds number and hash of the last line, so that lines that
    were cut off are missed. The chain shows accidents and later edits; it cannot keep away somebody who makes a
    whole new log.
    """

    def __init__(self, code: str, work: WorkFolder | None = None):
        self.code = code
        self.path = (work or WorkFolder()).case(code) / LOG_FILE

    def append(self, kind: Kind, **fields: Any) -> Entry:
        """Add one step and wait until it is on the disk; returns the whole entry.

        Raises
        ------
        RenalFusionError
            ``disk_full`` or ``folder_not_writable``.
        """
        if kind not in get_args(Kind):
            raise ValueError(f"{kind!r} is not a step of a case")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a+b") as file, _held(file):
                file.seek(0)
                lines = file.read().split(b"\n")
                torn, whole = lines.pop(), lines
                if torn:  # a crash in the middle of a line: what is there stays, and counts as a line
                    whole.append(torn)
                entry: Entry = {
                    "n": len(whole) + 1, "kind": kind, "at": dt.datetime.now().astimezone().isoformat(timespec="milliseconds"),
                    "who": _who(), "program": _program(), "before": _hash(whole[-1]) if whole else "", **fields,
                }  # fmt: skip
                line = json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode()
                file.write((b"\n" if torn else b"") + line + b"\n")
                file.flush()
                os.fsync(file.fileno())
                # Before others may add: the head must not fall behind their lines.
                write_text(self.path.with_name(_HEAD_FILE), f"{entry['n']} {_hash(line)}\n")
        except OSError as error:
            raise explain_os_error(error, self.path) from error
        return entry

    def entries(self, kind: Kind | None = None) -> tuple[Entry, ...]:
        """Every step, or those of one kind; lines that cannot be read are left out (:meth:`check` names them).

        Raises
        ------
        RenalFusionError
            ``log_unreadable``.
        """
        found = (_entry(line) for line in self._lines())
        return tuple(one for one in found if one is not None and kind in (None, one["kind"]))

    def check(self) -> tuple[Notice, ...]:
        """What is wrong with the chain: changed, missing or interrupted lines; empty for a sound log.

        Raises
        ------
        RenalFusionError
            ``log_unreadable``.
        """
        lines = self._lines()
        notices, before = [], ""
        for number, line in enumerate(lines, 1):
            entry = _entry(line)
            if entry is None:
                notices.append(
                    self._notice("log_interrupted", f"line {number} was not finished", number, "warning")
                )
            elif entry.get("before") != before:
                notices.append(
                    self._notice("log_changed", f"line {number} does not follow the one before", number)
                )
            before = _hash(line)
        head = self._head()
        if head is not None and head not in [_hash(line) for line in lines]:
            notices.append(
                self._notice("log_changed", "its last lines were changed or are missing", len(lines))
            )
        return tuple(notices)

    def _notice(self, code: str, what: str, row: int, severity: str = "error") -> Notice:
        message = f"The log of case {self.code} is not as this program wrote it: {what}."
        return Notice(code=code, message=message, severity=severity, path=self.path, row=row)

    def _lines(self) -> list[bytes]:
        try:
            return [line for line in self.path.read_bytes().split(b"\n") if line]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise RenalFusionError(
                "log_unreadable",
                f"The log of case {self.code} cannot be read ({error.strerror or error})",
                path=self.path,
                remedy="Check that you may read the work folder.",
            ) from error

    def _head(self) -> str | None:
        with contextlib.suppress(OSError, ValueError, IndexError):
            return self.path.with_name(_HEAD_FILE).read_text(encoding="utf-8").split()[1]
        return None


@contextlib.contextmanager
def _held(file: BinaryIO) -> Iterator[None]:
    """Keep other programs from adding at the same moment; on Windows the first byte far behind the end is locked."""
    try:
        import fcntl
    except ImportError:
        import msvcrt

        file.seek(1 << 30)
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
        try:
            yield
        finally:
            file.seek(1 << 30)
            msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
        return
    # The lock goes with the file when it is closed.
    with contextlib.suppress(OSError):  # a share without locks: one person reads a case at a time
        fcntl.flock(file, fcntl.LOCK_EX)
    yield


def _entry(line: bytes) -> Entry | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and isinstance(entry.get("kind"), str) else None


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _who() -> str:
    """The name of the account at this computer; "" where there is none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def _program() -> str:
    from .. import __version__

    return __version__
