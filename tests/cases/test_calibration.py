import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_renal_fusion.cases import ImageItem, Modality, PixelSize
from napari_renal_fusion.cases.image_files import read_pixel_size

PIXELS = np.zeros((40, 50), np.uint8)


def png_with_density(path, density: int, unit: int):
    """Put a pHYs chunk behind the header chunk, which ends at byte 33."""
    Image.fromarray(PIXELS).save(path)
    chunk = b"pHYs" + density.to_bytes(4, "big") * 2 + bytes([unit])
    data = path.read_bytes()
    path.write_bytes(
        data[:33] + struct.pack(">I", 9) + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[33:]
    )


def ome(path, **metadata):
    tifffile.imwrite(path, PIXELS, metadata={"axes": "YX", **metadata}, ome=True)
    return read_pixel_size(path)


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (0.25, "µm", (0.25, "um")),
        (250, "nm", (0.25, "um")),
        (2.5, "nm", (2.5, "nm")),
        (0.0015, "mm", (1.5, "um")),
        (0.0025, None, (2.5, "nm")),  # OME's own default is the micrometre
    ],
)
def test_ome(tmp_path, value, unit, expected):
    metadata = {"PhysicalSizeX": value, "PhysicalSizeY": value}
    if unit:
        metadata |= {"PhysicalSizeXUnit": unit, "PhysicalSizeYUnit": unit}
    size = ome(tmp_path / "a.ome.tif", **metadata)
    assert (size.value, size.unit, size.source) == (*expected, "OME-XML")


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"PhysicalSizeX": 0.25},
        {"PhysicalSizeX": 0.25, "PhysicalSizeY": 0.26},
        {"PhysicalSizeX": 0.0, "PhysicalSizeY": 0.0},
        {"PhysicalSizeX": 250, "PhysicalSizeY": 250},  # um: nearly a millimetre
        {"PhysicalSizeX": 1, "PhysicalSizeXUnit": "pixel", "PhysicalSizeY": 1, "PhysicalSizeYUnit": "pixel"},
    ],
)
def test_ome_that_states_no_usable_length(tmp_path, metadata):
    assert ome(tmp_path / "a.ome.tif", **metadata) is None


def test_ome_with_an_attack_or_nonsense_is_uncalibrated(tmp_path):
    path = tmp_path / "a.ome.tif"
    for text in (
        '<?xml version="1.0"?><!DOCTYPE OME [<!ENTITY a "b">]><OME>&a;</OME>',
        "<OME><Image></OME>",
        "<OME><Image><Pixels PhysicalSizeX='x' PhysicalSizeY='1'/></Image></OME>",
        "<OME><Image><Pixels PhysicalSizeX='1' PhysicalSizeY='1'><TiffData IFD='x'/></Pixels></Image></OME>",
    ):
        tifffile.imwrite(path, PIXELS, description=text, metadata=None)
        assert read_pixel_size(path) is None


def test_each_ome_series_has_its_own_pixel_size(tmp_path):
    path = tmp_path / "two.ome.tif"
    with tifffile.TiffWriter(path, ome=True) as tiff:
        for um in (0.5, 0.25):
            metadata = {"axes": "CYX", "PhysicalSizeX": um, "PhysicalSizeY": um}
            tiff.write(np.stack([PIXELS] * 2), photometric="minisblack", metadata=metadata)
    assert [read_pixel_size(path, page).value for page in range(4)] == [0.5, 0.5, 0.25, 0.25]


@pytest.mark.parametrize("dpi", [1, 72, 93, 96, 150, 200, 300, 600, 1200, 2400, 4800, 9600])
def test_print_screen_and_scanner_resolutions_are_uncalibrated(tmp_path, dpi):
    tifffile.imwrite(tmp_path / "a.tif", PIXELS, resolution=(dpi, dpi), resolutionunit="INCH")
    tifffile.imwrite(tmp_path / "b.tif", PIXELS, resolution=(dpi / 2.54, dpi / 2.54), resolutionunit=3)
    Image.fromarray(PIXELS).save(tmp_path / "a.png", dpi=(dpi, dpi))
    Image.fromarray(PIXELS).save(tmp_path / "a.jpg", dpi=(dpi, dpi))
    Image.fromarray(PIXELS).save(tmp_path / "a.bmp", dpi=(dpi, dpi))
    for name in ("a.tif", "b.tif", "a.png", "a.jpg", "a.bmp"):
        assert read_pixel_size(tmp_path / name) is None


@pytest.mark.parametrize(("per_cm", "expected"), [(40_000, (0.25, "um")), (7_038_270, (1.420804, "nm"))])
def test_microscope_resolutions(tmp_path, per_cm, expected):
    tifffile.imwrite(tmp_path / "cm.tif", PIXELS, resolution=(per_cm, per_cm), resolutionunit=3)
    tifffile.imwrite(tmp_path / "in.tif", PIXELS, resolution=(per_cm * 2.54, per_cm * 2.54), resolutionunit=2)
    png_with_density(tmp_path / "a.png", per_cm * 100, unit=1)
    for name in ("cm.tif", "in.tif", "a.png"):
        size = read_pixel_size(tmp_path / name)
        assert size.value == pytest.approx(expected[0], rel=1e-6)
        assert size.unit == expected[1]


def test_resolution_without_unit_or_with_unequal_or_zero_sides(tmp_path):
    path = tmp_path / "a.tif"
    for resolution, unit in (((40_000, 40_000), 1), ((40_000, 20_000), 3), ((0, 0), 3)):
        tifffile.imwrite(path, PIXELS, resolution=resolution, resolutionunit=unit)
        assert read_pixel_size(path) is None
    png_with_density(tmp_path / "a.png", 4_000_000, unit=0)  # an aspect, not a length
    assert read_pixel_size(tmp_path / "a.png") is None


@pytest.mark.parametrize(
    ("unit", "per_unit", "expected"),
    [
        ("um", 4, (0.25, "um")),
        ("micron", 4, (0.25, "um")),
        ("\\u00B5m", 4, (0.25, "um")),
        ("nm", 0.5, (2, "nm")),
    ],
)
def test_imagej(tmp_path, unit, per_unit, expected):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, PIXELS, imagej=True, resolution=(per_unit, per_unit), metadata={"unit": unit})
    size = read_pixel_size(path)
    assert (size.value, size.unit, size.source) == (*expected, "ImageJ metadata")


@pytest.mark.parametrize("unit", ["pixel", "inch", ""])
def test_imagej_without_a_length(tmp_path, unit):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, PIXELS, imagej=True, resolution=(300, 300), metadata={"unit": unit})
    assert read_pixel_size(path) is None


def test_a_stated_pixel_size_comes_first(tmp_path):
    path = tmp_path / "a.ome.tif"
    ome(path, PhysicalSizeX=0.25, PhysicalSizeY=0.25)
    assert ImageItem(path, Modality.OM).pixel_size.um == 0.25
    stated = PixelSize(value=2, unit="nm")
    assert ImageItem(path, Modality.TEM, stated_pixel_size=stated).pixel_size == stated
    assert ImageItem(tmp_path / "none", Modality.TEM, pixels=PIXELS).pixel_size is None
    assert stated.um == 0.002


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_a_pixel_size_is_a_positive_length(value):
    with pytest.raises(ValueError, match="value"):
        PixelSize(value=value, unit="um")
