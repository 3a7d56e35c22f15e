from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_renal_fusion.cases import ImageItem, Modality, PixelSize
from napari_renal_fusion.cases.lab_scales import (
    LabScale,
    forget_scale,
    lab_scales,
    remember_scale,
    scale_for,
    scales_path,
)
from napari_renal_fusion.errors import RenalFusionError

SIZE = PixelSize(value=0.17, unit="um")


def scale(**fields) -> LabScale:
    given = {"modality": Modality.OM, "magnification": 400, "height": 40, "width": 50, "pixel_size": SIZE}
    return LabScale(**{**given, **fields})


def image(path: Path, shape=(40, 50), dpi=None, **fields) -> ImageItem:
    Image.fromarray(np.zeros(shape, np.uint8)).save(path, **({"dpi": (dpi, dpi)} if dpi else {}))
    return ImageItem(path, **{"modality": Modality.OM, "magnification": 400.0, **fields})


def test_a_scale_holds_for_images_of_its_kind_without_metadata_and_says_so(tmp_path):
    one = image(tmp_path / "a.jpg")
    assert one.pixel_size is None
    remember_scale(scale(device="BX53, DP74"))
    assert one.pixel_size.um == 0.17
    assert one.pixel_size.source == "laboratory: ×400, 50 x 40"
    assert scale_for(one).words() == "Light (OM) ×400, 50 x 40: 0.17 µm a pixel (BX53, DP74)"


def test_a_scale_holds_for_nothing_else(tmp_path):
    remember_scale(scale())
    for number, other in enumerate(
        (
            {"magnification": None},
            {"magnification": 200.0},
            {"modality": Modality.IM},
            {"shape": (50, 40)},
        )
    ):
        assert image(tmp_path / f"{number}.png", **other).pixel_size is None


def test_what_the_file_or_a_person_states_comes_first(tmp_path):
    remember_scale(scale())
    assert image(tmp_path / "a.png", dpi=25_400 / 0.5).pixel_size.um == pytest.approx(0.5, rel=1e-3)
    person = PixelSize(value=3.0, unit="nm")
    assert image(tmp_path / "b.png", stated_pixel_size=person).pixel_size is person


def test_one_of_the_same_kind_is_replaced_and_any_can_be_forgotten(tmp_path):
    remember_scale(scale())
    remember_scale(scale(pixel_size=PixelSize(value=0.2, unit="um")))
    remember_scale(scale(magnification=200))
    assert [one.pixel_size.value for one in lab_scales()] == [0.2, 0.17]
    assert forget_scale(lab_scales()[0].scale_id)
    assert not forget_scale("nothing")
    assert image(tmp_path / "a.jpg").pixel_size is None


def test_a_damaged_list_is_in_nobodys_way_and_is_not_overwritten(tmp_path):
    remember_scale(scale())
    scales_path().write_text('{"scales": [{"modality": "OM"}]}')
    assert image(tmp_path / "a.jpg").pixel_size is None
    with pytest.raises(RenalFusionError, match="cannot be read"):
        remember_scale(scale())
    assert "OM" in scales_path().read_text()


def test_the_list_holds_no_name_of_a_file(tmp_path):
    one = image(tmp_path / "Wang Wei 400x.jpg")
    remember_scale(scale())
    assert one.pixel_size is not None
    assert "Wang" not in scales_path().read_text()
    with pytest.raises(ValueError, match="device"):
        scale(device="x" * 41)
