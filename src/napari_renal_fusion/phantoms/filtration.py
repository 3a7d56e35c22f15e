"""The filtration barrier in electron microscopy: capillary loops, basement membrane, foot processes, deposits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from .fields import Frame, window

_STEP = 10.0
"""nm between entries of the tables along a membrane."""
_TURN = 8192
"""Entries of the tables around a loop: 3 nm apart on a large one."""
_REACH = 5000.0
"""nm; nothing further outside a loop is drawn relative to it."""


@dataclass
class Loop:
    """One capillary loop: the middle of its basement membrane is the curve radius(angle) around (x, y), in nm."""

    x: float
    y: float
    angles: np.ndarray
    radii: np.ndarray
    slopes: np.ndarray
    lengths: np.ndarray

    @property
    def length(self) -> float:
        """Length of the membrane in nm."""
        return float(self.lengths[-1])

    def point(self, angle: float, inward: float = 0.0) -> tuple[float, float]:
        """The point on the membrane at ``angle``, moved ``inward`` nm."""
        radius = float(np.interp(np.angle(np.exp(1j * angle)), self.angles, self.radii)) - inward
        return self.x + radius * np.cos(angle), self.y + radius * np.sin(angle)


def loop(rng: np.random.Generator, x: float, y: float, radius: float, long: float) -> Loop:
    """A smooth closed curve, elongated by ``long``, with a few gentle folds."""
    angles = np.linspace(-np.pi, np.pi, 721)
    amplitudes = np.array([0.0, long, 0.06, 0.045, 0.03, 0.018]) * rng.uniform(0.4, 1.2, 6)
    phases = rng.uniform(0, 2 * np.pi, 6)
    orders = np.arange(1, 7)
    radii = radius * (1 + (amplitudes * np.cos(angles[:, None] * orders + phases)).sum(1))
    slopes = np.gradient(radii, angles)
    steps = np.hypot(radii, slopes) * (angles[1] - angles[0])
    lengths = np.concatenate([[0], np.cumsum((steps[1:] + steps[:-1]) / 2)])
    return Loop(x, y, angles, radii, slopes, lengths)


@dataclass
class Barrier:
    """Planes [h, w] in nm around the nearest loop: ``across`` from the middle of the membrane (positive on the
    urinary side), ``along`` it, and the number of the ``nearest`` loop.
    """

    loops: list[Loop]
    across: np.ndarray
    along: np.ndarray
    nearest: np.ndarray

    @property
    def length(self) -> float:
        """Length of all membranes in nm; ``along`` runs from 0 to it."""
        return sum(one.length for one in self.loops)


def barrier(frame: Frame, loops: list[Loop], bend: tuple[np.ndarray, np.ndarray]) -> Barrier:
    """Coordinates of every pixel of ``frame`` (nm) relative to the nearest loop; ``bend`` moves the pixels."""
    x, y = frame.grid()
    x, y = x + bend[0], y + bend[1]
    across = np.full((frame.height, frame.width), 1e6, np.float32)
    along, nearest = np.zeros_like(across), np.zeros(across.shape, np.int8)
    start = 0.0
    for number, one in enumerate(loops):
        part = window(frame, one.x, one.y, float(one.radii.max()) + _REACH)
        dx, dy = x[part] - np.float32(one.x), y[part] - np.float32(one.y)
        entry = ((np.arctan2(dy, dx) + np.float32(np.pi)) * np.float32(_TURN / (2 * np.pi))).astype(np.int32)
        turn = np.linspace(-np.pi, np.pi, _TURN + 1)
        radius, length, slope = (
            np.interp(turn, one.angles, values).astype(np.float32)
            for values in (one.radii, one.lengths + start, 1 / np.hypot(1, one.slopes / one.radii))
        )
        here = (np.sqrt(dx * dx + dy * dy) - radius[entry]) * slope[entry]
        closer = here < across[part]
        np.copyto(across[part], here, where=closer)
        np.copyto(along[part], length[entry], where=closer)
        nearest[part][closer] = number
        start += one.length
    return Barrier(loops, across, along, nearest)


class Profile:
    """Values along the membrane, looked up for every pixel."""

    def __init__(self, place: Barrier):
        self.count = int(place.length / _STEP) + 2
        self.entry = np.clip((place.along / np.float32(_STEP)).astype(np.int32), 0, self.count - 1)
        self.axis = np.arange(self.count, dtype=np.float32) * _STEP

    def wave(self, rng: np.random.Generator, scale: float) -> np.ndarray:
        """Smooth unit noise along the membrane with features of ``scale`` nm, looked up [h, w]."""
        return self.look(self.table(rng, scale))

    def table(self, rng: np.random.Generator, scale: float) -> np.ndarray:
        """Smooth unit noise as a table along the membrane."""
        raw = gaussian_filter1d(rng.standard_normal(self.count), scale / _STEP, mode="wrap")
        return (raw / raw.std()).astype(np.float32)

    def look(self, table: np.ndarray) -> np.ndarray:
        """A table (one value every 10 nm) for every pixel."""
        return table[self.entry]

    def nearest(self, positions: np.ndarray) -> np.ndarray:
        """Which of the sorted ``positions`` is nearest, as a table."""
        return np.searchsorted((positions[1:] + positions[:-1]) / 2, self.axis)


@dataclass
class Row:
    """Things side by side along the membrane: where, how wide (half) and how high, in nm."""

    at: np.ndarray
    half: np.ndarray
    high: np.ndarray
    lean: np.ndarray


def feet(rng: np.random.Generator, length: float, effacement: float) -> Row:
    """Foot processes: about 340 nm wide with slits between, or long effaced sheets."""
    count = int(length / 200) + 4
    width = rng.gamma(9, 36, count).clip(160, 620)
    sheet = rng.random(count) < effacement**1.5 * 0.6
    width = np.where(sheet, rng.uniform(1400, 4200, count), width)
    edges = np.cumsum(width + rng.uniform(35, 75, count)) - width.mean()
    keep = edges - width < length + 500
    high = np.where(sheet, rng.uniform(170, 330, count), rng.gamma(7, 58, count).clip(190, 900))
    return Row((edges - width / 2)[keep], width[keep] / 2, high[keep], rng.normal(0, 0.3, count)[keep])


def humps(rng: np.random.Generator, length: float, amount: float, wide: tuple[float, float], high: tuple[float, float],
          gap: float) -> Row:  # fmt: skip
    """Deposits along the membrane, about ``gap`` apart at ``amount`` 1, fewer below; possibly none."""
    count = int(length / (wide[0] * 2)) + 2
    half = rng.uniform(*wide, count)
    pitch = 2 * half + rng.gamma(4, gap / 4, count)
    at = np.cumsum(pitch) - pitch / 2
    keep = (rng.random(count) < min(1.0, amount)) & (at < length)
    rise = rng.uniform(*high, count)
    return Row(at[keep], half[keep], rise[keep], rng.normal(0, 0.12, count)[keep])
