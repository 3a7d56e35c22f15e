"""Crops: the right pixels, the right pixel size, the background as asked, and nothing of the original's names."""

import json

import numpy as np
import pytest
import tifffile
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from typer.testing import CliRunner

from napari_renal_fusion.cases import Box, ImageItem, Modality, PixelSize, SlideItem
from napari_renal_fusion.cases.image_files import read_image, read_pixel_size
from napari_renal_fusion.cases.sorting import accept, sort_source
from napari_renal_fusion.cli.app import app
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.glomeruli.crop import crop_image, crop_slide
from napari_renal_fusion.glomeruli.crop_files import write_crop
from napari_renal_fusion.glomeruli.drawing import Drawing, content_of
from napari_renal_fusion.glomeruli.geojson import write_geojson
from napari_renal_fusion.glomeruli.outline import Outline
from napari_renal_fusion.inputs.crop_rule import CropRule, Margin

RNG = np.random.default_rng(5)
PICTURE = RNG.integers(0, 255, (120, 160, 3), dtype=np.uint8)
OUTLINE = Outline.polygon(
    [(30, 40), (30, 80), (60, 80), (60, 40)], [[(40, 50), (40, 60), (50, 60), (50, 50)]]
)
HALF = PixelSize(value=0.5, unit="um")


def image(pixels=PICTURE, modality=Modality.OM, **more):
    return ImageItem("memory", modality, pixels=pixels, stated_pixel_size=HALF, **more)


def cut(source, outline=OUTLINE, margin="5um", **rule):
    crop = crop_slide if isinstance(source, SlideItem) else crop_image
    (one,) = crop(source, [outline], CropRule(margin=Margin.parse(margin), **rule))
    return one


def code_of(call, *args, **named):
    with pytest.raises(RenalFusionError) as caught:
        call(*args, **named)
    return caught.value.code


@pytest.fixture
def pyramid(tmp_path):
    """A slide whose pixels say where they are: red its column, green its row; 0.25 um, three levels."""
    rows, columns = np.mgrid[:1024, :1536]
    full = np.stack([columns // 8, rows // 8, np.full_like(rows, 90)], axis=-1).astype(np.uint8)
    path = tmp_path / "slide.tiff"
    with tifffile.TiffWriter(path) as file:
        for level in range(3):
            file.write(
                full[:: 2**level, :: 2**level], photometric="rgb", tile=(256, 256), subfiletype=int(level > 0),
                resolution=(40_000 / 2**level,) * 2, resolutionunit="CENTIMETER",
            )  # fmt: skip
    return SlideItem(path, stated_pixel_size=PixelSize(value=0.25, unit="um"))


def test_margins_in_um_pixels_and_shares():
    # The outline's box is 30 x 40 pixels between pixel centres: 30.5 to 60.5 from the corner, rounded outwards.
    for text, margin in [("5um", 10), ("5 µm", 10), ("25%", 10), ("10px", 10), ("0%", 0), ("2,5um", 5)]:
        crop = cut(image(), margin=text)
        assert crop.box == Box(30 - margin, 40 - margin, 31 + 2 * margin, 41 + 2 * margin)
        top, left = int(crop.box.top), int(crop.box.left)
        assert (crop.pixels == PICTURE[top : top + 31 + 2 * margin, left : left + 41 + 2 * margin]).all()
        assert crop.pixel_size == HALF
    for text in ("20", "um", "-3um", "1e3um", "2000%", "20 mm", ""):
        assert code_of(Margin.parse, text) == "crop_margin_invalid"
    bare = ImageItem("memory", Modality.OM, pixels=PICTURE)
    assert code_of(cut, bare) == "crop_uncalibrated"
    assert cut(bare, margin="10%").pixel_size is None


def test_a_crop_ends_with_the_image_and_above_its_legend():
    assert cut(image(), margin="100um").pixels.shape == PICTURE.shape
    assert cut(image(crop=Box(0, 0, 70, 160)), margin="100um").box == Box(0, 0, 70, 160)
    assert code_of(cut, image(crop=Box(80, 0, 40, 160)), margin="100um") == "outline_outside"
    assert code_of(cut, image(), Outline.box(Box(500, 0, 20, 20))) == "outline_outside"


def test_background_removed_is_white_in_light_and_black_in_fluorescence():
    for item, fill in [(image(), 255), (image(modality=Modality.IM), 0)]:
        crop = cut(item, background="remove")
        shown = crop.pixels
        assert (shown[:9] == fill).all()
        assert (shown[22:28, 22:28] == fill).all()  # the hole
        assert (shown[12:18, 12:48] == PICTURE[32:38, 42:78]).all()
    assert (cut(image(), background="remove", fill=0.2).pixels[:9] == 51).all()
    deep = image((PICTURE[..., 0].astype(np.uint16) * 200), modality=Modality.IM)
    crop = cut(deep, background="remove")
    assert crop.pixels.dtype == np.uint16
    assert (crop.pixels[12:18, 12:18] == PICTURE[32:38, 42:48, 0].astype(np.uint16) * 200).all()


def test_a_blurred_background_keeps_colours_but_neither_structures_nor_a_halo():
    pixels = np.full((120, 160, 3), 40, dtype=np.uint8)
    pixels[30:61, 40:81] = 250
    pixels[::2, ::2] //= 2
    crop = cut(image(pixels), margin="10um", background="blur")
    assert (crop.pixels[22:28, 22:38] == pixels[32:38, 42:58]).all()
    outside = crop.pixels[:18].astype(int)
    assert outside.std() < 2
    assert abs(outside.mean() - pixels[:28].mean()) < 2  # nothing of the bright glomerulus shines into it


def test_a_slide_is_cut_at_its_own_and_at_another_resolution(pyramid):
    outline = Outline.box(Box(200, 480, 320, 400))
    whole = cut(pyramid, outline, "10um")
    assert (whole.box, whole.pixels.shape, whole.pixel_size.um) == (
        Box(160, 440, 400, 480),
        (400, 480, 3),
        0.25,
    )
    rows, columns = np.mgrid[160:560, 440:920]
    assert (whole.pixels[..., 0] == columns // 8).all()
    assert (whole.pixels[..., 1] == rows // 8).all()
    for resolution in (0.5, 0.8, 2.0):
        crop = cut(pyramid, outline, "10um", um_per_pixel=resolution)
        step = resolution / 0.25
        assert crop.pixel_size.um == pytest.approx(resolution)
        assert crop.pixels.shape[:2] == (np.ceil(400 / step), np.ceil(480 / step))
        # Red and green are an eighth of the place: the crop's pixels lie where they should, to a pixel of level 0 or two.
        places = 440 + (np.arange(crop.pixels.shape[1]) + 0.5) * step - 0.5
        assert np.abs(crop.pixels[5, 2:-2, 0] * 8.0 + 3.5 - places[2:-2]).max() < 4 + 1.5 * step
        assert abs((crop.pixels[5, 2:-2, 0] * 8.0 + 3.5 - places[2:-2]).mean()) < 1.5
    edge = cut(pyramid, Outline.box(Box(1000, 1500, 24, 36)), "100px", um_per_pixel=0.6)
    assert edge.box.top + edge.box.height <= 1024 + 2.4


def test_a_slide_without_pixel_size_is_cut_in_its_own_pixels_only(tmp_path):
    tifffile.imwrite(
        tmp_path / "bare.tiff", PICTURE.repeat(8, 0).repeat(8, 1), photometric="rgb", tile=(256, 256)
    )
    bare = SlideItem(tmp_path / "bare.tiff")
    assert cut(bare, margin="10%").pixel_size is None
    assert code_of(cut, bare, margin="5um") == "crop_uncalibrated"
    assert code_of(cut, bare, margin="10%", um_per_pixel=0.5) == "crop_uncalibrated"


@pytest.mark.parametrize("name", ["one.png", "one.ome.tiff"])
@pytest.mark.parametrize("kind", ["colour", "grey", "deep"])
def test_files_hold_pixels_and_pixel_size(tmp_path, name, kind):
    pixels = {"colour": PICTURE, "grey": PICTURE[..., 0], "deep": PICTURE[..., 0].astype(np.uint16) * 250}[
        kind
    ]
    crop = cut(image(pixels))
    write_crop(crop, tmp_path / name)
    assert (read_image(tmp_path / name) == crop.pixels).all()
    assert read_pixel_size(tmp_path / name).um == pytest.approx(0.5, rel=1e-4)
    first = (tmp_path / name).read_bytes()
    write_crop(crop, tmp_path / name)
    assert (tmp_path / name).read_bytes() == first  # no time, no identity of this computer
    assert [one.name for one in tmp_path.iterdir()] == [name]


def test_colours_of_16_bits_want_a_tiff(tmp_path):
    crop = cut(image(PICTURE.astype(np.uint16) * 250))
    assert code_of(write_crop, crop, tmp_path / "a.png") == "crop_png_depth"
    assert list(tmp_path.iterdir()) == []


def run(*args):
    done = CliRunner().invoke(app, ["crop", *map(str, args), "--json"])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return json.loads(done.stdout)


def everything(folder):
    return b"".join(one.name.encode() + one.read_bytes() for one in folder.rglob("*") if one.is_file())


def test_the_command_leaves_the_names_behind(tmp_path):
    case = tmp_path / "Zhangsan 8812"
    case.mkdir()
    exif = Image.Exif()
    exif[315] = exif[270] = "Zhangsan"
    note = PngInfo()
    note.add_text("Comment", "Zhangsan")
    Image.fromarray(PICTURE).save(case / "Zhangsan PASM.png", pnginfo=note, exif=exif, dpi=(50_800, 50_800))
    Image.fromarray(PICTURE).save(case / "Zhangsan HE.tif", exif=exif)
    outlines = tmp_path / "Zhangsan.geojson"
    write_geojson(
        outlines, [OUTLINE.with_(name="Zhangsan", class_name="normal"), Outline.box(Box(0, 0, 30, 30))]
    )

    out = tmp_path / "single"
    said = run(case / "Zhangsan PASM.png", "--outlines", outlines, "--margin", "5um", "--out", out)
    assert [one["file"] for one in said["crops"]] == ["OM-1-01.ome.tiff", "OM-1-02.ome.tiff"]
    assert said["classes"] == {"Normal": 1, "(no class)": 1}
    assert said["crops"][0]["area_um2"] == pytest.approx((30 * 40 - 100) / 4)
    assert read_pixel_size(out / "OM-1-01.ome.tiff").um == pytest.approx(0.5, rel=1e-4)
    assert b"angsan" not in everything(out)

    # A sorted case: what was drawn is taken from the work folder.
    (sorted_case,) = accept(sort_source(case))
    for arguments, code in [
        ((case, "--out", out), "crop_no_outlines"),
        ((case, "--outlines", outlines, "--out", out), "crop_which_image"),
        ((case, "--outlines", outlines, "--image", "OM-9", "--out", out), "crop_which_image"),
        ((case, "--outlines", outlines, "--background", "pink", "--out", out), "crop_option_invalid"),
    ]:
        assert code_of(run, *arguments) == code
    content = content_of(sorted_case.images[1])
    with Drawing.of_case(sorted_case.code, "OM-2", content=content) as drawing:
        drawing.draw(OUTLINE)
        out = tmp_path / "drawn"
        options = ("--background", "blur", "--format", "png", "--um-per-pixel", "0.25", "--margin", "5um")
        said = run(case, "--out", out, *options)
    assert sorted(one.name for one in out.iterdir()) == ["OM-2-01.png", "crops.csv"]
    assert said["crops"][0]["um_per_pixel"] == 0.25
    assert b"angsan" not in everything(out)
    with Drawing.of_case(sorted_case.code, "OM-1", content=content) as drawing:  # of another image
        drawing.draw(OUTLINE)
    assert code_of(run, case, "--image", "OM-1", "--out", out, *options) == "journal_other"
