"""Electron-microscope files of the makers: Gatan DigitalMicrograph (DM3, DM4) and FEI TIA (SER), read by RosettaSciIO."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from ..errors import RenalFusionError
from .image_formats import ImageFormat, check_size, damaged, page_missing, reader_missing
from .names import readable
from .pixel_values import whole_range


@dataclass(frozen=True)
class VendorPage:
    """One image of a maker's file: its numbers, [h, w] or [h, w, 3], and the sides of a pixel, (value, unit).

    ``unit`` is the text that stands in the file ("nm", "µm", "1/nm", or "" for none).
    """

    values: np.ndarray
    x: tuple[float, str]
    y: tuple[float, str]


def reader_installed() -> bool:
    """Whether the extra ``tem`` is installed; nothing is imported."""
    return find_spec("rsciio") is not None


def vendor_pages(path: Path, image_format: ImageFormat) -> list[VendorPage]:
    """Every image in the file; thumbnails that the makers store beside them are left out.

    Raises
    ------
    RenalFusionError
        ``reader_missing`` without the extra ``tem``, ``image_truncated`` for a file that cannot be read,
        ``image_is_no_picture`` if it holds spectra only.
    """
    if not reader_installed():
        raise reader_missing(path)
    try:
        signals = _read(path, image_format)
        pages = [page for signal in signals for page in _pages(signal)]
    except Exception as error:
        raise damaged(path, error) from error
    if not pages:
        raise RenalFusionError(
            "image_is_no_picture",
            f"{readable(path)} holds no picture, only spectra or numbers",
            path=path,
            remedy="Leave it out of the case.",
        )
    return pages


def read_vendor(path: Path, image_format: ImageFormat, page: int = 0) -> np.ndarray:
    """Decode one image: uint8 as stored, else uint16, [h, w] or [h, w, 3].

    The counts of a detector have no black and no white, so they are stretched linearly to 16 bits between
    their 0.05th and 99.95th percentile, much as the makers' programs show and export them.

    Raises
    ------
    RenalFusionError
        As :func:`vendor_pages`; ``image_page_missing``, ``image_too_small``, ``image_too_large`` or
        ``image_not_finite``.
    """
    values = vendor_page(path, image_format, page).values
    check_size(*values.shape[:2], path)
    if values.dtype == np.uint8 or values.ndim == 3:
        return whole_range(values, path)
    counts = values.astype(np.float64)
    if np.isfinite(counts).all():
        low, high = np.percentile(counts, (0.05, 99.95))
        counts = ((counts - low) / (high - low or 1.0)).clip(0, 1)
    return whole_range(counts, path)


def vendor_page(path: Path, image_format: ImageFormat, page: int = 0) -> VendorPage:
    """One image of the file, as stored; raises as :func:`read_vendor`."""
    pages = vendor_pages(path, image_format)
    if not 0 <= page < len(pages):
        raise page_missing(path, page, len(pages))
    return pages[page]


def _read(path: Path, image_format: ImageFormat) -> list[dict]:
    if image_format is ImageFormat.SER:
        from rsciio.tia import file_reader
    else:
        from rsciio.digitalmicrograph import file_reader
    return file_reader(str(path))


def _pages(signal: dict) -> list[VendorPage]:
    """The planes of a signal; the last two axes are rows and columns."""
    values, axes = np.asarray(signal["data"]), signal["axes"]
    if values.dtype.names:  # colours as fields of a record
        values = np.stack([values[name] for name in values.dtype.names[:3]], axis=-1)
    spatial = len(axes)
    if spatial < 2 or min(values.shape[spatial - 2 : spatial]) < 2:
        return []
    y, x = ((float(axis["scale"]), _unit(axis)) for axis in axes[-2:])
    planes = values.reshape(-1, *values.shape[spatial - 2 :])
    return [VendorPage(plane, x, y) for plane in planes]


def _unit(axis: dict) -> str:
    unit = axis.get("units")
    return unit.strip() if isinstance(unit, str) else ""
