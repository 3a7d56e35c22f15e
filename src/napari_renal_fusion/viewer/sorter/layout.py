"""Where headings and thumbnails stand in a gallery of a given width; numbers only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qtpy.QtCore import QRect

from .sections import Section


@dataclass(frozen=True)
class Measures:
    """Pixels: width and height of a picture, height of a line of text, the distance between things."""

    width: int
    height: int
    line: int
    gap: int

    @property
    def tile(self) -> int:
        """Height of a picture with its two lines."""
        return self.height + 2 * self.line + self.gap // 2


@dataclass(frozen=True)
class Tile:
    """One image; ``row`` counts all rows of the gallery from 0."""

    name: str
    rect: QRect
    row: int


@dataclass(frozen=True)
class Words:
    """A heading or the name of a cluster, and the images that a click on it chooses."""

    text: str
    rect: QRect
    names: tuple[str, ...]
    heading: bool
    note: str = ""


@dataclass(frozen=True)
class Layout:
    """Everything that stands in the gallery, from top to bottom."""

    tiles: tuple[Tile, ...] = ()
    words: tuple[Words, ...] = ()
    height: int = 0

    def beside(self, name: str, rows: int) -> str:
        """The image nearest to ``name`` some rows further down (or up); itself where there is none."""
        here = next((tile for tile in self.tiles if tile.name == name), None)
        if here is None:
            return self.tiles[0].name if self.tiles else ""
        last = max(tile.row for tile in self.tiles)
        row = min(max(here.row + rows, 0), last)
        if row == here.row:
            return name
        there = [tile for tile in self.tiles if tile.row == row]
        middle = here.rect.center().x()
        return min(there, key=lambda tile: abs(tile.rect.center().x() - middle)).name


def lay_out(sections: Sequence[Section], width: int, measures: Measures) -> Layout:
    """Flow the images of each section into rows; clusters follow each other with their names above them."""
    across, gap = measures.width + measures.gap, measures.gap
    columns = max(1, (width - gap) // across)
    tiles: list[Tile] = []
    words: list[Words] = []
    top, row = gap, -1
    for section in sections:
        words.append(
            Words(section.title, QRect(gap, top, width - 2 * gap, measures.line + gap // 2), section.names, True,
                  section.note)
        )  # fmt: skip
        top += measures.line + gap
        label = measures.line if any(cluster.title for cluster in section.clusters) else 0
        column = 0
        row += 1
        for cluster in section.clusters:
            # Two names side by side must not run into each other, and the first image tells where a cluster begins.
            for place, name in enumerate(cluster.names):
                if column == columns:
                    column, row, top = 0, row + 1, top + label + measures.tile + gap
                left = gap + column * across
                if place == 0 and cluster.title:
                    room = min(len(cluster.names), columns - column) * across - gap
                    words.append(
                        Words(cluster.title, QRect(left, top, room, measures.line), cluster.names, False)
                    )
                tiles.append(Tile(name, QRect(left, top + label, measures.width, measures.tile), row))
                column += 1
        top += label + measures.tile + 2 * gap
    return Layout(tuple(tiles), tuple(words), top)
