"""Every bad image file becomes one error that names the file and says what to do."""

import io
import os
import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_renal_fusion.cases import image_formats
from napari_renal_fusion.cases.image_files import image_pages, read_image, read_info
from napari_renal_fusion.errors import RenalFusionError


def encoded(values, form, **options) -> bytes:
    out = io.BytesIO()
    if form == "TIFF":
        tifffile.imwrite(out, values, **options)
    else:
        Image.fromarray(values).save(out, form, **options)
    return out.getvalue()


@pytest.fixture
def refused(tmp_path):
    """Write bytes to a file, read it, and return the code of the error."""

    def read(data: bytes, name: str = "bad image.tif", page: int = 0) -> str:
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(RenalFusionError) as caught:
            read_image(path, page)
        error = caught.value
        assert path.name in str(error)
        assert error.path == path
        assert error.remedy
        assert "\n" not in str(error)
        return error.code

    return read


NOISE = np.random.default_rng(0).integers(0, 255, (64, 80, 3), dtype=np.uint8)


@pytest.mark.parametrize("keep", [0.02, 0.1, 0.5, 0.9, 0.995])
@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("PNG", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "lzw", "rowsperstrip": 8}),
        ("TIFF", {"compression": "zlib", "tile": (32, 32)}),
        ("TIFF", {"compression": "jpeg", "tile": (32, 32)}),
    ],
)
def test_truncated(refused, form, options, keep):
    data = encoded(NOISE, form, **options)
    assert refused(data[: int(len(data) * keep)]) == "image_truncated"


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_copy_that_stopped_and_was_padded_with_zeros(refused, form):
    data = encoded(NOISE, form)
    half = len(data) // 2
    assert refused(data[:half] + bytes(len(data) - half)) == "image_truncated"


def test_trailing_bytes_after_the_end_are_harmless(tmp_path):
    for form in ("PNG", "JPEG"):
        path = tmp_path / f"a.{form}"
        path.write_bytes(encoded(NOISE, form) + b"camera maker's notes \xff\xda")
        assert read_image(path).shape == NOISE.shape


def test_damaged_checksum(refused):
    data = bytearray(encoded(NOISE, "PNG"))
    data[len(data) // 2] ^= 1
    assert refused(bytes(data)) == "image_truncated"
    data = bytearray(encoded(NOISE, "TIFF", compression="zlib"))
    data[len(data) // 2 : len(data) // 2 + 40] = bytes(40)
    assert refused(bytes(data)) == "image_truncated"


def test_tiff_with_an_empty_tile(refused, tmp_path):
    path = tmp_path / "sparse.tif"
    tifffile.imwrite(path, NOISE, tile=(32, 32), compression="zlib")
    with tifffile.TiffFile(path, mode="r+") as tiff:
        counts = list(tiff.pages[0].databytecounts)
        counts[2] = 0
        tiff.pages[0].tags["TileByteCounts"].overwrite(counts)
    assert refused(path.read_bytes()) == "image_truncated"


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (b"", "a.jpg", "image_empty"),
        (b"hello, this is no image", "a.jpg", "image_not_recognised"),
        (b"JK\x00\x02" + bytes(200), "a.emi", "image_format_unsupported"),
        (bytes(128) + b"DICM" + bytes(200), "IM_0001", "image_format_unsupported"),
        (b"GIF89a" + bytes(50), "a.png", "image_format_unsupported"),
        (b"RIFF1234WEBPVP8 ", "a.jpg", "image_format_unsupported"),
        (b"1234ftypheic", "IMG_1.HEIC", "image_format_unsupported"),
        (b"nothing known", "slide.kfb", "image_format_unsupported"),
    ],
)
def test_not_an_image(refused, data, name, code):
    assert refused(data, name) == code


def test_slide(refused):
    data = encoded(NOISE, "TIFF", description="Aperio Image Library v11.2.1", metadata=None)
    assert refused(data, "renamed.tif") == "image_format_unsupported"


def test_missing_folder_and_forbidden(tmp_path, monkeypatch):
    for path, code in ((tmp_path / "none.png", "image_missing"), (tmp_path, "image_is_folder")):
        with pytest.raises(RenalFusionError) as caught:
            read_image(path)
        assert caught.value.code == code

    path = tmp_path / "secret.png"
    path.write_bytes(encoded(NOISE, "PNG"))

    def forbidden(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)  # as root, a file's mode forbids nothing
    with pytest.raises(RenalFusionError) as caught:
        read_image(path)
    assert caught.value.code == "image_unreadable"
    assert os.fspath(path) in str(caught.value)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP", "TIFF"])
@pytest.mark.parametrize("shape", [(1, 1), (31, 400), (400, 2)])
def test_too_small(refused, form, shape):
    assert refused(encoded(np.zeros((*shape, 3), np.uint8), form)) == "image_too_small"


def test_too_large_is_seen_in_the_header(refused, monkeypatch):
    header = struct.pack(">II", 50_000, 50_000) + b"\x08\x02\x00\x00\x00"
    import zlib

    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header
    png += struct.pack(">I", zlib.crc32(b"IHDR" + header)) + struct.pack(">I", 0) + b"IDAT" + bytes(4)
    assert refused(png) == "image_too_large"
    monkeypatch.setattr(image_formats, "MAX_PIXELS", 5000)
    for form in ("PNG", "JPEG", "BMP", "TIFF"):
        assert refused(encoded(NOISE, form)) == "image_too_large"


def test_above_pillows_own_limit_is_allowed(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    path = tmp_path / "a.png"
    path.write_bytes(encoded(NOISE, "PNG"))
    np.testing.assert_array_equal(read_image(path), NOISE)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_not_finite(refused, bad):
    values = np.full((40, 40), 0.5, np.float32)
    values[3, 4] = bad
    assert refused(encoded(values, "TIFF")) == "image_not_finite"


@pytest.mark.parametrize(
    "values",
    [
        np.full((40, 40), -1, np.int16),
        np.full((40, 40), 70_000, np.uint32),
        np.full((40, 40), 300.5, np.float32),
        np.full((40, 40), 1j, np.complex64),
    ],
)
def test_values_without_black_and_white(refused, values):
    assert refused(encoded(values, "TIFF")) == "image_value_range"


def test_channels_without_colours(refused):
    five = np.zeros((5, 40, 40), np.uint8)
    data = encoded(five, "TIFF", photometric="minisblack", planarconfig="separate", metadata=None)
    assert refused(data) == "image_colours_unsupported"
    assert refused(encoded(NOISE, "TIFF", photometric="cielab")) == "image_colours_unsupported"


def test_page_that_is_not_there(refused, tmp_path):
    stack = np.stack([NOISE[..., 0]] * 2)
    assert refused(encoded(stack, "TIFF", photometric="minisblack"), page=2) == "image_page_missing"
    assert refused(encoded(stack, "TIFF", photometric="minisblack"), page=-1) == "image_page_missing"
    assert refused(encoded(NOISE, "PNG"), page=1) == "image_page_missing"
    with pytest.raises(RenalFusionError, match="Page 1"):
        read_info(tmp_path / "bad image.tif", 1)
    assert image_pages(tmp_path / "bad image.tif") == 1


def test_a_failing_share_is_not_called_a_damaged_image(tmp_path, monkeypatch):
    path = tmp_path / "a.tif"
    path.write_bytes(encoded(NOISE, "TIFF", compression="zlib"))

    def gone(*_args, **_kwargs):
        raise OSError(116, "Stale file handle")

    monkeypatch.setattr(tifffile.TiffPage, "asarray", gone)
    with pytest.raises(RenalFusionError) as caught:
        read_image(path)
    assert caught.value.code == "image_unreadable"
