"""One outline of a glomerulus: its shape in image pixels, and what a person says about it."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from ..cases import Box, PixelSize
from .classes import Colour, colour_of, tidy_class

if TYPE_CHECKING:
    from shapely import MultiPolygon

Point = tuple[float, float]
"""(row, column) in image pixels; an integer is the CENTRE of a pixel, as in napari."""
Ring = tuple[Point, ...]
"""At least three points; the last is joined to the first, which is not repeated."""
Part = tuple[Ring, ...]
"""The outer ring, then the holes."""
Kind = Literal["polygon", "brush", "box"]
FARTHEST = 1e7
"""Pixels: no slide is wider; what lies beyond is a mistake of units."""


def new_id() -> str:
    """A random identity (UUID), as QuPath gives its objects."""
    return str(uuid.uuid4())


class Outline(BaseModel):
    """An outline, unchangeable: an edit makes a new one of the same ``id`` (:mod:`.edits`).

    Attributes
    ----------
    parts
        Nearly always one: the outer ring and its holes. A brush may leave several. Read a shape from
        rings, a box or a mask with :meth:`polygon`, :meth:`box` and :func:`.raster.outlines_of_mask`.
    kind
        How it was drawn. A ``box`` is a polygon of four corners.
    class_name
        One of :data:`.classes.CLASSES` or any other word; None if nobody has said.
    colour
        Colour of the class where another program stated it; see :attr:`shown_colour`.
    locked
        A locked outline refuses every edit but unlocking.
    excluded
        A person keeps this one from the model; it is counted and measured all the same.

    Coordinates are finite and within ten million pixels; whether the shape crosses itself or lies on the
    image is the matter of :func:`.mending.mend`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))

    id: str = Field(default_factory=new_id)
    parts: tuple[Part, ...] = Field(min_length=1)
    kind: Kind = "polygon"
    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    class_name: Annotated[str, StringConstraints(max_length=200)] | None = None
    colour: Colour | None = None
    locked: bool = False
    excluded: bool = False

    @field_validator("id")
    @classmethod
    def _is_uuid(cls, value: str) -> str:
        return str(uuid.UUID(value))

    @field_validator("class_name")
    @classmethod
    def _tidy(cls, value: str | None) -> str | None:
        return tidy_class(value)

    @field_validator("colour")
    @classmethod
    def _bytes(cls, value: Colour | None) -> Colour | None:
        if value is not None and not all(0 <= part <= 255 for part in value):
            raise ValueError("a colour has three numbers from 0 to 255")
        return value

    @field_validator("parts", mode="before")
    @classmethod
    def _plain(cls, parts: Iterable) -> tuple[Part, ...]:
        return tuple(tuple(_open_ring(ring) for ring in part) for part in parts)

    @field_validator("parts")
    @classmethod
    def _rings(cls, parts: tuple[Part, ...]) -> tuple[Part, ...]:
        for part in parts:
            if not part:
                raise ValueError("a part has an outer ring")
            for ring in part:
                if len(set(ring)) < 3:
                    raise ValueError("a ring has at least three different points")
                if not all(math.isfinite(v) and abs(v) <= FARTHEST for point in ring for v in point):
                    raise ValueError("coordinates are finite numbers of pixels")
        return parts

    @classmethod
    def polygon(cls, outer: Sequence, holes: Iterable[Sequence] = (), **said) -> Outline:
        """Make one from points [n, 2] (row, column); ``said`` are the other fields."""
        return cls(parts=((outer, *holes),), **said)

    @classmethod
    def box(cls, box: Box, **said) -> Outline:
        """Make one from a box, which counts from the image's corner: a box of whole pixels covers them exactly."""
        top, left = box.top - 0.5, box.left - 0.5
        bottom, right = top + box.height, left + box.width
        corners = ((top, left), (top, right), (bottom, right), (bottom, left))
        return cls(parts=((corners,),), kind="box", **said)

    def with_(self, **changes) -> Outline:
        """A changed copy, checked like a new one."""
        return Outline(**{name: getattr(self, name) for name in type(self).model_fields} | changes)

    @property
    def rings(self) -> tuple[Ring, ...]:
        """All rings of all parts, outer ones and holes."""
        return tuple(ring for part in self.parts for ring in part)

    @property
    def shown_colour(self) -> Colour | None:
        """The colour to draw it in; None without a class."""
        return self.colour or (colour_of(self.class_name) if self.class_name else None)

    @cached_property
    def bounds(self) -> Box:
        """The smallest box around it, counted from the image's corner; may reach beyond the image."""
        rows, columns = zip(*(point for part in self.parts for point in part[0]), strict=True)
        top, left = min(rows), min(columns)
        return Box(top + 0.5, left + 0.5, max(rows) - top, max(columns) - left)

    @cached_property
    def shape(self) -> MultiPolygon:
        """The same as a shapely shape, in (row, column); it may cross itself."""
        from shapely import MultiPolygon, Polygon

        return MultiPolygon([Polygon(part[0], part[1:]) for part in self.parts])

    @property
    def area_px(self) -> float:
        """Area in square pixels, holes taken off."""
        return float(self.shape.area)

    @property
    def perimeter_px(self) -> float:
        """Length of the outer rings in pixels; holes are not counted."""
        from shapely import Polygon

        return float(sum(Polygon(part[0]).length for part in self.parts))

    def area_um2(self, pixel_size: PixelSize | None) -> float | None:
        """Area in square micrometres; None on an uncalibrated image."""
        return None if pixel_size is None else self.area_px * pixel_size.um**2


def _open_ring(ring: Iterable) -> Ring:
    """Pairs of floats without repetitions of a point after itself, and without the closing one."""
    points: list[Point] = []
    for row, column in ring:
        point = (float(row), float(column))
        if not points or point != points[-1]:
            points.append(point)
    while len(points) > 1 and points[0] == points[-1]:
        points.pop()
    return tuple(points)
