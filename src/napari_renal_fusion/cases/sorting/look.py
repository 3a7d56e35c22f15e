"""What a picture looks like, judged from a thumbnail: bright colour, dark fluorescence, or grey electrons."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..modality import Modality


@dataclass(frozen=True)
class Look:
    """What the pixels of one image say.

    Attributes
    ----------
    height, width
        Size of the image in pixels.
    modality, sure, why
        What it looks like, how surely (0 to 1), and the reason.
    stain, stain_sure
        Stain guessed from the colours of a light image; never surer than 0.45.
    colour
        Seven numbers from 0 to 1 that describe the colours: mean of each channel, mean saturation, and
        the 2nd, 50th and 98th percentile of brightness.
    strip
        Share of the height at the bottom that looks like a burnt-in legend; 0 if none does.
    thumbnail
        uint8 [h, w, 3].
    electron
        Whether the file's format or its tags say that an electron microscope wrote it.
    """

    height: int
    width: int
    modality: Modality | None
    sure: float
    why: str
    stain: str | None = None
    stain_sure: float = 0.0
    colour: tuple[float, ...] = ()
    strip: float = 0.0
    thumbnail: np.ndarray | None = field(default=None, compare=False, repr=False)
    electron: bool = False


def look_at(thumbnail: np.ndarray, height: int, width: int) -> Look:
    """Judge a picture of ``height`` x ``width`` pixels from its thumbnail, uint8 [h, w, 3]."""
    strip = _strip(thumbnail.mean(axis=2))
    kept = thumbnail[: round(len(thumbnail) * (1 - strip))] if strip else thumbnail
    rgb = kept.reshape(-1, 3).astype(np.float32) / 255
    grey, chroma = rgb.mean(axis=1), rgb.max(axis=1) - rgb.min(axis=1)
    low, middle, high = np.percentile(grey, (2, 50, 98))
    red, green, blue = (float(value) for value in rgb.mean(axis=0))
    colour = tuple(round(float(value), 4) for value in (red, green, blue, chroma.mean(), low, middle, high))

    def look(modality: Modality | None, sure: float, why: str, stain: str | None = None, share: float = 0.0):
        return Look(height, width, modality, sure, why, stain, share, colour, strip, thumbnail)

    if rgb.max() - rgb.min() <= 3 / 255:
        return look(None, 0.0, "the picture is blank")
    if chroma.mean() < 0.02 and np.percentile(chroma, 99) < 0.08:
        return look(*_grey(low, middle, high, strip))
    dark = float((grey < 0.25).mean())
    strongest = max((red, "red"), (green, "green"), (blue, "blue"))
    others = sorted((red, green, blue))[:2]
    if middle < 0.25 and dark > 0.7:
        sure = 0.93 if dark > 0.9 else 0.75
        return look(Modality.IM, sure, f"a dark field with {strongest[1]} light")
    if strongest[1] == "green" and green > 1.5 * max(others):
        return look(Modality.IM, 0.8, "nothing but green light")
    if chroma.mean() < 0.2 and _toned(rgb, grey):
        # Silver on a pale counterstain comes near this too, so it never outweighs a name.
        return look(Modality.TEM, 0.45, "one tone from dark to light: a toned electron micrograph?")
    if middle > 0.3:
        stain, share = _stain(rgb, grey, chroma)
        return look(
            Modality.OM, 0.93 if chroma.mean() > 0.05 else 0.75, "a bright field in colour", stain, share
        )
    return look(Modality.OM, 0.45, "a rather dark picture in colour")


def _grey(low: float, middle: float, high: float, strip: float) -> tuple[Modality | None, float, str]:
    if strip:
        return Modality.TEM, 0.95, "grey, with a legend strip at the bottom"
    if middle < 0.2 and high - middle > 2 * (middle - low):
        return Modality.IM, 0.5, "dark grey with few bright places: fluorescence without colours?"
    if high < 0.15:
        return Modality.IM, 0.5, "almost black: negative fluorescence?"
    return Modality.TEM, 0.9, "grey from dark to light, as an electron micrograph"


def _strip(grey: np.ndarray) -> float:
    """Share of the height taken by a bottom strip of one tone with little in it, across the whole width.

    ``grey`` [h, w] in 0..255. A strip has an edge that runs across the whole picture: above it the rows
    are as varied as the image, below it most pixels of every row have the strip's own tone.
    """
    rows = len(grey)
    best = 0.0
    for share in (0.03, 0.04, 0.05, 0.0625, 0.08, 0.1, 0.125):
        count = max(3, round(rows * share))
        strip, above = grey[rows - count :], grey[rows - 2 * count - 1 : rows - count - 1]
        tone = np.median(strip)
        flat = (np.abs(strip - tone) < 10).mean(axis=1)
        if flat.min() > 0.5 and flat.mean() > 0.65 and (np.abs(above - tone) < 10).mean() < 0.3:
            best = count / rows
    return best


def _toned(rgb: np.ndarray, grey: np.ndarray) -> bool:
    """Whether every channel is a function of brightness alone: sepia, or a grey picture with a tint."""
    bins = np.minimum((grey * 16).astype(int), 15)
    counts = np.maximum(np.bincount(bins, minlength=16), 1)
    for channel in range(3):
        means = np.bincount(bins, rgb[:, channel] - grey, minlength=16) / counts
        if np.abs(rgb[:, channel] - grey - means[bins]).mean() > 0.008:
            return False
    return True


def _stain(rgb: np.ndarray, grey: np.ndarray, chroma: np.ndarray) -> tuple[str | None, float]:
    """A stain that the colours make likely; HE and PAS are too alike to be told apart by colour alone."""
    tissue = grey < 0.85
    if tissue.mean() < 0.1:
        return None, 0.0
    red, green, _ = rgb[tissue].T
    coloured = chroma[tissue] > 0.08
    # Purple nuclei are bluer than red but never greener: only collagen in aniline blue or light green is.
    if ((green > red + 0.03) & coloured).mean() > 0.2:
        return "Masson", 0.45
    black = (grey[tissue] < 0.25) & (chroma[tissue] < 0.15)
    if black.mean() > 0.04 and chroma[tissue].mean() < 0.2:
        return "PASM", 0.4
    return None, 0.0
