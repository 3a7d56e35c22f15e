import hashlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_renal_fusion.cases.image_files import blank, image_pages, read_image, read_info


@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "packbits", "jpeg2000"])
@pytest.mark.parametrize("layout", [{}, {"bigtiff": True}, {"byteorder": ">"}, {"tile": (16, 16)}])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_tiff_comes_back_as_written(tmp_path, colours, compression, layout, dtype):
    values = colours.astype(dtype) * (1 if dtype is np.uint8 else 257)
    options = {"compressionargs": {"reversible": True}} if compression == "jpeg2000" else {}
    path = tmp_path / "an image.tif"
    tifffile.imwrite(path, values, photometric="rgb", compression=compression, **options, **layout)
    read = read_image(path)
    assert read.dtype == dtype
    assert read.dtype.isnative
    np.testing.assert_array_equal(read, values)


def test_grey_planar_palette_and_inverted_tiff(tmp_path, colours, grey):
    path = tmp_path / "t.tif"
    tifffile.imwrite(path, np.moveaxis(colours, -1, 0), photometric="rgb", planarconfig="separate")
    np.testing.assert_array_equal(read_image(path), colours)

    tifffile.imwrite(path, grey, photometric="miniswhite")
    np.testing.assert_array_equal(read_image(path), 255 - grey)

    colormap = np.random.default_rng(0).integers(0, 65535, (3, 256), dtype=np.uint16)
    tifffile.imwrite(path, grey, photometric="palette", colormap=colormap)
    np.testing.assert_array_equal(read_image(path), (colormap >> 8).T[grey])


def test_bilevel_twelve_bit_and_jpeg_tiff(tmp_path, colours, grey):
    path = tmp_path / "t.tif"
    Image.fromarray(grey > 100).save(path, compression="group4")
    np.testing.assert_array_equal(read_image(path), np.where(grey > 100, 255, 0))

    tifffile.imwrite(path, grey > 100, photometric="minisblack")
    np.testing.assert_array_equal(read_image(path), np.where(grey > 100, 255, 0))

    deep = grey.astype(np.uint16) * 16
    tifffile.imwrite(path, deep)  # 12-bit numbers in 16 bits, not stated: as stored
    np.testing.assert_array_equal(read_image(path), deep)

    tifffile.imwrite(path, colours, photometric="rgb", compression="jpeg", tile=(16, 16))
    assert np.abs(read_image(path).astype(int) - colours).mean() < 6


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "LA", "RGBA", "I;16"])
def test_every_mode_as_png_and_tiff(tmp_path, colours, mode):
    picture = Image.fromarray(colours)
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257)
    elif mode != "RGB":
        picture = picture.convert(mode)
    expected = np.asarray(picture if mode in ("L", "I;16") else picture.convert("RGB"))
    for suffix in ("tif",) if mode == "CMYK" else ("png", "tif"):
        path = tmp_path / f"image.{suffix}"
        picture.save(path)
        read = read_image(path)
        grey_expected = expected[..., 0] if read.ndim < expected.ndim else expected
        assert np.abs(read.astype(int) - grey_expected).max() <= 1


def test_jpeg_bmp_and_cmyk_jpeg(tmp_path, colours):
    picture = Image.fromarray(colours)
    picture.save(tmp_path / "a.bmp")
    np.testing.assert_array_equal(read_image(tmp_path / "a.bmp"), colours)
    picture.save(tmp_path / "a.jpg", quality=95)
    picture.convert("CMYK").save(tmp_path / "b.jpg", quality=95)  # Pillow writes Adobe's inverted inks
    picture.save(tmp_path / "c.jpg", quality=95, progressive=True)
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        assert np.abs(read_image(tmp_path / name).astype(int) - colours).mean() < 6


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_deep_png_keeps_sixteen_bits(tmp_path, channels):
    import imagecodecs

    values = np.random.default_rng(1).integers(0, 65535, (40, 50, channels), dtype=np.uint16)
    if channels != 3:
        values[..., -1] = 65535
    path = tmp_path / "deep.png"
    path.write_bytes(imagecodecs.png_encode(values))
    expected = values[..., 0] if channels == 2 else values[..., :3]
    np.testing.assert_array_equal(read_image(path), expected)


def test_transparency_is_laid_over_white_and_an_empty_alpha_is_ignored(tmp_path, colours):
    path = tmp_path / "a.png"
    alpha = np.full(colours.shape[:2], 255, np.uint8)
    alpha[:20] = 0
    alpha[20:30] = 51
    Image.fromarray(np.dstack([colours, alpha])).save(path)
    read = read_image(path)
    assert (read[:20] == 255).all()
    np.testing.assert_allclose(read[20:30], 204 + colours[20:30] * 0.2, atol=1)
    np.testing.assert_array_equal(read[30:], colours[30:])

    tiff = tmp_path / "a.tif"
    for kind in ("unassalpha", "unspecified"):
        tifffile.imwrite(
            tiff, np.dstack([colours, alpha]), photometric="rgb", extrasamples=[kind], metadata=None
        )
        np.testing.assert_array_equal(read_image(tiff), read if kind == "unassalpha" else colours)
    Image.fromarray(np.dstack([colours, alpha * 0])).save(path)
    np.testing.assert_array_equal(read_image(path), colours)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_as_pillow_shows_it(tmp_path, colours, suffix, orientation):
    from PIL import ImageOps

    path = tmp_path / f"turned.{suffix}"
    if suffix == "tif":
        tifffile.imwrite(path, colours, photometric="rgb", extratags=[(274, 3, 1, orientation, True)])
    else:
        exif = Image.Exif()
        exif[274] = orientation
        Image.fromarray(colours).save(path, exif=exif)
    with Image.open(path) as picture:
        expected = np.asarray(ImageOps.exif_transpose(picture))
    read = read_image(path)
    np.testing.assert_array_equal(read, expected)
    info = read_info(path)
    assert (info.height, info.width) == read.shape[:2]


def test_fractions_and_wide_whole_numbers(tmp_path, grey):
    path = tmp_path / "f.tif"
    tifffile.imwrite(path, (grey / 255).astype(np.float32))
    np.testing.assert_allclose(read_image(path), grey * 257.0, atol=1)
    tifffile.imwrite(path, grey.astype(np.float64))
    np.testing.assert_array_equal(read_image(path), grey)
    tifffile.imwrite(path, grey.astype(np.int32) * 100)
    read = read_image(path)
    assert read.dtype == np.uint16
    np.testing.assert_array_equal(read, grey.astype(np.uint16) * 100)


def test_pages_and_ome_planes(tmp_path, grey):
    stack = np.stack([grey, 255 - grey, grey // 2])
    path = tmp_path / "pages.tif"
    tifffile.imwrite(path, stack, photometric="minisblack")
    assert image_pages(path) == 3
    for page in range(3):
        np.testing.assert_array_equal(read_image(path, page), stack[page])

    ome = tmp_path / "planes.ome.tif"
    planes = np.stack([stack, stack[::-1]])  # two z, three channels
    tifffile.imwrite(ome, planes, photometric="minisblack", metadata={"axes": "ZCYX"})
    assert image_pages(ome) == 6
    np.testing.assert_array_equal(read_image(ome, 4), planes[1, 1])


def test_content_decides_and_names_may_be_anything(tmp_path, colours):
    path = tmp_path / "病人 一" / "κ 图 1.jpg"
    path.parent.mkdir()
    Image.fromarray(colours).save(path, format="PNG")
    np.testing.assert_array_equal(read_image(path), colours)
    np.testing.assert_array_equal(read_image(str(path)), colours)


def test_originals_are_not_touched(picture):
    path = picture("OM/a.png")
    before = hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns
    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        read_image(path)
        image_pages(path)
    finally:
        path.parent.chmod(0o755)
    assert before == (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
    assert [entry.name for entry in path.parent.iterdir()] == ["a.png"]


def test_blank(colours, grey):
    assert blank(np.zeros((40, 40), np.uint8))
    assert blank(np.full((40, 40, 3), (200, 100, 180), np.uint8))
    assert blank(np.full((40, 40), 513, np.uint16))
    assert not blank(colours)
    noise = np.random.default_rng(0).poisson(4, (64, 64)).astype(np.uint8)
    assert not blank(noise)  # a negative antibody
