"""Files of electron microscopes: pixel sizes as written, 1/nm refused, makers' tags before resolution tags."""

import numpy as np
import pytest
import tifffile

from napari_renal_fusion.cases import Case, ImageItem, Modality, vendor_files
from napari_renal_fusion.cases import folders as folders_module
from napari_renal_fusion.cases.calibration import read_calibration, read_pixel_size
from napari_renal_fusion.cases.image_files import read_image, read_info
from napari_renal_fusion.cases.vendor_tags import is_electron_tiff, vendor_sides
from napari_renal_fusion.errors import RenalFusionError

from .vendor_writers import write_dm3, write_gatan_tiff, write_jeol_tiff, write_ser

RAMP = (np.arange(40)[:, None] * 30 + np.arange(48)[None] * 20).astype(np.uint16)


@pytest.fixture
def reader():
    pytest.importorskip("rsciio", reason="the extra tem is not installed")


def value_in_nm(path) -> float:
    size = read_pixel_size(path)
    return size.value if size.unit == "nm" else size.value * 1000


@pytest.mark.parametrize(("scale", "unit", "nm"), [(0.2485, "nm", 0.2485), (0.005506, "µm", 5.506)])
def test_dm3(reader, tmp_path, scale, unit, nm):
    path = write_dm3(tmp_path / "a.dm3", RAMP, scale, unit)
    assert value_in_nm(path) == pytest.approx(nm, rel=1e-5)
    assert read_pixel_size(path).source == "Gatan DM3"
    info = read_info(path)
    assert (info.height, info.width, info.pages) == (40, 48, 1)
    image = read_image(path)
    assert image.dtype == np.uint16
    assert image.shape == RAMP.shape
    assert image.min() == 0
    assert image.max() == 65535
    assert np.corrcoef(image.ravel(), RAMP.ravel())[0, 1] > 0.999


def test_numbers_below_zero_are_shown_dark(reader, tmp_path):
    path = write_dm3(tmp_path / "a.dm3", RAMP.astype(np.int32) - 500, 1.0, "nm")
    image = read_image(path).astype(int)
    assert image[0, 0] < image[20, 20] < image[-1, -1]


def test_a_diffraction_pattern_is_no_length(reader, tmp_path):
    path = write_dm3(tmp_path / "a.dm3", RAMP, 0.1744, "1/nm")
    found = read_calibration(path)
    assert found.pixel_size is None
    assert found.notice.code == "pixel_size_not_a_length"
    assert "1/nm" in found.notice.message
    item = ImageItem(path, Modality.TEM)
    assert item.pixel_size is None
    assert item.scale_notice.code == "pixel_size_not_a_length"


def test_a_dm3_without_a_scale_is_uncalibrated_without_a_notice(reader, tmp_path):
    found = read_calibration(write_dm3(tmp_path / "a.dm3", RAMP, 1.0, ""))
    assert found.pixel_size is None
    assert found.notice is None


def test_ser(reader, tmp_path):
    path = write_ser(tmp_path / "a_1.ser", RAMP, 5.2612e-9)
    assert value_in_nm(path) == pytest.approx(5.2612, rel=1e-5)
    assert read_image(path).shape == RAMP.shape


@pytest.mark.parametrize("cut", [13, 60, 400])
def test_a_truncated_file_is_one_sentence(reader, tmp_path, cut):
    for path in (write_dm3(tmp_path / "a.dm3", RAMP, 1.0, "nm"), write_ser(tmp_path / "b.ser", RAMP, 1e-9)):
        path.write_bytes(path.read_bytes()[:cut])
        with pytest.raises(RenalFusionError) as caught:
            read_image(path)
        assert caught.value.code == "image_truncated"
        assert caught.value.remedy


def test_without_the_extra_one_sentence_says_how_to_get_it(tmp_path, monkeypatch):
    (tmp_path / "case/TEM").mkdir(parents=True)
    path = write_dm3(tmp_path / "case/TEM/a.dm3", RAMP, 1.0, "nm")
    for module in (vendor_files, folders_module):
        monkeypatch.setattr(module, "reader_installed", lambda: False)
    for read in (read_image, read_pixel_size, read_info):
        with pytest.raises(RenalFusionError) as caught:
            read(path)
        assert caught.value.code == "reader_missing"
        assert 'pip install "napari-renal-fusion[tem]"' in str(caught.value)
    (tmp_path / "case/OM").mkdir()
    (tmp_path / "case/OM/a.jpg").write_bytes(b"x")
    notices = Case.from_folder(tmp_path / "case").notices
    assert [notice.code for notice in notices] == ["reader_missing"]


def test_vendor_tags_come_before_resolution_tags(tmp_path):
    path = write_gatan_tiff(
        tmp_path / "a.tif", RAMP, 0.16867, "µm", resolution=(100000, 100000), resolutionunit="CENTIMETER"
    )
    assert read_pixel_size(path).um == pytest.approx(0.16867)
    assert read_pixel_size(path).source == "DigitalMicrograph tags"
    path = write_gatan_tiff(
        tmp_path / "b.tif", RAMP, 0.17, "1/nm", resolution=(100000, 100000), resolutionunit="CENTIMETER"
    )
    found = read_calibration(path)
    assert found.pixel_size is None
    assert found.notice.code == "pixel_size_not_a_length"


def test_jeol_divides_by_the_magnification(tmp_path):
    path = write_jeol_tiff(tmp_path / "a.tif", RAMP, 10000)
    assert value_in_nm(path) == pytest.approx(25.4)
    found = read_calibration(write_jeol_tiff(tmp_path / "b.tif", RAMP, 40, mode="DIFF"))
    assert found.pixel_size is None
    assert found.notice.code == "pixel_size_not_a_length"


class FakeTags(dict):
    def valueof(self, code, default=None):
        return self.get(code, default)

    def __iter__(self):
        return iter([type("Tag", (), {"code": code}) for code in self.keys()])


class FakePage:
    def __init__(self, tags, shape=(100, 120)):
        self.tags = FakeTags(tags)
        self.imagelength, self.imagewidth = shape


class FakeTiff:
    def __init__(self, *pages):
        self.pages = pages


def test_tags_that_tifffile_parses():
    tvips = FakePage({37706: {"PixelSizeX": 1.4208, "PixelSizeY": 1.4208, "TemMagnification": 32000.0}})
    assert vendor_sides(FakeTiff(tvips), tvips).x == 1.4208
    assert vendor_sides(FakeTiff(tvips), tvips).unit == "nm"
    assert is_electron_tiff(tvips)
    sis = {33560: {"pixelsizex": 2.3928e-11, "pixelsizey": 2.3928e-11}}
    preview, camera, other = FakePage({}), FakePage(sis), FakePage(sis, shape=(10, 10))
    assert vendor_sides(FakeTiff(preview, camera), preview).x == 2.3928e-11  # the tag is on the camera's page
    assert vendor_sides(FakeTiff(preview, other), preview) is None
    fei = FakePage({34682: {"Scan": {"PixelWidth": 1e-9, "PixelHeight": 1e-9}}})
    assert vendor_sides(FakeTiff(fei), fei).unit == "m"
    zeiss = FakePage({34118: {"ap_image_pixel_size": ("Image Pixel Size", 12.5, "nm")}})
    assert vendor_sides(FakeTiff(zeiss), zeiss).x == 12.5
    damaged = FakePage({37706: {"Version": 1}, 34682: {}, 33560: {}})
    assert vendor_sides(FakeTiff(damaged), damaged) is None


def test_an_ordinary_tiff_says_nothing_of_a_maker(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, RAMP)
    with tifffile.TiffFile(path) as tiff:
        assert vendor_sides(tiff, tiff.pages[0]) is None
        assert not is_electron_tiff(tiff.pages[0])
