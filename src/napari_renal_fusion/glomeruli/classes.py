"""What a glomerulus may be called: an open list, each class with a colour that colour-blind people tell apart."""

from __future__ import annotations

import hashlib

Colour = tuple[int, int, int]

CLASSES: dict[str, Colour] = {
    "Normal": (86, 180, 233),
    "Globally sclerosed": (213, 94, 0),
    "Segmentally sclerosed": (230, 159, 0),
    "Crescent": (204, 121, 167),
    "Endocapillary hypercellularity": (0, 114, 178),
    "Mesangial hypercellularity": (148, 103, 189),
    "Membranous": (240, 228, 66),
    "Nodular": (140, 86, 75),
    "Necrosis": (80, 80, 80),
    "Ischaemic": (160, 160, 160),
    "Cannot be judged": (255, 255, 255),
}
"""Offered first; any other word is a class too. The colours are Okabe and Ito's, without their green."""

_OTHERS: tuple[Colour, ...] = (
    (51, 34, 136),
    (136, 204, 238),
    (221, 204, 119),
    (204, 102, 119),
    (136, 34, 85),
    (170, 68, 153),
)


def colour_of(name: str) -> Colour:
    """The colour of a class, (red, green, blue) in 0..255; a class of somebody's own always gets the same one."""
    known = CLASSES.get(tidy_class(name) or "")
    if known is not None:
        return known
    return _OTHERS[hashlib.sha256(name.encode("utf-8")).digest()[0] % len(_OTHERS)]


def tidy_class(name: str | None) -> str | None:
    """A class as it is stored: no surplus blanks, a known class in its own spelling, None for an empty one."""
    words = " ".join((name or "").split())
    if not words:
        return None
    spelled = {known.casefold(): known for known in CLASSES}
    return spelled.get(words.casefold(), words)
