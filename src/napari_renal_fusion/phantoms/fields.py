"""Noise, distances and coverage in physical units, so that a picture does not depend on its size in pixels."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from PIL import Image


class Seeds:
    """A tree of random streams addressed by name: a new name never changes another stream."""

    def __init__(self, *entropy: int):
        self._entropy = entropy

    def child(self, *names: str | int) -> Seeds:
        """The branch called ``names``."""
        return Seeds(*self._entropy, *(zlib.crc32(str(name).encode()) for name in names))

    def rng(self, *names: str | int) -> np.random.Generator:
        """A fresh generator for ``names``, the same one at every call."""
        sequence = np.random.SeedSequence(self.child(*names)._entropy)
        return np.random.Generator(np.random.PCG64(sequence))


@dataclass(frozen=True)
class Frame:
    """A rectangle of tissue and the pixels that cover it.

    ``width`` and ``height`` are pixels; ``span`` is the height of the field in a length unit of the
    caller's choice (um or nm), which all other lengths share. The origin is the centre, y points down.
    """

    width: int
    height: int
    span: float

    @property
    def pixel(self) -> float:
        """Length of a pixel's side."""
        return self.span / self.height

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.width, self.height

    @property
    def extent(self) -> tuple[float, float]:
        """(width, height) of the field as lengths."""
        return self.span * self.width / self.height, self.span

    def coarse(self, cell: float) -> Frame:
        """The same field with pixels of about ``cell``; the result depends on the shape only, not on the size."""
        height = max(2, round(self.span / cell))
        return Frame(max(2, round(height * self.width / self.height)), height, self.span)

    def at_least(self, height: int) -> Frame:
        """The same field with at least ``height`` rows: small pictures are drawn larger, then averaged down."""
        times = -(-height // self.height)
        return Frame(self.width * times, self.height * times, self.span)

    def axes(self) -> tuple[np.ndarray, np.ndarray]:
        """Pixel centres: x [1, width] and y [height, 1], float32."""
        wide, high = self.extent
        x = (np.arange(self.width, dtype=np.float32) + 0.5) * (wide / self.width) - wide / 2
        y = (np.arange(self.height, dtype=np.float32) + 0.5) * (high / self.height) - high / 2
        return x[None, :], y[:, None]

    def grid(self) -> tuple[np.ndarray, np.ndarray]:
        """Pixel centres as two full planes [height, width], float32."""
        x, y = self.axes()
        return np.broadcast_to(x, (self.height, self.width)), np.broadcast_to(y, (self.height, self.width))

    def index(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Row and column of the pixels that hold the points, clipped to the frame."""
        wide, high = self.extent
        column = ((np.asarray(x) + wide / 2) / wide * self.width).astype(int)
        row = ((np.asarray(y) + high / 2) / high * self.height).astype(int)
        return row.clip(0, self.height - 1), column.clip(0, self.width - 1)


def resample(plane: np.ndarray, size: tuple[int, int], method: int = Image.Resampling.BICUBIC) -> np.ndarray:
    """Plane [h, w] at another (width, height), float32; averages when it shrinks."""
    if (plane.shape[1], plane.shape[0]) == tuple(size):
        return np.asarray(plane, np.float32)
    picture = Image.fromarray(np.ascontiguousarray(plane, np.float32))
    return np.asarray(picture.resize(size, method))


def shrink(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Area average of uint8 pixels [h, w] or [h, w, 3] to (width, height)."""
    if (pixels.shape[1], pixels.shape[0]) == tuple(size):
        return pixels
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX))


def noise(seeds: Seeds, frame: Frame, cell: float, stretch: float = 1.0) -> np.ndarray:
    """One octave of smooth noise of unit lattice variance; ``stretch`` lengthens it along x."""
    lattice = frame.coarse(cell)
    columns = max(2, round(lattice.width / stretch))
    values = seeds.rng("lattice").standard_normal((lattice.height, columns), dtype=np.float32)
    return resample(values, frame.size)


def fractal(
    seeds: Seeds, frame: Frame, coarsest: float, finest: float, persistence: float = 0.6
) -> np.ndarray:
    """Octaves of noise from ``coarsest`` to ``finest``, each ``persistence`` times the last.

    Octaves clearly finer than a pixel are left out: they average to nothing. Small frames therefore show a
    blurred version of what large frames show.
    """
    total, weight, cell, octave = None, 1.0, coarsest, 0
    while cell >= finest * 0.99 and (octave == 0 or cell >= 0.7 * frame.pixel):
        lattice = frame.coarse(cell)
        values = seeds.rng(octave).standard_normal((lattice.height, lattice.width), dtype=np.float32)
        values *= np.float32(weight)
        total = values if total is None else resample(total, lattice.size) + values
        weight, cell, octave = weight * persistence, cell / 2, octave + 1
    return resample(total, frame.size)


def inside(depth: np.ndarray, pixel: float, softness: float = 0.0) -> np.ndarray:
    """Share of a pixel covered by the region where ``depth`` > 0 (depth in lengths), float32 in [0, 1]."""
    share = np.multiply(depth, np.float32(1 / max(pixel, softness)), dtype=np.float32)
    share += np.float32(0.5)
    return np.clip(share, 0, 1, out=share)


def band(
    distance: np.ndarray, half_width: float | np.ndarray, pixel: float, softness: float = 0.0
) -> np.ndarray:
    """Share of a pixel covered by the line where |``distance``| < ``half_width``."""
    return inside(half_width - np.abs(distance), pixel, softness)


def smooth_step(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 below ``low``, 1 above ``high``, smooth between."""
    t = np.asarray(np.subtract(values, low, dtype=np.float32))
    t /= np.subtract(high, low, dtype=np.float32)
    np.clip(t, 0, 1, out=t)
    bend = np.float32(3) - 2 * t
    bend *= t
    bend *= t
    return bend


def window(frame: Frame, x: float, y: float, reach: float) -> tuple[slice, slice]:
    """Rows and columns within ``reach`` of a point; empty slices when it is outside the frame."""
    wide, high = frame.extent
    column, row, radius = (x + wide / 2) / frame.pixel, (y + high / 2) / frame.pixel, reach / frame.pixel
    rows = slice(max(0, int(row - radius)), max(0, min(frame.height, int(row + radius) + 2)))
    columns = slice(max(0, int(column - radius)), max(0, min(frame.width, int(column + radius) + 2)))
    return rows, columns


@dataclass
class Cells:
    """Nearest-centre cells on a frame: distance to the nearest and second nearest centre, index of the nearest."""

    nearest: np.ndarray
    second: np.ndarray
    index: np.ndarray

    @property
    def edge(self) -> np.ndarray:
        """About the distance to the border between two cells, positive inside."""
        return (self.second - self.nearest) / 2


def cells(frame: Frame, x: np.ndarray, y: np.ndarray, centres: np.ndarray, reach: float) -> Cells:
    """Cells around ``centres`` [n, 5] (x, y, half length, angle, bonus): segments, not points.

    ``x`` and ``y`` [h, w] are (possibly warped) coordinates of the frame. Only pixels within ``reach`` of a
    centre are visited, so the cost grows with the tissue drawn and not with the number of centres.
    """
    shape = (frame.height, frame.width)
    nearest = np.full(shape, reach * 4, np.float32)
    second = np.full(shape, reach * 4, np.float32)
    index = np.full(shape, -1, np.int32)
    for number, (cx, cy, half, angle, bonus) in enumerate(centres.tolist()):
        part = window(frame, cx, cy, reach + half)
        dx, dy = x[part] - np.float32(cx), y[part] - np.float32(cy)
        if dx.size == 0:
            continue
        if half > 0:
            along = dx * np.float32(np.cos(angle)) + dy * np.float32(np.sin(angle))
            along = along.clip(-half, half)
            dx, dy = dx - along * np.float32(np.cos(angle)), dy - along * np.float32(np.sin(angle))
        distance = np.sqrt(dx * dx + dy * dy) - np.float32(bonus)
        first = nearest[part]
        closer = distance < first
        second[part] = np.where(closer, first, np.minimum(second[part], distance))
        nearest[part] = np.where(closer, distance, first)
        index[part][closer] = number
    return Cells(nearest, second, index)


def ellipses(frame: Frame, shapes: np.ndarray, reach: float = 3.0) -> np.ndarray:
    """Depth inside the union of ellipses [n, 5] (x, y, half long axis, half short axis, angle), negative outside."""
    depth = np.full((frame.height, frame.width), -reach, np.float32)
    if len(shapes) == 0:
        return depth
    pixel, (wide, high) = frame.pixel, frame.extent
    radius = int((shapes[:, 2].max() + reach) / pixel) + 1
    steps = np.arange(-radius, radius + 1)
    batch = max(1, 400_000 // len(steps) ** 2)
    for first in range(0, len(shapes), batch):
        cx, cy, long, short, angle = shapes[first : first + batch].astype(np.float32).T[..., None, None]
        column = ((cx + wide / 2) / pixel).astype(np.int64) + steps[None, None, :]
        row = ((cy + high / 2) / pixel).astype(np.int64) + steps[None, :, None]
        dx = (column + 0.5).astype(np.float32) * np.float32(pixel) - np.float32(wide / 2) - cx
        dy = (row + 0.5).astype(np.float32) * np.float32(pixel) - np.float32(high / 2) - cy
        cos, sin = np.cos(angle), np.sin(angle)
        u, v = (dx * cos + dy * sin) / long, (dy * cos - dx * sin) / short
        here = short * (1 - np.sqrt(u * u + v * v))
        shown = (here > -reach) & (column >= 0) & (column < frame.width) & (row >= 0) & (row < frame.height)
        place = row * frame.width + column
        np.maximum.at(depth.reshape(-1), place[shown], here[shown])
    return depth


def scatter(
    rng: np.random.Generator, extent: tuple[float, float], spacing: float, jitter: float = 0.8
) -> np.ndarray:
    """Points [n, 2] on a jittered hexagonal lattice that covers ``extent`` and one spacing beyond."""
    wide, high = extent[0] / 2 + spacing, extent[1] / 2 + spacing
    ys, xs = np.meshgrid(
        np.arange(-high, high, spacing * 0.87), np.arange(-wide, wide, spacing), indexing="ij"
    )
    xs = xs + (np.arange(xs.shape[0]) % 2)[:, None] * spacing / 2
    points = np.stack([xs.ravel(), ys.ravel()], 1)
    return points + rng.uniform(-0.5, 0.5, points.shape) * jitter * spacing


def open_only(depth: np.ndarray, index: np.ndarray, least: float, sink: float) -> np.ndarray:
    """Depth with every numbered region that is nowhere deeper than ``least`` sunk by ``sink``.

    A region that hardly reaches the surface would otherwise turn into a blot of wall.
    """
    deepest = np.full(int(index.max()) + 2, -np.inf, np.float32)
    np.maximum.at(deepest, index.ravel(), depth.ravel())
    return depth - np.where(deepest < least, np.float32(sink), np.float32(0))[index]
