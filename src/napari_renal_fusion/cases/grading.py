"""How a person reads an antibody: intensity, pattern, location, their words, and where each stands in the panel."""

from __future__ import annotations

INTENSITIES = (0.0, 0.5, 1.0, 2.0, 3.0)
POSITIVE = 1.0
"""An antibody that a person graded so, or stronger, is positive; a trace is not."""
PATTERNS = ("granular", "linear", "pseudolinear")
"""Pseudolinear: granules so close that they look like a line, as early in membranous nephropathy."""
LOCATIONS = ("mesangial", "capillary wall", "tubular", "vascular", "interstitial")
PANEL = ("IgA", "IgG", "IgM", "C3", "C1q", "Kappa", "Lambda", "Fibrinogen")
"""The antibodies of a usual panel, in the order in which reports list them."""

_BETWEEN = ", "


def grade_text(intensity: float | None) -> str:
    """``0``, ``trace``, ``1+``, ``2+``, ``3+``; other numbers of a table as they are; empty if nobody graded."""
    if intensity is None:
        return ""
    if intensity == 0:
        return "0"
    return "trace" if intensity == 0.5 else f"{intensity:g}+"


def reading_text(intensity: float | None, pattern: str | None = None, location: str | None = None) -> str:
    """A whole reading in words: ``2+, granular, mesangial and capillary wall``; empty if there is none."""
    places = locations_of(location)
    listed = " and ".join([_BETWEEN.join(places[:-1]), places[-1]] if len(places) > 1 else places)
    return _BETWEEN.join(one for one in (grade_text(intensity), pattern or "", listed) if one)


def locations_of(stored: str | None) -> tuple[str, ...]:
    """The single locations of a stored text (``mesangial, capillary wall``)."""
    return tuple(one.strip() for one in (stored or "").split(",") if one.strip())


def with_location(stored: str | None, location: str) -> str | None:
    """The stored text with a location added, or taken away if it was there; None when nothing is left.

    Locations stand in the order of :data:`LOCATIONS`, others after them.
    """
    places = set(locations_of(stored)) ^ {location}
    known = [one for one in LOCATIONS if one in places]
    return _BETWEEN.join([*known, *sorted(places - set(known))]) or None


def panel_place(antibody: str | None) -> int:
    """Where an antibody stands among the others: its place in :data:`PANEL`, behind it if it is not usual."""
    names = [one.casefold() for one in PANEL]
    known = (antibody or "").casefold()
    return names.index(known) if known in names else len(PANEL)
