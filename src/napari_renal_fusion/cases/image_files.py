"""Reading an image file of a case: its pixels, its number of pages, its size, its pixel size."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .calibration import read_calibration, read_pixel_size
from .image_formats import ImageFormat, check_size, open_original, page_missing, recognise
from .picture_files import open_picture, picture_shape, read_picture
from .pixel_values import blank
from .tiff_files import open_tiff, page_of, read_tiff, tiff_shape
from .vendor_files import read_vendor, vendor_pages

__all__ = [
    "ImageInfo",
    "blank",
    "image_pages",
    "read_calibration",
    "read_image",
    "read_info",
    "read_pixel_size",
]


@dataclass(frozen=True)
class ImageInfo:
    """What the header of an image says; ``height`` and ``width`` are in pixels, as shown."""

    height: int
    width: int
    pages: int
    image_format: ImageFormat


def read_image(path: Path | str, page: int = 0) -> np.ndarray:
    """Read one page as shown: uint8 or uint16, [height, width] or [height, width, 3] in RGB order.

    TIFF, PNG, JPEG, BMP and, with the extra ``tem``, DM3, DM4 and SER are recognised by their content. Orientation is applied, palettes and
    inks become RGB, "white is zero" is inverted, transparency is laid over white, colour profiles
    are not applied. 16-bit numbers stay as stored (see :func:`.pixel_values.whole_range`). The file
    is opened for reading only.

    Raises
    ------
    RenalFusionError
        ``image_missing``, ``image_is_folder``, ``image_empty``, ``image_unreadable``,
        ``image_not_recognised``, ``image_format_unsupported``, ``image_truncated``,
        ``image_too_small``, ``image_too_large``, ``image_page_missing``, ``image_not_finite``,
        ``image_value_range``, ``image_colours_unsupported``, ``image_is_no_picture`` or ``reader_missing``.
    """
    path = Path(path)
    with open_original(path) as file:
        image_format = recognise(file, path)
        if image_format is ImageFormat.TIFF:
            return read_tiff(file, path, page)
        if image_format.is_vendor:
            return read_vendor(path, image_format, page)
        return read_picture(file, image_format, path, page)


def read_info(path: Path | str, page: int = 0) -> ImageInfo:
    """Read size and number of pages from the header, without decoding; raises as ``read_image``."""
    path = Path(path)
    with open_original(path) as file:
        image_format = recognise(file, path)
        if image_format is ImageFormat.TIFF:
            with open_tiff(file, path) as tiff:
                height, width = tiff_shape(page_of(tiff, path, page))
                pages = len(tiff.pages)
        elif image_format.is_vendor:
            found = vendor_pages(path, image_format)
            if not 0 <= page < len(found):
                raise page_missing(path, page, len(found))
            (height, width), pages = found[page].values.shape[:2], len(found)
        else:
            height, width = picture_shape(open_picture(file, image_format, path))
            pages = 1
            if page != 0:
                raise page_missing(path, page, pages)
    check_size(height, width, path)
    return ImageInfo(height, width, pages, image_format)


def image_pages(path: Path | str) -> int:
    """Number of pages (at least 1) stored in the file; only the headers are read."""
    return read_info(path).pages
