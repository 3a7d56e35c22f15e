"""How colours look to other eyes and in print, and whether they can be told apart: contrast and colour difference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Machado, Oliveira and Fernandes 2009, table 1: deuteranomaly of severity 1.0, for linear RGB.
_DEUTERANOPIA = np.array(
    [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]
)
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = np.array([0.95047, 1.0, 1.08883])


def linear(colour: np.ndarray) -> np.ndarray:
    """SRGB values (0 to 1, any shape [..., 3]) as linear light (IEC 61966-2-1)."""
    colour = np.asarray(colour, dtype=float)
    return np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)


def encoded(light: np.ndarray) -> np.ndarray:
    """Linear light as sRGB values from 0 to 1; what no screen shows is cut off."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def deuteranopia(colour: np.ndarray) -> np.ndarray:
    """SRGB values [..., 3] as a person without green cones sees them (Machado 2009, severity 1)."""
    return encoded(linear(colour) @ _DEUTERANOPIA.T)


def greyscale(colour: np.ndarray) -> np.ndarray:
    """SRGB values [..., 3] as a printer without colours shows them: equal luminance."""
    return np.repeat(encoded(linear(colour) @ _LUMINANCE)[..., None], 3, axis=-1)


def simulated(picture: np.ndarray, how: str) -> np.ndarray:
    """A picture uint8 [h, w, 3] as ``deuteranopia`` or ``greyscale`` shows it."""
    see = {"deuteranopia": deuteranopia, "greyscale": greyscale}[how]
    return np.rint(255 * see(picture / 255)).astype(np.uint8)


def luminance(colour: Sequence[float] | np.ndarray) -> float:
    """Relative luminance of one sRGB colour (WCAG 2)."""
    return float(linear(np.asarray(colour)[:3]) @ _LUMINANCE)


def contrast(one: Sequence[float] | np.ndarray, other: Sequence[float] | np.ndarray) -> float:
    """Contrast of two sRGB colours, from 1 to 21 (WCAG 2): (L1 + 0.05) / (L2 + 0.05)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def difference(one: Sequence[float] | np.ndarray, other: Sequence[float] | np.ndarray) -> float:
    """Colour difference Delta E*ab (CIE 1976) of two sRGB colours; 2.3 is just noticeable side by side."""
    return float(np.linalg.norm(_lab(one) - _lab(other)))


def readable(colour: str, ground: str, least: float = 3.0) -> str:
    """The colour, if needed darker (on light ground) or lighter, so that it has ``least`` contrast; ``#rrggbb``."""
    from matplotlib.colors import to_hex, to_rgb

    light, end = linear(to_rgb(colour)), (0.0 if luminance(to_rgb(ground)) > 0.18 else 1.0)
    for share in np.linspace(0, 1, 101):
        mixed = encoded((1 - share) * light + share * end)
        # Rounded to the values that a screen has.
        if contrast(to_rgb(found := to_hex(mixed)), to_rgb(ground)) >= least:
            return found
    return found


def _lab(colour: Sequence[float] | np.ndarray) -> np.ndarray:
    xyz = _TO_XYZ @ linear(np.asarray(colour)[:3]) / _WHITE
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])
