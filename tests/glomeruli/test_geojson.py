"""GeoJSON as QuPath writes it: there and back, old and new versions, foreign and broken files."""

import json
import random
import uuid

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_renal_fusion.cases import Box
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.glomeruli.geojson import collection_of, outlines_of, read_geojson, write_geojson
from napari_renal_fusion.glomeruli.outline import Outline

# What QuPath 0.5 exports for a rectangle over the first 30 x 20 pixels with a hole, locked.
QUPATH = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "id": "3f0e6b1e-6d0f-4a8e-9f57-0e1b6f0c2a11",
            "geometry": {
                "type": "Polygon",
                "coordinates": [
                    [[0, 0], [30, 0], [30, 20], [0, 20], [0, 0]],
                    [[5, 5], [5, 10], [10, 10], [10, 5], [5, 5]],
                ],
            },
            "properties": {
                "objectType": "annotation",
                "name": "肾小球 1",
                "classification": {"name": "Glomerulus: sclerosed", "color": [200, 10, 20]},
                "isLocked": True,
            },
        }
    ],
}
SQUARE = [[[0, 0], [0, 20], [20, 20], [20, 0], [0, 0]]]


def star(seed, holes):
    """A star of random radii with holes near its centre, at random places: valid, with crooked numbers."""
    dice = np.random.default_rng(seed)
    turn = (np.arange(40) + dice.uniform(0, 0.9, 40)) * np.pi / 20
    centre = dice.uniform(60, 9000, 2)

    def ring(radii, at):
        return np.stack([at[0] + radii * np.sin(turn), at[1] + radii * np.cos(turn)], axis=1)

    inner = [ring(np.full(40, 2.0), np.add(centre, (0, 5 * n))) for n in range(holes)]
    return [ring(dice.uniform(25, 50, 40), centre), *inner]


text = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20).map(lambda t: " ".join(t.split()))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.builds(
            lambda seed, holes, **said: Outline(parts=[star(seed, holes)], **said),
            st.integers(0, 10**6), st.integers(0, 3),
            id=st.uuids(version=4).map(str), name=text, class_name=st.none() | text, locked=st.booleans(),
            kind=st.sampled_from(["polygon", "brush"]),
        ),
        min_size=1, max_size=4, unique_by=lambda one: one.id,
    )
)  # fmt: skip
def test_there_and_back(outlines):
    back = outlines_of(json.loads(json.dumps(collection_of(outlines)))).outlines
    assert len(back) == len(outlines)
    for one, other in zip(outlines, back, strict=True):
        for field in ("id", "name", "class_name", "locked", "kind"):
            assert getattr(one, field) == getattr(other, field)
        assert [len(part) for part in one.parts] == [len(part) for part in other.parts]
        for ring, again in zip(one.rings, other.rings, strict=True):
            assert np.abs(np.subtract(ring, again)).max() < 0.01


def test_several_parts_are_a_multipolygon_and_files_come_back(tmp_path):
    parts = [
        [[(0, 0), (0, 30), (30, 30), (30, 0)], [(5, 5), (5, 9), (9, 9)]],
        [[(50, 50), (50, 70), (70, 70)]],
    ]
    outline = Outline(parts=parts, kind="brush", class_name="Crescent")
    write_geojson(tmp_path / "a.geojson", [outline, Outline.box(Box(1, 2, 30, 40))])
    data = json.loads((tmp_path / "a.geojson").read_text())
    assert data["features"][0]["geometry"]["type"] == "MultiPolygon"
    read = read_geojson(tmp_path / "a.geojson").outlines
    assert read[0].parts == outline.parts
    assert (read[1].kind, read[1].bounds) == ("box", Box(1, 2, 30, 40))
    assert read[0].with_(colour=None) == outline


def test_qupaths_corner_is_our_minus_a_half():
    (one,) = outlines_of(QUPATH, (100, 200)).outlines
    assert one.bounds == Box(0, 0, 20, 30)  # 20 rows and 30 columns from the first pixel's corner
    assert one.parts[0][0][:2] == ((-0.5, -0.5), (-0.5, 29.5))
    assert one.area_px == 600 - 25
    assert (one.name, one.class_name, one.colour, one.locked) == (
        "肾小球 1", "Glomerulus: sclerosed", (200, 10, 20), True,
    )  # fmt: skip
    again = collection_of([one])["features"][0]
    assert again["id"] == QUPATH["features"][0]["id"]
    assert again["geometry"] == QUPATH["features"][0]["geometry"]
    assert again["properties"]["classification"] == QUPATH["features"][0]["properties"]["classification"]


def feature(coordinates, kind="Polygon", **more):
    return {
        "type": "Feature",
        "geometry": {"type": kind, "coordinates": coordinates},
        "properties": {},
        **more,
    }


def test_older_and_newer_versions_and_other_shapes_of_file():
    old = feature(SQUARE, id="PathAnnotationObject")
    old["properties"] = {"classification": {"name": "Tumor", "colorRGB": -3670016}}
    newer = feature([[[3 * x, 3 * y, 0] for x, y in SQUARE[0]]])
    newer["properties"] = {"classification": {"names": ["Glomerulus", "Crescent"], "color": [1, 2, 3]}}
    first, second = outlines_of([old, newer]).outlines
    assert (first.class_name, first.colour) == ("Tumor", (200, 0, 0))
    assert second.class_name == "Glomerulus: Crescent"
    assert uuid.UUID(first.id)
    assert first.id != second.id
    assert outlines_of(old).outlines[0].id == first.id  # the same file read twice is the same outlines
    assert outlines_of(old["geometry"]).outlines[0].area_px == 400
    assert len({one.id for one in outlines_of([feature(SQUARE, id=first.id)] * 3).outlines}) == 3


JUNK = [
    None,
    3,
    "x",
    [],
    {},
    -1.5,
    True,
    [[]],
    [[[1, 2]]],
    1e308,
    [None],
    {"type": 1},
    "Polygon",
    "\ud800",
    10**400,
]


def spoilt(value, dice):
    if dice.random() < 0.02:
        return dice.choice(JUNK)
    if isinstance(value, dict):
        return {key: spoilt(one, dice) for key, one in value.items()}
    return [spoilt(one, dice) for one in value] if isinstance(value, list) else value


def test_junk_anywhere_is_read_or_refused_with_a_sentence(tmp_path):
    read, sentences = 0, set()
    for seed in range(400):
        try:
            outlines = outlines_of(spoilt(QUPATH, random.Random(seed)), (100, 100)).outlines
        except RenalFusionError as error:
            sentences.add(str(error))
        else:
            write_geojson(tmp_path / "a.geojson", outlines)
            again = read_geojson(tmp_path / "a.geojson").outlines
            assert [one.id for one in again] == [one.id for one in outlines]
            assert [one.area_px for one in again] == pytest.approx([one.area_px for one in outlines])
            read += 1
    assert read > 50
    assert len(sentences) > 3
    assert not any("\n" in sentence for sentence in sentences)


def test_points_and_bad_ones_among_good_ones_are_left_out_and_said():
    mixed = [
        feature(SQUARE), feature([1, 2], "Point"), {"type": "Feature", "geometry": None},
        feature([[[0, 0], [float("nan"), 3], [9, 9]]]), feature([[["a", 1]]]), feature("x"), feature(None),
        feature([[[500, 500], [540, 500], [540, 540]]]),
    ]  # fmt: skip
    read = outlines_of(mixed, (100, 100))
    assert len(read.outlines) == 1
    assert sorted({notice.code for notice in read.notices}) == [
        "geojson_no_area", "outline_invalid", "outline_outside",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "geojson_empty"),
        ('{"type": "FeatureCollection", "features": []}', "geojson_empty"),
        ("[]", "geojson_empty"),
        (json.dumps(feature([1, 2], "Point")), "geojson_empty"),
        (json.dumps(QUPATH)[:-90], "geojson_broken"),
        ("[" * 100_000, "geojson_broken"),
        (b"\xff\xfa\x00\x01", "geojson_broken"),
        (b"PK\x03\x04....", "geojson_unreadable"),
        ('{"cells": 3}', "geojson_foreign"),
        ("7", "geojson_foreign"),
        ('[{"a": 1}]', "geojson_foreign"),
        (
            json.dumps(QUPATH | {"crs": {"properties": {"name": "urn:ogc:def:crs:EPSG::4326"}}}),
            "geojson_foreign",
        ),
        # Degrees on the Earth, and shares of the image's width.
        (json.dumps(feature([[[116.38, 39.9], [116.39, 39.9], [116.39, 39.91]]])), "geojson_unusable"),
        (json.dumps(feature([[[0.1, 0.1], [0.2, 0.1], [0.2, 0.3]]])), "geojson_unusable"),
        (json.dumps(feature([[[1, 1], [1e400, 1], [9, 9]]])), "geojson_unusable"),
        (json.dumps(feature([[[500, 500], [900, 500], [900, 900]]])), "geojson_unusable"),
    ],
)
def test_foreign_and_broken_files_get_one_sentence(tmp_path, content, code):
    path = tmp_path / "outlines.geojson"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(RenalFusionError) as caught:
        read_geojson(path, (100, 100))
    assert caught.value.code == code
    assert "\n" not in str(caught.value)
    assert "outlines.geojson" in str(caught.value)


def test_a_missing_file_and_a_folder(tmp_path):
    for path, code in [(tmp_path / "no.geojson", "geojson_missing"), (tmp_path, "geojson_unreadable")]:
        with pytest.raises(RenalFusionError) as caught:
            read_geojson(path)
        assert caught.value.code == code


def test_marks_of_windows_are_read(tmp_path):
    for encoding in ("utf-8-sig", "utf-16"):
        path = tmp_path / f"{encoding}.geojson"
        path.write_text(json.dumps(QUPATH, ensure_ascii=False), encoding=encoding)
        assert read_geojson(path).outlines[0].name == "肾小球 1"
