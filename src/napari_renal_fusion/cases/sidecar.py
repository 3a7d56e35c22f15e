"""What a person added to a slide: kept in a work folder under the file's content, the original untouched."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ..compute.atomic import explain_os_error, write_text
from ..compute.places import data_dir
from ..errors import RenalFusionError
from .names import readable
from .pixel_size import PixelSize
from .slide_files import slide_file

_SAMPLE = 1 << 16  # bytes hashed at the head and at the tail: reading gigabytes would take minutes


class Answer(BaseModel):
    """One answered question. No name and no path of the file: they may hold a patient's name."""

    model_config = ConfigDict(frozen=True)

    format: int = 1
    pixel_size: PixelSize
    answered: dt.datetime


def read_answer(path: Path | str) -> PixelSize | None:
    """The pixel size that a person gave for this content, wherever the file lies now; None if nobody did.

    An answer that cannot be understood counts as none, so the person is asked again.
    """
    try:
        return Answer.model_validate_json(answer_file(path).read_bytes()).pixel_size
    except (OSError, ValidationError):
        return None


def write_answer(path: Path | str, pixel_size: PixelSize) -> None:
    """Remember a person's pixel size for a slide, complete or not at all.

    Raises
    ------
    RenalFusionError
        If the slide cannot be opened; ``disk_full`` or ``folder_not_writable``.
    """
    answer = Answer(pixel_size=pixel_size, answered=dt.datetime.now(dt.UTC).replace(microsecond=0))
    write_text(answer_file(path), answer.model_dump_json(indent=1) + "\n")


def forget_answer(path: Path | str) -> bool:
    """Forget the answer for a slide; says whether there was one. Raises as :func:`write_answer`."""
    try:
        answer_file(path).unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise explain_os_error(error, answer_file(path)) from error
    return True


def answer_file(path: Path | str) -> Path:
    """Where the answer for a slide is kept.

    Raises
    ------
    RenalFusionError
        If the slide does not exist or cannot be opened.
    """
    return data_dir() / "answers" / f"{content_key(Path(path))}.json"


def content_key(path: Path) -> str:
    """A name for a file's content: size and hash of its head and tail (of an MRXS slide also its index).

    Raises
    ------
    RenalFusionError
        If the slide does not exist or cannot be opened.
    """
    file = slide_file(path)
    digest = hashlib.sha256()
    for part in (file, file.with_suffix("") / "Slidedat.ini"):
        if part is not file and file.suffix.lower() != ".mrxs":
            break
        try:
            with part.open("rb") as stream:
                size = stream.seek(0, os.SEEK_END)
                stream.seek(0)
                digest.update(f"{size}:".encode() + stream.read(_SAMPLE))
                stream.seek(max(0, size - _SAMPLE))
                digest.update(stream.read(_SAMPLE))
        except OSError as error:
            raise RenalFusionError(
                "slide_unreadable",
                f"The slide {readable(path)} cannot be opened ({error.strerror or error})",
                path=path,
                remedy="Check that you may read the file and that the drive or network share is connected.",
            ) from error
    return digest.hexdigest()[:32]
