"""The image whose outlines are shown: what the editor must know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...cases import PixelSize

if TYPE_CHECKING:
    from napari.layers import Layer


@dataclass(frozen=True)
class Subject:
    """One image or slide on the canvas.

    ``key`` is its image id ("OM-1"), ``title`` what people call it, ``layer`` the napari layer whose pixels
    (of a slide: of level 0) outlines count in, ``shape`` its rows and columns.
    """

    key: str
    title: str
    layer: Layer
    shape: tuple[int, int]
    pixel_size: PixelSize | None
