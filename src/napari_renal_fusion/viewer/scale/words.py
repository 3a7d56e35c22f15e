"""Lengths and scales as sentences."""

from __future__ import annotations

from ...cases import PixelSize

UNCALIBRATED = "Uncalibrated: the file states no pixel size."
NO_RULER = "Nothing can be measured on an image without a pixel size. Click on both ends of its scale bar, or type its pixel size."


def unit_sign(unit: str) -> str:
    return unit.replace("um", "µm")


def size_text(size: PixelSize) -> str:
    """``2.3 nm a pixel``."""
    return f"{size.value:.4g} {unit_sign(size.unit)} a pixel"


def scale_sentence(size: PixelSize) -> str:
    """``2.3 nm a pixel, from its scale bar.``"""
    if size.source == "person":
        said = "as a person said"
    elif size.source == "scale bar":
        said = "from its scale bar"
    elif size.source.startswith("laboratory"):
        said = f"as your laboratory told for images of this kind ({size.source.partition(': ')[2]})"
    elif size.source.endswith(".csv"):
        said = "from the table"
    else:
        said = f"from the file ({size.source})"
    return f"{size_text(size)}, {said}."


def measured(um: float) -> str:
    """A measured length with three figures: ``842 nm``, ``3.21 µm``, ``1240 µm``."""
    return f"{_three(um * 1000)} nm" if um < 1 else f"{_three(um)} µm"


def measured_both(um: float) -> str:
    """The same in nm and µm: ``842 nm = 0.842 µm``."""
    return f"{_three(um * 1000)} nm = {_three(um)} µm"


def _three(value: float) -> str:
    if value <= 0:
        return "0"
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3g}"
