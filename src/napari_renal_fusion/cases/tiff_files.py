"""Reading one page of a TIFF, BigTIFF or OME-TIFF file with tifffile, complete or not at all."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from tifffile import COMPRESSION, PHOTOMETRIC, TiffFile, TiffPage

from ..errors import RenalFusionError
from .image_formats import (
    UNSUPPORTED_SUFFIXES,
    check_size,
    damaged,
    page_missing,
    unsupported,
)
from .names import readable
from .pixel_values import cmyk_to_rgb, over_white, upright, whole_range

_JPEG = {COMPRESSION.OJPEG, COMPRESSION.JPEG, COMPRESSION.JPEG_LOSSY, COMPRESSION.ALT_JPEG}
_COLOURS = {
    PHOTOMETRIC.MINISWHITE: 1,
    PHOTOMETRIC.MINISBLACK: 1,
    PHOTOMETRIC.MASK: 1,
    PHOTOMETRIC.PALETTE: 1,
    PHOTOMETRIC.RGB: 3,
    PHOTOMETRIC.YCBCR: 3,
    PHOTOMETRIC.SEPARATED: 4,
}


@contextmanager
def open_tiff(file: BinaryIO, path: Path) -> Iterator[TiffFile]:
    """Open the header of a TIFF file; any failure inside becomes a ``RenalFusionError``."""
    try:
        with TiffFile(file) as tiff:
            if len(tiff.pages) == 0:
                raise ValueError("it has no pages")
            if tiff.is_svs or tiff.is_ndpi or tiff.is_scn or tiff.is_bif or tiff.is_philips:
                raise unsupported(path, *UNSUPPORTED_SUFFIXES[".svs"])
            yield tiff
    except RenalFusionError:
        raise
    except MemoryError:
        raise RenalFusionError(
            "image_too_large",
            f"The image {readable(path)} does not fit into this computer's memory",
            path=path,
            remedy="Close other programs, or export the region of interest.",
        ) from None
    except Exception as error:
        raise damaged(path, error) from error


def page_of(tiff: TiffFile, path: Path, page: int) -> TiffPage:
    """One page in the order in which pages are stored.

    In OME-TIFF and ImageJ stacks a page is one plane: z slices, channels and times follow one
    another as the file states (for OME usually XYCZT: channels first), and channels stay grey.
    """
    if not 0 <= page < len(tiff.pages):
        raise page_missing(path, page, len(tiff.pages))
    found = tiff.pages[page]
    return found if isinstance(found, TiffPage) else found.aspage()


def tiff_shape(page: TiffPage) -> tuple[int, int]:
    """Height and width as shown, after the orientation tag is applied."""
    shape = page.imagelength, page.imagewidth
    return shape[::-1] if _orientation(page) >= 5 else shape


def read_tiff(file: BinaryIO, path: Path, page: int) -> np.ndarray:
    """Decode one page: uint8 or uint16, [height, width] or [height, width, 3].

    Raises
    ------
    RenalFusionError
        If the page is missing, incomplete, too large or small, or has colours that cannot be shown.
    """
    with open_tiff(file, path) as tiff:
        chosen = page_of(tiff, path, page)
        check_size(*tiff_shape(chosen), path)
        _check_colours(chosen, path)
        _check_complete(chosen, tiff.filehandle.size)
        values = chosen.asarray(squeeze=False)[:, 0]
    planar = values.shape[0] > 1  # one plane a colour
    values = np.moveaxis(values[..., 0], 0, -1) if planar else values[0]
    return upright(_as_shown(values, chosen, path), _orientation(chosen))


def _check_complete(page: TiffPage, file_size: int) -> None:
    """Raise if any strip or tile is absent or beyond the end of the file; tifffile would show it black."""
    expected = 1 if page.is_contiguous else math.prod(page.chunked)
    if len(page.dataoffsets) < expected or len(page.databytecounts) < expected:
        raise ValueError("some of its strips or tiles are missing")
    for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False):
        if offset <= 0 or count <= 0:
            raise ValueError("some of its strips or tiles are empty")
        if offset + count > file_size:
            raise ValueError("the end of the file is missing")


def _check_colours(page: TiffPage, path: Path) -> None:
    """Refuse what could only be shown with wrong colours."""
    colours = _COLOURS.get(page.photometric)
    problem = None
    if page.dtype is None or not isinstance(page.bitspersample, int):
        problem = f"numbers of {page.bitspersample} bits"
    elif page.imagedepth > 1:
        problem = "several layers in one page"
    elif colours is None:
        problem = f"colours of the kind {getattr(page.photometric, 'name', page.photometric)}"
    elif page.photometric == PHOTOMETRIC.YCBCR and page.compression not in _JPEG:
        problem = "YCbCr colours without JPEG compression"
    elif page.samplesperpixel < colours or page.samplesperpixel > colours + 1:
        problem = f"{page.samplesperpixel} channels"
    elif page.samplesperpixel == 2 and not _alpha(page):
        problem = "2 channels"
    if problem:
        raise RenalFusionError(
            "image_colours_unsupported",
            f"The image {readable(path)} has {problem}, which cannot be shown faithfully",
            path=path,
            remedy="Save it as grey or RGB TIFF, or PNG, in the program that wrote it.",
        )


def _as_shown(values: np.ndarray, page: TiffPage, path: Path) -> np.ndarray:
    """Turn samples [height, width, samples] into grey or RGB."""
    if page.photometric == PHOTOMETRIC.PALETTE:
        return _palette(values[..., 0], page)
    values = whole_range(values, path, bits=page.bitspersample)
    if page.photometric == PHOTOMETRIC.SEPARATED:
        return cmyk_to_rgb(values[..., :4])
    if page.photometric in (PHOTOMETRIC.RGB, PHOTOMETRIC.YCBCR):
        colours = values[..., :3]
    else:
        colours = values[..., 0]
        if page.photometric == PHOTOMETRIC.MINISWHITE:
            colours = np.iinfo(values.dtype).max - colours
    if alpha := _alpha(page):
        return over_white(colours, values[..., -1], premultiplied=alpha == 1)
    return colours


def _alpha(page: TiffPage) -> int:
    """1 for premultiplied alpha, 2 for plain alpha, 0 for none (an extra sample of unknown meaning)."""
    kind = int(page.extrasamples[-1]) if page.extrasamples else 0
    return kind if kind in (1, 2) else 0


def _palette(indices: np.ndarray, page: TiffPage) -> np.ndarray:
    colours = page.colormap
    if colours is None:
        raise ValueError("its palette is missing")
    if colours.max() > 255:  # some programs write 8-bit palettes where 16 bits belong
        colours = colours >> 8
    return colours.astype(np.uint8).T[indices.astype(np.intp)]


def _orientation(page: TiffPage) -> int:
    return int(page.tags.valueof(274, default=1))
