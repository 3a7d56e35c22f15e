"""The tools with which outlines are drawn and changed."""

from __future__ import annotations

from typing import NamedTuple


class Tool(NamedTuple):
    """``mode`` is what napari's Shapes layer does with the mouse meanwhile; a brush is ours alone."""

    title: str
    key: str
    mode: str
    tip: str


TOOLS = {
    "polygon": Tool("Polygon", "G", "add_polygon", "Click from corner to corner; a double click closes it."),
    "brush": Tool("Brush", "B", "pan_zoom", "Paint. Adds to the chosen outline where the stroke touches it, else begins a new one."),
    "erase": Tool("Eraser", "E", "pan_zoom", "Paint away from the chosen outline."),
    "box": Tool("Box", "X", "add_rectangle", "Drag from corner to corner."),
    "select": Tool("Select", "S", "select", "Choose, move and resize outlines. Shift adds to the choice."),
    "points": Tool("Points", "V", "direct", "Drag single points of the chosen outline."),
    "add point": Tool("+ Point", "", "vertex_insert", "Click on a line of the chosen outline to add a point."),
    "remove point": Tool("− Point", "", "vertex_remove", "Click on a point to remove it."),
}  # fmt: skip
KEYS = {name: tool.key for name, tool in TOOLS.items() if tool.key}
"""The key of each tool while the outlines' layer or the list has the keyboard."""
