"""Which image formats are read, how a file is recognised by its content, and what to do with the others."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from ..errors import RenalFusionError
from .names import readable

MIN_SIDE = 32  # pixels; anything smaller is an icon or a mistake, not a micrograph
MAX_PIXELS = 400_000_000  # 20,000 x 20,000: beyond it a file is a slide, a mistake or an attack

IMAGE_SUFFIXES = frozenset(
    (
        *(".tif", ".tiff", ".btf", ".tf2", ".tf8", ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".dib"),
        *(".dm3", ".dm4", ".ser"),
    )
)
VENDOR_SUFFIXES = frozenset((".dm3", ".dm4", ".ser"))
"""Files of electron microscopes that the extra ``tem`` reads."""

_EXPORT = "Export it as TIFF or PNG with the program that wrote it, and add the exported file."
_VENDOR = (
    "Reading this microscope format is not part of this version. "
    "Export it as TIFF or PNG in the microscope's program, and add the pixel size in cohort.csv."
)
_SLIDE = (
    "Put it into the case's folder WSI, where slides are read; for an image of one field, export the region "
    "as TIFF or PNG from the slide viewer."
)
_CLOSED_SLIDE = "Export it as SVS, DICOM or pyramidal TIFF with the scanner's program, and put that into WSI."

# Suffix -> what people call the format, and what to do.
UNSUPPORTED_SUFFIXES: dict[str, tuple[str, str]] = {
    ".emi": ("the companion of an FEI SER file", "Its pictures are in the .ser files beside it: add those."),
    **dict.fromkeys((".mrc", ".emd", ".tvips"), ("an electron microscope file", _VENDOR)),
    **dict.fromkeys((".czi", ".nd2", ".lif", ".lsm", ".oib", ".oif", ".vsi"), ("a microscope file", _VENDOR)),
    **dict.fromkeys(
        (".svs", ".ndpi", ".mrxs", ".scn", ".bif", ".vms", ".vmu", ".svslide"), ("a whole slide", _SLIDE)
    ),
    **dict.fromkeys((".kfb", ".sdpc", ".tmap", ".isyntax"), ("a whole slide", _CLOSED_SLIDE)),
    **dict.fromkeys((".dcm", ".dicom"), ("a DICOM file", _EXPORT)),
    **dict.fromkeys(
        (".gif", ".webp", ".heic", ".heif", ".jp2", ".j2k", ".psd", ".avif", ".jxl"),
        ("an image in a format that is not read", _EXPORT),
    ),
    **dict.fromkeys((".nef", ".cr2", ".cr3", ".arw", ".dng"), ("a raw camera file", _EXPORT)),
}

_UNSUPPORTED_STARTS: tuple[tuple[bytes, str, str], ...] = (
    (b"JK\x00\x02", *UNSUPPORTED_SUFFIXES[".emi"]),
    (b"ZISRAWFILE", *UNSUPPORTED_SUFFIXES[".czi"]),
    (b"\xda\xce\xbe\x0a", *UNSUPPORTED_SUFFIXES[".nd2"]),
    (b"GIF8", *UNSUPPORTED_SUFFIXES[".gif"]),
    (b"\x00\x00\x00\x0cjP  ", *UNSUPPORTED_SUFFIXES[".jp2"]),
    (b"\xff\x4f\xff\x51", *UNSUPPORTED_SUFFIXES[".j2k"]),
    (b"8BPS", *UNSUPPORTED_SUFFIXES[".psd"]),
    (b"%PDF", "a PDF document", "Export its pictures as PNG and add those."),
    (b"PK\x03\x04", "an archive or an Office document", "Unpack it and add the image files in it."),
    (b"\x89HDF", "an HDF5 file", _VENDOR),
)


class ImageFormat(StrEnum):
    """A format that is read."""

    TIFF = "TIFF"
    PNG = "PNG"
    JPEG = "JPEG"
    BMP = "BMP"
    DM3 = "Gatan DM3"
    DM4 = "Gatan DM4"
    SER = "FEI SER"

    @property
    def is_vendor(self) -> bool:
        """Whether it is an electron microscope's own format."""
        return self in (ImageFormat.DM3, ImageFormat.DM4, ImageFormat.SER)


_STARTS: tuple[tuple[bytes, ImageFormat], ...] = (
    (b"II*\x00", ImageFormat.TIFF),
    (b"MM\x00*", ImageFormat.TIFF),
    (b"II+\x00", ImageFormat.TIFF),
    (b"MM\x00+", ImageFormat.TIFF),
    (b"\x89PNG\r\n\x1a\n", ImageFormat.PNG),
    (b"\xff\xd8\xff", ImageFormat.JPEG),
    (b"BM", ImageFormat.BMP),
    (b"\x00\x00\x00\x03", ImageFormat.DM3),
    (b"\x00\x00\x00\x04", ImageFormat.DM4),
    (b"II\x97\x01", ImageFormat.SER),
)


def open_original(path: Path) -> BinaryIO:
    """Open an original for reading only.

    Raises
    ------
    RenalFusionError
        ``image_missing``, ``image_is_folder``, ``image_empty`` or ``image_unreadable``.
    """
    try:
        file = Path(path).open("rb")  # noqa: SIM115 - the caller closes it
    except FileNotFoundError:
        raise RenalFusionError(
            "image_missing",
            f"The image {readable(path)} does not exist",
            path=path,
            remedy="Check whether it was moved or renamed, or whether the drive is connected.",
        ) from None
    except (IsADirectoryError, PermissionError) as error:
        if Path(path).is_dir():  # Windows says "permission denied" for a folder
            raise RenalFusionError(
                "image_is_folder",
                f"{readable(path)} is a folder, not an image",
                path=path,
                remedy="Choose an image file in it, or open the folder as a case.",
            ) from None
        raise unreadable(path, error) from error
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    if not file.read(1):
        file.close()
        raise RenalFusionError(
            "image_empty",
            f"The image {readable(path)} is empty (0 bytes)",
            path=path,
            remedy="Copy it again from the microscope or the archive.",
        )
    file.seek(0)
    return file


def recognise(file: BinaryIO, path: Path) -> ImageFormat:
    """Tell the format of an open file by its content; its name does not matter.

    Raises
    ------
    RenalFusionError
        ``image_format_unsupported`` for a known format that is not read, ``image_not_recognised`` else.
    """
    start = file.read(132)
    file.seek(0)
    for signature, image_format in _STARTS:
        if start.startswith(signature):
            return image_format
    if start[128:132] == b"DICM":
        raise unsupported(path, *UNSUPPORTED_SUFFIXES[".dcm"])
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        raise unsupported(path, *UNSUPPORTED_SUFFIXES[".webp"])
    if start[4:8] == b"ftyp":
        raise unsupported(path, *UNSUPPORTED_SUFFIXES[".heic"])
    for signature, what, remedy in _UNSUPPORTED_STARTS:
        if start.startswith(signature):
            raise unsupported(path, what, remedy)
    if known := UNSUPPORTED_SUFFIXES.get(Path(path).suffix.lower()):
        raise unsupported(path, *known)
    raise RenalFusionError(
        "image_not_recognised",
        f"{readable(path)} is not an image that can be read",
        path=path,
        remedy="TIFF, PNG, JPEG and BMP are read. Open it in another program and save it as one of these.",
    )


def unsupported(path: Path, what: str, remedy: str) -> RenalFusionError:
    """The error for a file of a known kind that is not read."""
    return RenalFusionError(
        "image_format_unsupported", f"{readable(path)} is {what}, which is not read", path=path, remedy=remedy
    )


def reader_missing(path: Path) -> RenalFusionError:
    """The error for a DM3, DM4 or SER file without the extra that reads it."""
    return RenalFusionError(
        "reader_missing",
        f"{readable(path)} is an electron microscope's own file, whose reader is not installed",
        path=path,
        remedy='Install it with: pip install "napari-renal-fusion[tem]", or export the image as TIFF.',
    )


def unreadable(path: Path, error: Exception) -> RenalFusionError:
    """The error for a file that the operating system does not give."""
    reason = getattr(error, "strerror", None) or str(error)
    return RenalFusionError(
        "image_unreadable",
        f"The image {readable(path)} cannot be opened ({reason})",
        path=path,
        remedy="Check that you may read the file and that the drive or network share is connected.",
    )


def damaged(path: Path, error: object) -> RenalFusionError:
    """The error for a file that begins as an image and cannot be decoded to its end."""
    if isinstance(error, OSError) and error.errno is not None:
        return unreadable(path, error)
    return RenalFusionError(
        "image_truncated",
        f"The image {readable(path)} is truncated or damaged ({str(error) or type(error).__name__:.120})",
        path=path,
        remedy="Copy it again from the microscope or the archive; "
        "if other programs can open it, save it there as PNG or TIFF.",
    )


def check_size(height: int, width: int, path: Path) -> None:
    """Refuse an image whose header states too few or too many pixels, before anything is decoded."""
    if height * width > MAX_PIXELS:
        raise RenalFusionError(
            "image_too_large",
            f"The image {readable(path)} has {width} x {height} pixels, "
            f"more than {MAX_PIXELS // 1_000_000} million",
            path=path,
            remedy="Export the region of interest, or a copy at lower magnification.",
        )
    if min(height, width) < MIN_SIDE:
        raise RenalFusionError(
            "image_too_small",
            f"The image {readable(path)} has {width} x {height} pixels; "
            f"at least {MIN_SIDE} on each side are needed",
            path=path,
            remedy="Use the original image instead of an icon or preview.",
        )


def page_missing(path: Path, page: int, pages: int) -> RenalFusionError:
    """The error for a page that the file does not have; pages count from 0."""
    return RenalFusionError(
        "image_page_missing",
        f"Page {page} was asked of {readable(path)}, which has {pages} (pages count from 0)",
        path=path,
        remedy=f"Choose a page from 0 to {pages - 1}.",
    )
