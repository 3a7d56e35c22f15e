"""How outlines look: the colour of their class, with an edge that is dark beside a light line and light beside a dark one."""

from __future__ import annotations

import numpy as np

from ...glomeruli.outline import Outline

UNCLASSIFIED = (255, 255, 255)
"""Without a class: white with a dark edge, which is seen on light, silver and fluorescence alike."""
LINE, CHOSEN, LOCKED, EDGE = 2.0, 4.0, 1.2, 1.2
"""Widths in pixels of the screen: of a line, of a chosen and of a locked one, and of the edge on each side."""


def colour_of_line(outline: Outline) -> np.ndarray:
    """Red, green, blue and opacity, 0 to 1."""
    return np.array([*(part / 255 for part in outline.shown_colour or UNCLASSIFIED), 1.0])


def edge_of_line(colour: np.ndarray) -> np.ndarray:
    """Black beside light colours, white beside dark ones (relative luminance below a sixth)."""
    luminance = float(np.dot(colour[:3] ** 2.2, (0.2126, 0.7152, 0.0722)))
    return np.array([0.0, 0.0, 0.0, 0.9]) if luminance > 1 / 6 else np.array([1.0, 1.0, 1.0, 0.9])


def width_of_line(outline: Outline, chosen: bool) -> float:
    """In pixels of the screen; a locked outline is thin."""
    return CHOSEN if chosen else LOCKED if outline.locked else LINE
