"""Outlines as hands draw them: crossings untied, edges cut at the image, and what cannot be used refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import ValidationError

from ..errors import RenalFusionError
from ..notices import Notice
from .outline import Outline, Part, Ring

if TYPE_CHECKING:
    from shapely import MultiPolygon, Polygon

SMALLEST = 9.0
"""Square pixels: anything smaller is a slip of the hand, or coordinates in another unit."""
_CRUMB = 0.02  # of the whole: the loop that a trembling hand leaves where it closes the line


def mend(outline: Outline, image_shape: tuple[int, int] | None = None) -> tuple[Outline, tuple[Notice, ...]]:
    """Return the outline as it can be used, with a notice for each thing that was mended.

    A line that crosses itself becomes the area it encloses (crumbs below 2 % of it are dropped); what
    lies beyond the image of ``image_shape`` (rows, columns) is cut off. An outline that needs nothing is
    returned as it is, to the last digit.

    Raises
    ------
    RenalFusionError
        ``outline_tiny`` below 9 square pixels, ``outline_outside`` if nothing of it is on the image.
    """
    from shapely.geometry import box

    notices: list[Notice] = []
    shape = outline.shape
    if not shape.is_valid:
        shape = _without_crumbs(_untied(outline))
        notices.append(_notice("outline_mended", outline, "crossed itself and was untied", "info"))
    if shape.area < SMALLEST:
        raise _refused("outline_tiny", outline, f"covers {shape.area:.3g} square pixels only", _DRAW)
    if image_shape is not None:
        field = box(-0.5, -0.5, image_shape[0] - 0.5, image_shape[1] - 0.5)
        if not shape.within(field):
            inside = _areas(shape.intersection(field))
            if inside.area < SMALLEST:
                size = f"{image_shape[1]} x {image_shape[0]}"
                raise _refused("outline_outside", outline, f"lies outside the image of {size} pixels", _OTHER)
            notices.append(
                _notice("outline_cut", outline, "reached beyond the image and was cut at its edge")
            )
            shape = inside
    if not notices:
        return outline, ()
    kind = outline.kind if outline.kind != "box" or _is_box(shape) else "polygon"
    return outline.with_(parts=parts_of(shape), kind=kind), tuple(notices)


def checked(parts: Sequence, **said) -> Outline:
    """Make an outline of what a person or a program gives; as ``Outline(...)``, with an error for people.

    Raises
    ------
    RenalFusionError
        ``outline_invalid``: too few points, coordinates that are no numbers or far beyond any image.
    """
    try:
        return Outline(parts=parts, **said)
    except (ValidationError, TypeError, ValueError) as error:
        reason = "its points cannot be understood"
        if isinstance(error, ValidationError):
            reason = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
        raise RenalFusionError(
            "outline_invalid", f"This is no outline ({reason})", remedy="Draw it again."
        ) from error


def parts_of(shape: MultiPolygon | Polygon) -> tuple[Part, ...]:
    """Rings of a shapely shape in (row, column), the largest part first."""
    polygons = sorted(getattr(shape, "geoms", [shape]), key=lambda one: -one.area)
    return tuple((_ring(one.exterior), *map(_ring, one.interiors)) for one in polygons)


def _ring(line) -> Ring:
    return tuple((float(row), float(column)) for row, column in list(line.coords)[:-1])


def _areas(shape) -> MultiPolygon:
    """The areas among what an operation left (lines and points may remain where shapes touch)."""
    from shapely import MultiPolygon, Polygon, get_parts

    return MultiPolygon(
        [one for one in get_parts(shape).tolist() if isinstance(one, Polygon) and one.area > 0]
    )


def _untied(outline: Outline):
    """What the outer rings enclose, without what the holes enclose: a hole outside takes nothing away."""
    from shapely import Polygon, make_valid, unary_union

    def area(ring: Ring):
        return make_valid(Polygon(ring), method="structure", keep_collapsed=False)

    return unary_union([area(part[0]) - unary_union(list(map(area, part[1:]))) for part in outline.parts])


def _without_crumbs(shape) -> MultiPolygon:
    """Drop parts and holes below 2 % of the whole."""
    from shapely import MultiPolygon, Polygon

    areas = _areas(shape)
    least = _CRUMB * areas.area
    return MultiPolygon(
        [
            Polygon(one.exterior, [hole for hole in one.interiors if Polygon(hole).area >= least])
            for one in areas.geoms
            if one.area >= least
        ]
    )


def _is_box(shape: MultiPolygon) -> bool:
    return abs(shape.envelope.area - shape.area) < 1e-6


_DRAW = "Draw it larger, or check in which unit its coordinates are."
_OTHER = "Check that it belongs to this image."


def _called(outline: Outline) -> str:
    return f'The outline "{outline.name}"' if outline.name else "An outline"


def _refused(code: str, outline: Outline, what: str, remedy: str) -> RenalFusionError:
    return RenalFusionError(code, f"{_called(outline)} {what}", remedy=remedy)


def _notice(code: str, outline: Outline, what: str, severity: str = "warning") -> Notice:
    return Notice(code=code, message=f"{_called(outline)} {what}.", severity=severity)
