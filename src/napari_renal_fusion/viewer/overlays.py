"""A heat map as napari layer arguments: contour lines or cells, placed on their parent image."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..cases import PixelSize
from ..explain.explanation import HeatMap
from ..figures.contours import contour_levels, contours
from ..figures.heat import WIDTHS, line_colours, line_width

LAYER_NAME = "Heat map"


def contour_arguments(
    heat_map: HeatMap, raw_range: tuple[float, float], pixel_size: PixelSize | None, *, dark: bool
) -> dict[str, Any]:
    """Arguments of a Shapes layer: each line twice, the wider one below as its edge.

    The paths are in the parent's pixels and the layer has the parent's own scale and units, so that it
    stays right whatever a person does with either of them.
    """
    placed = heat_map.placement
    lines = contours(heat_map.raw, placed.scale, placed.translate, contour_levels(raw_range))
    levels = contour_levels(raw_range)
    colours, edge = line_colours(dark)
    width = 1.6 * line_width(int(heat_map.box.width))
    paths, edge_colours, widths = [], [], []
    for outer in (True, False):
        for level, path in lines:
            place = levels.index(level)
            paths.append(path)
            edge_colours.append(edge if outer else colours[place])
            widths.append(width * (WIDTHS[place] + (1.6 if outer else 0)))
    size, unit = (pixel_size.value, pixel_size.unit) if pixel_size else (1.0, "pixel")
    return {
        "data": paths,
        "edge_color": np.array([_rgba(one) for one in edge_colours]).reshape(-1, 4),
        "edge_width": widths,
        "scale": (size, size),
        "translate": (0.0, 0.0),
        "units": (unit, unit),
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


def _rgba(colour: str) -> tuple[float, float, float, float]:
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue, 1.0
