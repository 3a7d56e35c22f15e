"""What was measured on images: lines in image pixels, by image."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from ...cases import PixelSize

Place = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """Two places on an image, (row, column) in its pixels."""

    start: Place
    end: Place

    @property
    def pixels(self) -> float:
        return math.dist(self.start, self.end)

    def um(self, size: PixelSize) -> float:
        """Its length in micrometres; pixels are square."""
        return self.pixels * size.um


@dataclass
class Measurements:
    """The lines of every image, by case code and key, as long as the window is open.

    They are in pixels, so another pixel size changes no line.
    """

    lines: dict[tuple[str, str], list[Line]] = field(default_factory=dict)

    def of(self, key: tuple[str, str]) -> tuple[Line, ...]:
        return tuple(self.lines.get(key, ()))

    def add(self, key: tuple[str, str], line: Line) -> None:
        self.lines.setdefault(key, []).append(line)

    def delete(self, key: tuple[str, str], place: int) -> None:
        """Delete one line of an image by its place in the list."""
        found = self.lines.get(key, [])
        if 0 <= place < len(found):
            del found[place]
