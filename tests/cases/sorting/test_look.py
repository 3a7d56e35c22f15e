import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_renal_fusion.cases import Modality
from napari_renal_fusion.cases.sorting import look_at, small_picture
from napari_renal_fusion.cases.sorting.thumbnails import picture_size
from napari_renal_fusion.errors import RenalFusionError

from .pictures import electron, fluorescence, light, texture


def looked(pixels):
    colours = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
    return look_at(colours, *pixels.shape[:2])


def test_each_modality_by_its_pixels():
    for stain in ("HE", "PAS", "Masson", "PASM"):
        assert looked(light(stain)).modality is Modality.OM
    assert looked(fluorescence()).modality is Modality.IM
    assert looked(electron()).modality is Modality.TEM
    assert looked(light("Masson")).stain == "Masson"
    assert looked(light("HE")).stain is None


def test_red_and_blue_fluorescence_too():
    green = fluorescence()
    for order in ((1, 0, 2), (0, 2, 1)):
        found = looked(np.ascontiguousarray(green[..., order]))
        assert found.modality is Modality.IM
        assert found.sure > 0.7


def test_a_toned_micrograph_is_less_sure():
    grey = electron().astype(float)
    sepia = np.stack([grey, grey * 0.9, grey * 0.7], axis=-1).astype(np.uint8)
    found = looked(sepia)
    assert found.modality is Modality.TEM
    assert found.sure < 0.5


def test_a_legend_strip_is_seen():
    pixels = electron(size=(256, 256))
    pixels[-14:] = 12
    pixels[-10:-6, 20:80] = 240
    found = looked(pixels)
    assert found.strip == pytest.approx(14 / 256, abs=0.02)
    assert found.modality is Modality.TEM
    assert looked(electron(size=(256, 256))).strip == 0


def test_nothing_to_see_is_no_guess():
    found = looked(np.full((64, 64, 3), 128, np.uint8))
    assert found.modality is None
    assert found.sure == 0
    dim = (texture(64, 64, 1) * 20).astype(np.uint8)
    assert looked(dim).sure < 0.6


def test_thumbnails_of_every_format(tmp_path):
    big = np.kron(light("HE"), np.ones((4, 4, 1), np.uint8))
    for name in ("a.jpg", "a.png", "a.tif", "a.bmp"):
        Image.fromarray(big).save(tmp_path / name)
        thumbnail, size = small_picture(tmp_path / name)
        assert size == (512, 768)
        assert thumbnail.shape == (128, 192, 3)
        assert np.abs(thumbnail.mean(axis=(0, 1)) - big.mean(axis=(0, 1))).max() < 3
    deep = (electron().astype(np.uint16) + 300) * 4
    tifffile.imwrite(tmp_path / "deep.tif", deep)
    thumbnail, _ = small_picture(tmp_path / "deep.tif")
    assert thumbnail.min() < 20
    assert thumbnail.max() > 235


def test_a_turned_jpeg_is_upright(tmp_path):
    picture = Image.fromarray(light("HE"))
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(tmp_path / "a.jpg", exif=exif)
    thumbnail, size = small_picture(tmp_path / "a.jpg")
    assert size == (192, 128)
    assert thumbnail.shape[0] > thumbnail.shape[1]


def test_what_a_thumbnail_costs(tmp_path):
    big = np.kron(light("HE", (384, 256)), np.ones((8, 8, 1), np.uint8))
    Image.fromarray(big).save(tmp_path / "a.jpg")
    tifffile.imwrite(tmp_path / "a.tif", big, photometric="rgb")
    assert picture_size(tmp_path / "a.jpg") == (2048, 3072, True)
    assert picture_size(tmp_path / "a.tif") == (2048, 3072, False)


def test_a_broken_picture_is_one_sentence(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing")
    with pytest.raises(RenalFusionError):
        small_picture(tmp_path / "a.jpg")
