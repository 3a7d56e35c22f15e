"""One feature of a GeoJSON file, as any version of QuPath or another program wrote it, as an outline."""

from __future__ import annotations

import json
import uuid
from typing import Any

from ..errors import RenalFusionError
from .mending import checked
from .outline import Outline

KIND = "renal-fusion kind"
EXCLUDED = "renal-fusion kept from the model"
_SPACE = uuid.UUID("6a1b5a52-6c5c-4d9e-9d2f-52f1d8f0a7c3")


class NoArea(Exception):
    """A feature that is a point, a line, or nothing at all."""


def outline_of_feature(feature: dict[str, Any]) -> Outline:
    """Read one feature or bare geometry.

    Without a UUID the identity is made of what the file says instead (its ``id``, ``_id``, or the points),
    so that the same file read twice gives the same outlines.

    Raises
    ------
    NoArea
        If it has no area.
    RenalFusionError
        ``outline_invalid``.
    """
    geometry = feature.get("geometry") if feature.get("type") == "Feature" else feature
    if not isinstance(geometry, dict) or geometry.get("type") not in ("Polygon", "MultiPolygon"):
        raise NoArea
    said = feature.get("properties")
    said = said if isinstance(said, dict) else {}
    coordinates = geometry.get("coordinates")
    rings = coordinates if geometry["type"] == "MultiPolygon" else [coordinates]
    class_name, colour = _classification(said.get("classification"))
    metadata = said.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    kind = metadata.get(KIND)
    return checked(
        _flipped(rings),
        id=_identity(feature, said, coordinates),
        kind=kind if kind in ("polygon", "brush", "box") else "polygon",
        name=_text(said.get("name")),
        class_name=class_name,
        colour=colour,
        locked=said.get("isLocked", said.get("locked")) is True,
        excluded=metadata.get(EXCLUDED) == "yes",
    )


def _flipped(parts: Any) -> list:
    """From x, y at a pixel's corner to row, column at its centre; holes without an area are dropped."""
    try:
        flipped = [
            [[(_number(p[1]) - 0.5, _number(p[0]) - 0.5) for p in ring] for ring in part] for part in parts
        ]
    except (TypeError, IndexError, KeyError, ValueError, OverflowError) as error:
        raise RenalFusionError(
            "outline_invalid",
            "An outline has coordinates that are no numbers",
            remedy="Export it again.",
        ) from error
    return [[ring for n, ring in enumerate(part) if n == 0 or len(set(ring)) > 2] for part in flipped]


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return float(value)


def _classification(stated: Any) -> tuple[str | None, tuple[int, int, int] | None]:
    """Name and colour: ``{name, color}``, ``{names, color}`` (0.5 and later) or ``{name, colorRGB}`` (older)."""
    if isinstance(stated, str):
        return _text(stated) or None, None
    if not isinstance(stated, dict):
        return None, None
    names = stated.get("names")
    name = ": ".join(map(_text, names)) if isinstance(names, list) else _text(stated.get("name"))
    if not name:
        return None, None
    colour = stated.get("color")
    if colour is None and isinstance(packed := stated.get("colorRGB"), int):
        colour = [packed >> 16 & 255, packed >> 8 & 255, packed & 255]
    good = isinstance(colour, list) and len(colour) == 3
    good = good and all(isinstance(one, int) and 0 <= one <= 255 for one in colour)
    return name, tuple(colour) if good else None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    whole = value.encode("utf-8", "replace").decode("utf-8")  # JSON can hold half a letter ("\ud800")
    return " ".join(whole.split())[:200].strip()


def _identity(feature: dict, said: dict, coordinates: Any) -> str:
    stated = _text(feature.get("id")) or _text(said.get("_id"))
    if stated:
        try:
            return str(uuid.UUID(stated))
        except ValueError:
            # Old versions of QuPath write their class's name here, the same on every object.
            if not stated.startswith("PathA"):
                return str(uuid.uuid5(_SPACE, stated))
    return str(uuid.uuid5(_SPACE, json.dumps(coordinates, default=str)))
