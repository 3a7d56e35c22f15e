"""Reading PNG, JPEG and BMP files with Pillow, never silently half-decoded."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import BmpImagePlugin, Image, JpegImagePlugin, PngImagePlugin

from .image_formats import ImageFormat, check_size, damaged, page_missing
from .pixel_values import over_white, upright, whole_range

_READERS = {
    ImageFormat.PNG: PngImagePlugin.PngImageFile,
    ImageFormat.JPEG: JpegImagePlugin.JpegImageFile,
    ImageFormat.BMP: BmpImagePlugin.BmpImageFile,
}
_PNG_END = b"IEND\xaeB`\x82"
# A marker inside compressed JPEG data: not a stuffed zero, not a restart marker, not padding.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")


def open_picture(file: BinaryIO, image_format: ImageFormat, path: Path) -> Image.Image:
    """Read the header only. Pixels stay undecoded, so that their number can be checked first.

    The reader is named outright instead of ``Image.open``, whose own limit on pixels is one global
    number for every plugin of the program.
    """
    try:
        picture = _READERS[image_format](file)
    except Exception as error:
        raise damaged(path, error) from error
    check_size(picture.height, picture.width, path)
    return picture


def picture_shape(picture: Image.Image) -> tuple[int, int]:
    """Height and width as shown, after the orientation is applied."""
    width, height = picture.size
    return (width, height) if _orientation(picture) >= 5 else (height, width)


def read_picture(file: BinaryIO, image_format: ImageFormat, path: Path, page: int) -> np.ndarray:
    """Decode a PNG, JPEG or BMP file: uint8 or uint16, [height, width] or [height, width, 3].

    These formats have one page; further frames of an animated PNG are ignored.
    """
    picture = open_picture(file, image_format, path)
    if page != 0:
        raise page_missing(path, page, 1)
    try:
        file.seek(0)
        data = file.read()
        _check_complete(data, image_format)
        if image_format is ImageFormat.PNG and data[24] == 16 and data[25] in (2, 4, 6):
            values, alpha = _decode_deep_png(data)
        else:
            values, alpha = _decode(_READERS[image_format](io.BytesIO(data)))
    except Exception as error:
        raise damaged(path, error) from error
    values = whole_range(values, path)
    if alpha is not None:
        values = over_white(values, alpha)
    return upright(values, _orientation(picture))


def read_reduced(picture: Image.Image, path: Path, least: int) -> tuple[np.ndarray, tuple[int, int]]:
    """Decode a JPEG at the smallest of its built-in reductions whose longer side keeps ``least`` pixels.

    Returns uint8 [h, w, 3], upright, and the (height, width) of the whole image as shown. For thumbnails:
    whether the file is complete is not checked beyond what the decoder notices.
    """
    shape = picture_shape(picture)
    try:
        orientation = _orientation(picture)
        factor = least / max(picture.size)
        picture.draft("RGB", (max(1, int(picture.width * factor)), max(1, int(picture.height * factor))))
        values = np.asarray(picture.convert("RGB"))
    except Exception as error:
        raise damaged(path, error) from error
    return upright(values, orientation), shape


def _check_complete(data: bytes, image_format: ImageFormat) -> None:
    """Raise if the file's own end mark is missing; both decoders would fill the rest with grey or black."""
    if image_format is ImageFormat.PNG and _PNG_END not in data:
        raise ValueError("the end of the file is missing")
    if image_format is ImageFormat.JPEG and not _jpeg_ends(data):
        raise ValueError("the end of the image is missing")


def _jpeg_ends(data: bytes) -> bool:
    """Walk the segments of a JPEG file to its end marker; a copy cut short, even if padded, has none."""
    position = 2
    while position + 4 <= len(data):
        if data[position] != 0xFF:
            return False
        marker = data[position + 1]
        if marker == 0xFF:  # fill byte before a marker
            position += 1
            continue
        if marker == 0xD9:
            return True
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        if marker == 0xDA:
            found = _NEXT_MARKER.search(data, position)
            if found is None:
                return False
            position = found.start()
    return data[position : position + 2] == b"\xff\xd9"


def _decode(picture: Image.Image) -> tuple[np.ndarray, np.ndarray | None]:
    """Decode to grey or RGB, and alpha if there is one."""
    if picture.mode == "1":
        picture = picture.convert("L")
    elif picture.mode in ("L", "P", "RGB") and "transparency" in picture.info:
        picture = picture.convert("RGBA")
    elif picture.mode in ("P", "CMYK", "YCbCr"):
        picture = picture.convert("RGB")  # Pillow has already undone Adobe's inverted inks
    elif picture.mode == "PA":
        picture = picture.convert("RGBA")
    values = np.array(picture)
    if picture.mode in ("LA", "RGBA"):
        colours = values[..., 0] if picture.mode == "LA" else values[..., :3]
        return colours, values[..., -1]
    return values.astype(np.uint16) if picture.mode == "I" else values, None


def _decode_deep_png(data: bytes) -> tuple[np.ndarray, np.ndarray | None]:
    """Decode a 16-bit colour or alpha PNG in full; Pillow keeps only the upper 8 bits."""
    import imagecodecs

    values = imagecodecs.png_decode(data)
    channels = values.shape[2]
    if channels == 2:
        return values[..., 0], values[..., 1]
    return values[..., :3], values[..., 3] if channels == 4 else None


def _orientation(picture: Image.Image) -> int:
    try:
        if picture.format == "PNG":  # its getexif() decodes the pixels when no EXIF comes before them
            exif = Image.Exif()
            exif.load(picture.info.get("exif", b""))
        else:
            exif = picture.getexif()
        return int(exif.get(0x0112, 1))
    except Exception:  # damaged EXIF says nothing about the pixels
        return 1
