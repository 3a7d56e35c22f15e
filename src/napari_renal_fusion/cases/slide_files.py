"""What lies behind a slide's path, told before anything is decoded, and the errors a slide can end in."""

from __future__ import annotations

import math
import struct
from pathlib import Path

from ..errors import RenalFusionError
from .names import readable

# Formats that only slides have; a TIFF or DICOM file may be anything.
SLIDE_SUFFIXES = frozenset((".svs", ".ndpi", ".mrxs", ".scn", ".bif", ".svslide", ".vms", ".vmu"))
# What a folder of slides may hold besides.
SLIDE_FOLDER_SUFFIXES = SLIDE_SUFFIXES | {".tif", ".tiff", ".btf", ".tf8", ".tf2", ".czi", ".dcm", ".dicom"}
DICOM_SUFFIXES = frozenset((".dcm", ".dicom"))
UNREAD_SUFFIXES = frozenset((".kfb", ".sdpc", ".tmap", ".isyntax", ".vsi"))  # vendors' closed formats

_TIFF_STARTS = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_COPY_AGAIN = "Copy it again from the scanner or the archive."


def slide_file(path: Path) -> Path:
    """The file to open: ``path`` itself, or the largest DICOM file of a folder, which holds the most pixels.

    Raises
    ------
    RenalFusionError
        ``slide_missing``, ``slide_is_folder``, ``slide_empty``, ``slide_unreadable``,
        ``slide_format_unsupported`` or ``slide_truncated`` (an MRXS file without its folder).
    """
    try:
        if path.is_dir():
            return _dicom_of(path)
        size = path.stat().st_size
        with path.open("rb") as file:
            file.read(1)
    except FileNotFoundError:
        raise RenalFusionError(
            "slide_missing",
            f"The slide {readable(path)} does not exist",
            path=path,
            remedy="Check whether it was moved or renamed, or whether the drive is connected.",
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RenalFusionError(
            "slide_unreadable",
            f"The slide {readable(path)} cannot be opened ({reason})",
            path=path,
            remedy="Check that you may read the file and that the drive or network share is connected.",
        ) from error
    if size == 0:
        raise RenalFusionError(
            "slide_empty", f"The slide {readable(path)} is empty (0 bytes)", path=path, remedy=_COPY_AGAIN
        )
    if path.suffix.lower() in UNREAD_SUFFIXES:
        raise unsupported_slide(path)
    if path.suffix.lower() == ".mrxs" and not path.with_suffix("").is_dir():
        raise RenalFusionError(
            "slide_truncated",
            f"The slide {readable(path)} is incomplete: the folder {readable(path.stem)} beside it is missing",
            path=path,
            remedy="Copy the file and the folder of the same name together; the folder holds the pixels.",
        )
    return path


def is_tiff(path: Path) -> bool:
    """Say whether a file begins as TIFF or BigTIFF."""
    with path.open("rb") as file:
        return file.read(4) in _TIFF_STARTS


def check_complete(tiff, path: Path) -> None:
    """Refuse a TIFF whose end is missing: tags, pages, strips or tiles that lie beyond it.

    tifffile passes over what it cannot find and OpenSlide finds out while reading. Tiles that a
    sparse file leaves out (0 bytes) are allowed.

    Raises
    ------
    RenalFusionError
        ``slide_truncated``.
    """
    import numpy as np

    size = tiff.filehandle.size
    for page in _all_pages(tiff.pages):
        if not tiff.is_ndpi:  # which keeps the upper halves of its offsets elsewhere
            tags, following = _directory(tiff, page.offset)
            if len(page.tags) < tags or following > size:
                raise truncated(path, "a part of its directory is missing")
        offsets = np.asarray(page.dataoffsets, dtype=np.uint64)
        counts = np.asarray(page.databytecounts, dtype=np.uint64)
        if not tiff.is_ndpi and (len(offsets) != len(counts) or len(counts) < _segments(page)):
            raise truncated(path, "its list of tiles is incomplete")
        if len(offsets) and len(offsets) == len(counts) and (offsets + counts).max() > size:
            raise truncated(path, "the end of the file is missing")


def _all_pages(pages):
    for page in pages:
        whole = page if hasattr(page, "tags") else page.aspage()
        yield whole
        if whole.pages is not None:
            yield from _all_pages(whole.pages)


def _segments(page) -> int:
    return 1 if page.is_contiguous else math.prod(page.chunked)


def _directory(tiff, offset: int) -> tuple[int, int]:
    """Number of tags that the directory at ``offset`` should have, and where the next directory lies."""
    file, kind = tiff.filehandle, tiff.tiff
    file.seek(offset)
    (tags,) = struct.unpack(kind.tagnoformat, file.read(kind.tagnosize))
    file.seek(offset + kind.tagnosize + tags * kind.tagsize)
    (following,) = struct.unpack(kind.offsetformat, file.read(kind.offsetsize))
    return tags, following


def truncated(path: Path, reason: object) -> RenalFusionError:
    """The error for a file that begins as a slide and is not one to its end."""
    said = " ".join(str(reason).split()) or type(reason).__name__
    return RenalFusionError(
        "slide_truncated",
        f"The slide {readable(path)} is truncated or damaged ({said:.120})",
        path=path,
        remedy=_COPY_AGAIN,
    )


def damaged_part(path: Path, reason: object) -> RenalFusionError:
    """The error for one region that cannot be decoded while the rest of the slide can."""
    said = " ".join(str(reason).split()) or type(reason).__name__
    return RenalFusionError(
        "slide_part_damaged",
        f"A part of the slide {readable(path)} cannot be read ({said:.120})",
        path=path,
        remedy=_COPY_AGAIN,
    )


def unsupported_slide(path: Path) -> RenalFusionError:
    """The error for a slide in a format that neither OpenSlide nor tifffile reads."""
    return RenalFusionError(
        "slide_format_unsupported",
        f"The slide {readable(path)} is in a format ({path.suffix.lower()}) that is not read",
        path=path,
        remedy="Export it as SVS, DICOM or pyramidal TIFF with the scanner's program.",
    )


def not_a_slide(path: Path) -> RenalFusionError:
    """The error for a file that is no slide at all."""
    return RenalFusionError(
        "slide_not_recognised",
        f"{readable(path)} is not a slide that can be read",
        path=path,
        remedy="SVS, NDPI, MRXS, SCN, BIF, DICOM and tiled TIFF are read; a photograph belongs into OM, IM or TEM.",
    )


def unshowable(path: Path, what: str) -> RenalFusionError:
    """The error for a slide whose numbers could only be shown with wrong colours."""
    return RenalFusionError(
        "slide_colours_unsupported",
        f"The slide {readable(path)} has {what}, which cannot be shown faithfully",
        path=path,
        remedy="Export it as 8-bit RGB pyramidal TIFF with the scanner's program.",
    )


def _dicom_of(folder: Path) -> Path:
    files = [
        entry for entry in folder.iterdir() if entry.suffix.lower() in DICOM_SUFFIXES and entry.is_file()
    ]
    if not files:
        raise RenalFusionError(
            "slide_is_folder",
            f"{readable(folder)} is a folder without DICOM files, not a slide",
            path=folder,
            remedy="Choose the slide's file; of a DICOM slide the folder with its .dcm files.",
        )
    return max(files, key=lambda file: (file.stat().st_size, file.name))
