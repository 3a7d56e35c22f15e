"""Grey layers painted from front to back, and the nuclei that every electron micrograph shares."""

from __future__ import annotations

import numpy as np

from .fields import Frame, smooth_step


class Painter:
    """Paints grey layers from front to back; ``room`` is what is still uncovered."""

    def __init__(self, frame: Frame):
        self.room = np.ones((frame.height, frame.width), np.float32)
        self.grey = np.zeros_like(self.room)

    def paint(self, cover: np.ndarray, grey: float | np.ndarray) -> np.ndarray:
        """Cover part of the room with ``grey`` (0 black to 1 white); returns what is visible of it."""
        seen = cover * self.room
        self.grey += seen * grey
        self.room -= seen
        return seen


def paint_nucleus(painter: Painter, depth, cover, fine, coarse) -> None:
    """A nucleus: dark envelope, heterochromatin below it and in clumps, pale granular rest."""
    rim = smooth_step(170 - depth + 90 * coarse, 0, 110)
    clumps = smooth_step(coarse * 0.8 + 0.45 * fine, 0.55, 0.9)
    dark = np.maximum(np.maximum(rim * 0.85, clumps), smooth_step(45 - depth, 0, 25))
    painter.paint(cover, 0.55 + 0.08 * fine - 0.36 * dark)
