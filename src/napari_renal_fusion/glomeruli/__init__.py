"""Glomeruli: outlines, their edits and journal, GeoJSON, crops and measures."""
