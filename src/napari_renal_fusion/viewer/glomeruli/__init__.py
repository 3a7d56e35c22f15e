"""Glomeruli drawn by hand: a list beside the canvas, and the layers that show and change outlines."""

from __future__ import annotations
