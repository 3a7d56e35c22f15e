"""From the numbers stored in a file to pixels as shown: uint8 or uint16, grey or RGB, upright."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import RenalFusionError
from .names import readable


def blank(values: np.ndarray) -> bool:
    """Say whether an image [height, width] or [height, width, channels] shows nothing at all.

    True if no channel varies by more than two grey levels, as in a black or empty picture (two, so
    that JPEG rounding does not hide one). A negative immunofluorescence image has noise and is not blank.
    """
    return bool(np.all(values.max(axis=(0, 1)).astype(int) - values.min(axis=(0, 1)) <= 2))


def whole_range(values: np.ndarray, path: Path, bits: int | None = None) -> np.ndarray:
    """Turn stored numbers into uint8 or uint16.

    - uint8 and uint16 stay as stored, so 12-bit numbers kept in 16 bits stay below 4096: only the
      file could say that they are 12-bit, and few do.
    - A file that states ``bits`` of 1 to 7 or 9 to 15 is stretched to 8 or 16 bits.
    - Other whole numbers are taken as they are if they lie in 0..255 or 0..65535.
    - Fractions are accepted in 0..1 (stretched to uint16) or 0..255 (rounded to uint8).

    Raises
    ------
    RenalFusionError
        ``image_not_finite`` for NaN or infinity, ``image_value_range`` for anything else.
    """
    if values.dtype == bool:
        values, bits = values.astype(np.uint8), 1
    kind = values.dtype.kind
    if values.dtype in (np.uint8, np.uint16):
        full = np.iinfo(values.dtype).max
        if bits and 2**bits - 1 < full:
            stretched = values.astype(np.uint32) * full + (2**bits - 1) // 2
            return (stretched // (2**bits - 1)).clip(0, full).astype(values.dtype)
        return values.astype(values.dtype.newbyteorder("="), copy=False)
    if kind == "f" and not np.isfinite(values).all():
        raise RenalFusionError(
            "image_not_finite",
            f"The image {readable(path)} contains values that are not numbers (NaN or infinity)",
            path=path,
            remedy="Save it again as 8-bit or 16-bit TIFF in the program that wrote it.",
        )
    if kind in "iuf":
        low, high = values.min(), values.max()
        if kind == "f" and low >= 0 and high <= 1:
            return np.rint(values * np.float64(65535)).astype(np.uint16)
        if low >= 0 and high <= 255:
            return np.rint(values).astype(np.uint8)
        if kind != "f" and low >= 0 and high <= 65535:
            return values.astype(np.uint16)
        found = f"values from {low:g} to {high:g}"
    else:
        found = f"values of type {values.dtype}"
    raise RenalFusionError(
        "image_value_range",
        f"The image {readable(path)} has {found}, whose black and white are unknown",
        path=path,
        remedy="Save it as 8-bit or 16-bit TIFF in the program that wrote it, with the contrast you want.",
    )


def over_white(colours: np.ndarray, alpha: np.ndarray, *, premultiplied: bool = False) -> np.ndarray:
    """Lay a partly transparent image over white, the background of a light microscope.

    ``colours`` [height, width] or [height, width, 3] and ``alpha`` [height, width] share a dtype. An
    alpha channel that is 0 everywhere would hide the whole picture; it is a fourth channel that some
    programs leave empty, and is ignored.
    """
    full = np.iinfo(colours.dtype).max
    if (alpha == full).all() or not alpha.any():
        return colours
    weight = alpha.astype(np.float32) / full
    if colours.ndim == 3:
        weight = weight[..., None]
    shown = colours * (1 if premultiplied else weight) + (1 - weight) * np.float32(full)
    return np.rint(shown).clip(0, full).astype(colours.dtype)


def cmyk_to_rgb(inks: np.ndarray) -> np.ndarray:
    """Turn inks [height, width, 4] into RGB without a colour profile, as Pillow does."""
    full = np.iinfo(inks.dtype).max
    light = full - inks.astype(np.float32)
    return np.rint(light[..., :3] * (light[..., 3:] / full)).astype(inks.dtype)


def upright(values: np.ndarray, orientation: int) -> np.ndarray:
    """Turn or mirror an image [height, width, ...] as its EXIF or TIFF orientation 1..8 asks."""
    if orientation in (5, 6, 7, 8):
        values = np.swapaxes(values, 0, 1)
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    return np.ascontiguousarray(values)
