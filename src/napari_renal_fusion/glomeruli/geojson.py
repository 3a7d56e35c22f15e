"""Outlines to and from GeoJSON as QuPath writes it: names, classes, locks, identities, holes.

QuPath counts from the corner of the first pixel and writes x first; here an integer is a pixel's centre and
the row comes first. So (row, column) = (y - 0.5, x - 0.5), on both ways and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..cases.names import readable
from ..compute.atomic import write_text
from ..errors import RenalFusionError
from ..notices import Notice
from .geojson_feature import EXCLUDED, KIND, NoArea, outline_of_feature
from .mending import mend
from .outline import Outline, new_id

_LARGEST_FILE = 1 << 30
_EXPORT = 'In QuPath choose File, "Export objects as GeoJSON", with pixels as coordinates.'


@dataclass(frozen=True)
class ReadOutlines:
    """What a file holds: the outlines, and what was mended, cut or left out."""

    outlines: tuple[Outline, ...]
    notices: tuple[Notice, ...] = ()


def read_geojson(path: Path | str, image_shape: tuple[int, int] | None = None) -> ReadOutlines:
    """Read a FeatureCollection, a list of features, one feature or one geometry.

    Polygon and MultiPolygon are outlines; points and lines are left out with a notice. A third coordinate
    is dropped. With ``image_shape`` (rows, columns) outlines are cut at the image, and those beyond it are
    left out. An outline that cannot be used is left out with a notice as long as another can.

    Raises
    ------
    RenalFusionError
        ``geojson_missing``, ``geojson_unreadable``, ``geojson_broken``, ``geojson_foreign`` (JSON, but no
        outlines; coordinates on the Earth), ``geojson_empty``, or ``geojson_unusable`` if no outline is good.
    """
    path = Path(path)
    return outlines_of(_parsed(_text(path), path), image_shape, path=path)


def outlines_of(
    data: Any, image_shape: tuple[int, int] | None = None, *, path: Path | None = None
) -> ReadOutlines:
    """The same of parsed JSON; ``path`` only names it in errors."""
    features = _features(data, path)
    if not features:
        raise _error("geojson_empty", path, "holds no outlines", "Draw some and export them again.")
    outlines: list[Outline] = []
    notices: list[Notice] = []
    refused: list[RenalFusionError] = []
    no_area = 0
    for feature in features:
        try:
            outline, mended = mend(outline_of_feature(feature), image_shape)
        except NoArea:
            no_area += 1
            continue
        except RenalFusionError as error:
            refused.append(error)
            continue
        if any(outline.id == other.id for other in outlines):
            outline = outline.with_(id=new_id())
        outlines.append(outline)
        notices += mended
    if not outlines and not refused:
        raise _error("geojson_empty", path, "holds points and lines only", "Draw areas around the glomeruli.")
    if not outlines:
        more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
        raise _error(
            "geojson_unusable", path, f"holds no outline that can be used: {refused[0].problem}{more}",
            refused[0].remedy,
        )  # fmt: skip
    if no_area:
        what = f"{no_area} {'objects are' if no_area > 1 else 'object is'} left out: points and lines have no area."
        notices.append(Notice(code="geojson_no_area", message=what, severity="info", path=path))
    notices += (
        Notice(code=error.code, message=f"Left out: {error.problem}.", path=path) for error in refused
    )
    return ReadOutlines(tuple(outlines), tuple(notices))


def write_geojson(path: Path | str, outlines: Sequence[Outline]) -> None:
    """Write a FeatureCollection that QuPath opens, whole or not at all.

    Raises
    ------
    RenalFusionError
        ``disk_full`` or ``folder_not_writable``.
    """
    write_text(path, json.dumps(collection_of(outlines), ensure_ascii=False, allow_nan=False) + "\n")


def collection_of(outlines: Sequence[Outline]) -> dict[str, Any]:
    """The FeatureCollection as plain data."""
    return {"type": "FeatureCollection", "features": [feature_of(outline) for outline in outlines]}


def feature_of(outline: Outline) -> dict[str, Any]:
    """One outline as a QuPath annotation; coordinates to a millionth of a pixel."""
    rings = [[_closed(ring) for ring in part] for part in outline.parts]
    several = len(rings) > 1
    said: dict[str, Any] = {"objectType": "annotation", "isLocked": outline.locked}
    if outline.name:
        said["name"] = outline.name
    if outline.class_name:
        said["classification"] = {"name": outline.class_name, "color": list(outline.shown_colour)}
    said["metadata"] = {KIND: outline.kind} | (
        {EXCLUDED: "yes"} if outline.excluded else {}
    )  # QuPath keeps it
    return {
        "type": "Feature",
        "id": outline.id,
        "geometry": {
            "type": "MultiPolygon" if several else "Polygon",
            "coordinates": rings if several else rings[0],
        },
        "properties": said,
    }


def _closed(ring) -> list[list[float]]:
    points = [[round(column + 0.5, 6), round(row + 0.5, 6)] for row, column in ring]
    return [*points, points[0]]


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise _error("geojson_unreadable", path, "is larger than a gigabyte", _EXPORT)
        data = path.read_bytes()
    except FileNotFoundError:
        raise _error("geojson_missing", path, "does not exist", "Check its name.") from None
    except OSError as error:
        raise _error(
            "geojson_unreadable", path, f"cannot be read ({error.strerror or error})", "Choose a file that you may read."
        ) from error  # fmt: skip
    if data.startswith((b"PK\x03\x04", b"\x1f\x8b")):
        raise _error("geojson_unreadable", path, "is compressed", "Unpack it first.")
    try:
        return data.decode("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    except UnicodeDecodeError:
        raise _error("geojson_broken", path, "is no text in UTF-8", _EXPORT) from None


def _parsed(text: str, path: Path | None) -> Any:
    if not text.strip():
        raise _error("geojson_empty", path, "is empty", _EXPORT)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        what = f"is not whole or not GeoJSON (line {error.lineno}: {error.msg})"
        raise _error("geojson_broken", path, what, _EXPORT) from None
    except (RecursionError, ValueError) as error:  # nested without end; a number of thousands of digits
        raise _error("geojson_broken", path, f"is not GeoJSON ({type(error).__name__})", _EXPORT) from None


def _features(data: Any, path: Path | None) -> list:
    if isinstance(data, dict):
        _check_coordinates(data, path)
        if data.get("type") == "FeatureCollection" and isinstance(data.get("features"), list):
            data = data["features"]
        elif data.get("type") in ("Feature", "Polygon", "MultiPolygon"):
            data = [data]
    if not isinstance(data, list) or not all(isinstance(one, dict) and "type" in one for one in data):
        raise _error("geojson_foreign", path, "is JSON, but holds no features as GeoJSON has them", _EXPORT)
    return data


def _check_coordinates(data: dict, path: Path | None) -> None:
    """Refuse maps: a coordinate system that is named, unless its name says that it counts pixels."""
    system = data.get("crs")
    if system and "pixel" not in json.dumps(system).casefold():
        raise _error(
            "geojson_foreign", path, "counts in a coordinate system of the Earth, not in pixels", _EXPORT
        )


def _error(code: str, path: Path | None, what: str, remedy: str) -> RenalFusionError:
    name = f"The file of outlines {readable(path)}" if path else "The GeoJSON"
    return RenalFusionError(code, f"{name} {what}", path=path, remedy=remedy)
