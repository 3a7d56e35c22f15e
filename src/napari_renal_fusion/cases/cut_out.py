"""One structure of an image that is looked at alone: its outline, and what becomes of the pixels around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .placement import Box

Background = Literal["keep", "blur", "remove"]
Rings = tuple[tuple[tuple[float, float], ...], ...]
"""An outer ring and its holes; each ring is points (row, column), an integer being the centre of a pixel."""


@dataclass(frozen=True)
class CutOut:
    """A glomerulus that a person outlined and did not keep from the model.

    ``parts`` are in pixels of the whole image. ``background`` and ``fill`` (0 black to 1 white, None: as the
    modality has it) are what a bundle asks for (:func:`napari_renal_fusion.inputs.crops.for_bundle`).
    """

    parts: tuple[Rings, ...]
    background: Background = "keep"
    fill: float | None = None

    @property
    def bounds(self) -> Box:
        """The smallest box around it, counted from the image's corner."""
        rows, columns = zip(*(point for part in self.parts for point in part[0]), strict=True)
        top, left = min(rows), min(columns)
        return Box(top + 0.5, left + 0.5, max(rows) - top, max(columns) - left)
