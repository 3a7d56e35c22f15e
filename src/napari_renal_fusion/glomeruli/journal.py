"""An append-only file of steps: one JSON line each, on the disk before the step counts as done.

A line is ``{"n": 3, "at": "...", "step": {...}, "crc": "9a0b1c2d"}``; the first one is a header. ``crc`` is the CRC-32 of
the line without it. A line counts when it ends, is whole and follows its predecessor. What a killed
process left of its last line is cut off; a damaged line in the middle ends the part that counts, and
the rest is set aside in a file of its own, never thrown away.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from ..compute.atomic import explain_os_error, write_bytes
from ..errors import RenalFusionError
from ..notices import Notice

FORMAT = 1


class Journal:
    """One open journal; only one program may hold it. A context manager.

    Attributes
    ----------
    steps
        What was read when it was opened, oldest first.
    notices
        What was cut off or set aside.
    """

    def __init__(self, path: Path, header: dict[str, str], *, accepts: Callable[[dict], bool] | None = None):
        """Open or begin a journal. ``header`` must agree with the one of an existing file.

        ``accepts`` takes each step in turn and returns False for one that it cannot repeat: such a line counts as
        damaged. A file that exists already is not written to by opening it, unless it is damaged.

        Raises
        ------
        RenalFusionError
            ``journal_open_elsewhere``, ``journal_newer``, ``journal_other`` (another image's),
            ``folder_not_writable`` or ``disk_full``.
        """
        self.path = path
        self.steps: list[dict] = []
        self.notices: tuple[Notice, ...] = ()
        self._header = header
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO | None = path.open("a+b", buffering=0)
        except OSError as error:
            raise explain_os_error(error, path) from error
        try:
            _hold(self._file, path)
            self._read(accepts or (lambda _: True))
        except OSError as error:
            self.close()
            raise explain_os_error(error, path) from error
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()  # the lock goes with it
            self._file = None

    def append(self, step: dict) -> None:
        """Write one step; when this returns it is on the disk.

        Raises
        ------
        RenalFusionError
            ``disk_full`` or ``folder_not_writable``; the journal is then as it was before.
        """
        if self._file is None:
            raise ValueError("the journal was closed")
        if self._lines == 0:
            self._write({"n": 0, "journal": FORMAT, **self._header})
        at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        self._write({"n": self._lines, "at": at, "step": step})

    def _write(self, record: dict) -> None:
        data, done = memoryview(_line(record)), 0
        try:
            while done < len(data):
                done += self._file.write(data[done:])
            os.fsync(self._file.fileno())
        except OSError as error:
            with contextlib.suppress(OSError):
                self._file.truncate(self._length)
            raise explain_os_error(error, self.path) from error
        if self._lines == 0:
            _sync_folder(self.path.parent)
        self._length += len(data)
        self._lines += 1

    def _read(self, accepts: Callable[[dict], bool]) -> None:
        self._file.seek(0)
        data = self._file.read()
        self._length = self._lines = 0
        for record, end in records(data):
            if self._lines == 0:
                check_header(record, self._header, self.path)
            elif not accepts(record["step"]):
                break
            else:
                self.steps.append(record["step"])
            self._length = end
            self._lines += 1
        rest = data[self._length :]
        if rest:
            self._set_aside(rest, torn=b"\n" not in rest)

    def _set_aside(self, rest: bytes, *, torn: bool) -> None:
        """Cut off what does not count, so that the next line begins on a line of its own."""
        message = "The edit that was being written when the program ended last time is lost; all before it are here."
        code = "journal_torn"
        if not torn:
            number = 1
            while (aside := self.path.with_suffix(f".damaged-{number}")).exists():
                number += 1
            write_bytes(aside, rest)
            lines = rest.count(b"\n")
            code = "journal_damaged"
            message = f"The journal was damaged after edit {len(self.steps)}: {lines} lines after it are kept in {aside.name}, but not used."
        self._file.truncate(self._length)
        os.fsync(self._file.fileno())
        self.notices = (Notice(code=code, message=message, path=self.path),)


def check_header(record: dict, header: dict[str, str], path: Path) -> None:
    """Raise ``journal_newer``, or ``journal_other`` if a journal's first record disagrees with ``header``."""
    if record["journal"] > FORMAT:
        raise RenalFusionError(
            "journal_newer",
            f"The journal {path} was written by a newer version of this program",
            path=path,
            remedy="Update napari-renal-fusion.",
        )
    if any(record.get(name, value) != value for name, value in header.items()):
        raise RenalFusionError(
            "journal_other",
            f"The journal {path} belongs to another image",
            path=path,
            remedy="The image was replaced, or another one took its place in the case: put the one back that was drawn on.",
        )


def records(data: bytes) -> Iterator[tuple[dict, int]]:
    """The whole records of a journal's bytes from its beginning, the header first, and where each ends."""
    begin = number = 0
    while (end := data.find(b"\n", begin)) >= 0:
        record = _record(data[begin:end], number)
        if record is None:
            return
        begin, number = end + 1, number + 1
        yield record, begin


def _line(record: dict) -> bytes:
    text = _text(record)
    return _text(record | {"crc": _sum(text)}).encode("ascii") + b"\n"


def _record(line: bytes, number: int) -> dict | None:
    """The record of a line, None if it is not whole or not the ``number``-th."""
    try:
        record = json.loads(line)
        stated = record.pop("crc")
        good = stated == _sum(_text(record)) and record["n"] == number
        good = good and isinstance(record["journal"] if number == 0 else record["step"], int | dict)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return record if good else None


def _text(record: dict) -> str:
    return json.dumps(record, separators=(",", ":"), allow_nan=False)


def _sum(text: str) -> str:
    return f"{zlib.crc32(text.encode('ascii')):08x}"


def _hold(file: BinaryIO, path: Path) -> None:
    """Hold the file for this process alone; the system lets go of it when the process ends, however it ends."""
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(1 << 40)  # a byte far behind the text: Windows would not let others read a held one
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        raise RenalFusionError(
            "journal_open_elsewhere",
            "The outlines of this image are being edited in another window",
            path=path,
            remedy="Close the case there first.",
        ) from None
    except OSError:
        # A share that knows no locks: editing there is better than no editing.
        return


def _sync_folder(folder: Path) -> None:
    """Put the new file's name on the disk too; Windows does this by itself and cannot open folders."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
