from pathlib import Path

import numpy as np
import pytest

from napari_renal_fusion.cases import Case, ImageItem, Modality
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.inputs import keyed_images, select, without_unreadable
from napari_renal_fusion.training import preset

RULES = preset("demo").rules


def image(modality, stain=None, level=0, **fields):
    pixels = np.full((64, 64, 3), level, np.uint8)
    return ImageItem(
        Path(f"{stain or modality}.png"), Modality(modality), stain=stain, pixels=pixels, **fields
    )


CASE = Case(
    "c", "p",
    (
        image("OM", "HE"), image("OM", "PASM"),
        image("IM", "IgA", 90), image("IM", "IgG", 200), image("IM", "C3", 120),
        image("TEM"), image("TEM"),
    ),
)  # fmt: skip


def test_the_rule_takes_pasm_the_brightest_antibody_and_all_electron_images_with_reasons():
    selection = select(CASE, RULES)
    assert selection.keys == ("OM-2", "IM-2", "TEM-1", "TEM-2")
    assert "PASM" in selection.get("OM-2").reason
    assert "brightest of 3" in selection.get("IM-2").reason
    assert {one.key: one.reason for one in selection.left_out} == {
        "OM-1": "the model takes one image; PASM was preferred",
        "IM-1": "weaker than IgG",
        "IM-3": "weaker than IgG",
    }
    assert selection.missing == ()


def test_graded_intensity_wins_over_measured_brightness():
    case = Case("c", "p", (image("IM", "IgG", 250, intensity=1.0), image("IM", "IgA", 40, intensity=3.0)))
    selection = select(case, RULES)
    assert selection.keys == ("IM-2",)
    assert "graded" in selection.get("IM-2").reason
    assert selection.missing == (Modality.OM, Modality.TEM)


def test_the_person_chooses_and_it_is_said():
    selection = select(CASE, RULES, {Modality.IM: ("IM-1",), Modality.TEM: ("TEM-2",)})
    assert selection.keys == ("OM-2", "IM-1", "TEM-2")
    assert selection.get("IM-1").by == "person"
    assert selection.get("OM-2").by == "rule"


@pytest.mark.parametrize(
    ("choice", "code"),
    [
        ({Modality.IM: ("IM-9",)}, "selection_unknown"),
        ({Modality.OM: ("OM-1", "OM-2")}, "selection_too_many"),
    ],
)
def test_an_impossible_choice_is_refused(choice, code):
    with pytest.raises(RenalFusionError) as raised:
        select(CASE, RULES, choice)
    assert raised.value.code == code


def test_an_unreadable_image_moves_out_with_its_reason_and_leaves_the_modality_missing():
    error = RenalFusionError("image_truncated", "PASM.png is cut off", path="PASM.png")
    selection = without_unreadable(select(CASE, RULES), {"OM-2": error, "TEM-1": error})
    assert selection.keys == ("IM-2", "TEM-2")
    assert selection.missing == (Modality.OM,)
    assert [n.code for n in selection.notices] == ["image_truncated"] * 2


def test_a_sorted_image_keeps_its_key_whatever_its_place():
    images = (
        ImageItem(Path("a"), Modality.OM, image_id="OM-3"),
        ImageItem(Path("b"), Modality.OM),
        ImageItem(Path("c"), Modality.OM, image_id="OM-1"),
        ImageItem(Path("d"), Modality.OM),
    )
    assert list(keyed_images(Case("c", "p", images))) == ["OM-3", "OM-2", "OM-1", "OM-4"]
