"""The strip with scale bar and caption that a microscope burns into the bottom of a micrograph."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

LEGEND_SHARE = 108 / 2048
"""Part of the height that the strip takes: the published preprocessing cuts 2048 rows to 1940."""


def legend_rows(height: int) -> int:
    """Rows of the strip in an image of ``height`` rows."""
    return round(height * LEGEND_SHARE)


def scale_bar(width: int, pixel: float) -> tuple[float, str, int]:
    """A round length of about a fifth of the width: nm, its caption, pixels."""
    wanted = 0.2 * width * pixel
    power = 10 ** np.floor(np.log10(wanted))
    length = float(max(step * power for step in (1, 2, 5) if step * power <= wanted))
    caption = f"{length / 1000:g} um" if length >= 1000 else f"{length:g} nm"
    return length, caption, round(length / pixel)


def with_legend(pixels: np.ndarray, pixel: float, magnification: float, index: int) -> np.ndarray:
    """Grey uint8 ``pixels`` [h, w] with the strip over the last rows; ``pixel`` in nm."""
    height, width = pixels.shape
    rows = legend_rows(height)
    detail = max(1, -(-54 // max(1, rows)))
    strip = Image.new("L", (width * detail, rows * detail), 12)
    draw = ImageDraw.Draw(strip)
    tall = rows * detail
    font = ImageFont.load_default(size=max(6, tall * 0.42))
    _, caption, bar = scale_bar(width, pixel)
    left = tall // 2
    draw.rectangle([left, tall * 0.62, left + bar * detail, tall * 0.72], fill=240)
    draw.text((left + bar * detail / 2, tall * 0.55), caption, fill=240, font=font, anchor="ms")
    text = f"x{magnification:,.0f}   80 kV   field {index + 1:02d}"
    draw.text((width * detail - left, tall * 0.5), text, fill=240, font=font, anchor="rm")
    drawn = pixels.copy()
    drawn[height - rows :] = np.asarray(strip.resize((width, rows), Image.Resampling.BOX))
    return drawn
