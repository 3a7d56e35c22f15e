"""A heat map as napari layer arguments: contour lines or cells, placed on their parent image."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..cases import PixelSize
from ..explain.explanation import HeatMap
from ..figures.contours import contour_levels, contours
from ..figures.heat import WIDTHS, line_colours, line_width
from .strokes import Mesh, stroke

LAYER_NAME = "Heat map"


def contour_arguments(
    heat_map: HeatMap, raw_range: tuple[float, float], pixel_size: PixelSize | None, *, dark: bool
) -> dict[str, Any]:
    """Arguments of a Surface layer that draws contour lines with an edge.

    The lines are in the parent's pixels and the layer has the parent's own scale and units, so that it
    stays right whatever a person does with either of them. ``metadata["contours"]`` holds the paths
    themselves: (raw value, [n, 2] row and column).
    """
    placed, levels = heat_map.placement, contour_levels(raw_range)
    lines = contours(heat_map.raw, placed.scale, placed.translate, levels)
    colour, _, edge = line_colours(dark)
    unit_width = 1.6 * line_width(int(heat_map.box.width))
    mesh = Mesh.joined(
        [
            stroke(path, unit_width * WIDTHS[levels.index(level)], colour, edge, unit_width)
            for level, path in lines
        ]
    )
    size, unit = (pixel_size.value, pixel_size.unit) if pixel_size else (1.0, "pixel")
    return {
        "data": (mesh.vertices, mesh.faces, np.ones(len(mesh.vertices))),
        "vertex_colors": mesh.colours,
        "scale": (size, size),
        "translate": (0.0, 0.0),
        "units": (unit, unit),
        "metadata": {"contours": lines},
    }


def cell_arguments(
    heat_map: HeatMap, raw_range: tuple[float, float], pixel_size: PixelSize | None
) -> dict[str, Any]:
    """Arguments of an Image layer with one square a cell, on the scale of the whole case."""
    scale, translate, units = heat_map.placement.to_world(pixel_size)
    low, high = raw_range
    return {
        "data": np.asarray(heat_map.raw, dtype=np.float32),
        "contrast_limits": (low, high if high > low else low + 1.0),
        "scale": scale,
        "translate": translate,
        "units": units,
    }
