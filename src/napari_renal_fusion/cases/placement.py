"""Where a small array sits on its image: the only place where scale and translate are computed."""

from __future__ import annotations

from dataclasses import dataclass

from .pixel_size import PixelSize


@dataclass(frozen=True)
class Box:
    """A rectangle on an image, in pixels, counted from the image's top left **corner**.

    A whole image of shape (height, width) is ``Box(0, 0, height, width)``. A box may reach beyond
    the image: an image that was padded to keep its aspect has a negative ``top`` or ``left``.
    """

    top: float
    left: float
    height: float
    width: float


@dataclass(frozen=True)
class Placement:
    """An affine map from array indices to image pixels, per axis (row, column).

    ``pixel = translate + scale * index``, where an integer index or pixel means its **centre**,
    as in napari. ``scale`` is in image pixels per array cell.
    """

    scale: tuple[float, float]
    translate: tuple[float, float]

    def to_pixels(self, points):
        """Move points [n, 2] (row, column) from array indices to image pixels."""
        import numpy as np

        return np.asarray(points, dtype=float) * self.scale + self.translate

    def to_world(
        self, pixel_size: PixelSize | None
    ) -> tuple[tuple[float, float], tuple[float, float], tuple[str, str]]:
        """Return ``scale, translate, units`` of a napari layer; uncalibrated images count in pixels."""
        size, unit = (pixel_size.value, pixel_size.unit) if pixel_size else (1.0, "pixel")
        return (
            (self.scale[0] * size, self.scale[1] * size),
            (self.translate[0] * size, self.translate[1] * size),
            (unit, unit),
        )


def placement(array_shape: tuple[int, int], box: Box) -> Placement:
    """Place an array of ``array_shape`` (rows, columns) so that it covers ``box`` exactly.

    With k = box size / array size per axis, the centre of cell 0 lies (k - 1) / 2 pixels from the
    centre of the box's first pixel; leaving this out shifts a 7x7 map by up to half a cell.
    """
    scale = (box.height / array_shape[0], box.width / array_shape[1])
    return Placement(
        scale=scale,
        translate=(box.top + (scale[0] - 1) / 2, box.left + (scale[1] - 1) / 2),
    )
