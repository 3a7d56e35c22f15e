"""Which images could stand in the place of the one that enters: by grade, by brightness, by stain, by crop."""

from pathlib import Path

import numpy as np
import pytest

from napari_renal_fusion.cases import Box, Case, ImageItem, Modality
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.inputs import PositivePanel, SelectionRules, SlotRule, select, slot_choices
from napari_renal_fusion.inputs.choices import combinations

RULES = SelectionRules(
    slots=(
        SlotRule(modality=Modality.OM, choose="preferred_stain", stains=("PASM", "PAS")),
        SlotRule(modality=Modality.IM, choose="brightest"),
        SlotRule(modality=Modality.TEM, choose="all"),
    )
)
WEAK = PositivePanel(least_intensity=None, least_signal=0.5)


def image(key, stain=None, brightness=100, intensity=None, crop=None):
    modality = Modality(key.split("-")[0])
    pixels = np.full((64, 64, 3), brightness, np.uint8)
    path = Path(f"{key}.png")
    return ImageItem(path, modality, stain, intensity=intensity, crop=crop, pixels=pixels, image_id=key)


def case(*images):
    return Case("C", "C", images)


def chosen(given, panel=None, choice=None, look=None):
    """The slots' choices by modality."""
    keyed = {one.image_id: one for one in given.images}
    selection = select(given, RULES, choice)
    found = slot_choices(given, RULES, selection, panel, look or (lambda key: keyed[key].read()))
    return {one.modality: one for one in found}


GRADED = (
    image("IM-1", "IgA", 250, 0.0),
    image("IM-2", "IgG", 90, 3.0),
    image("IM-3", "C3", 120, 1.0),
    image("IM-4", "C1q", 200, 0.5),
    image("IM-5", "kappa", 240),
)


def test_every_antibody_graded_one_or_more_is_a_choice_strongest_first():
    found = chosen(case(*GRADED))[Modality.IM]
    assert found.keys == ("IM-2", "IM-3")
    assert [one.reason for one in found.choices][1] == "graded 1+"
    assert found.rule == "Every antibody graded 1+ or more was asked; 1 without a grade was not."


def test_without_grades_the_weakest_of_training_decides():
    images = [
        image(f"IM-{i}", name, b) for i, (name, b) in enumerate([("IgA", 60), ("IgG", 200), ("C3", 150)])
    ]
    found = chosen(case(*images), WEAK)[Modality.IM]
    assert found.keys == ("IM-1", "IM-2")
    assert "signal 0.50 of 1" in found.rule
    assert found.choices[1].reason == "signal 0.59 of 1"


def test_without_grades_and_without_a_limit_only_the_rule_is_asked_and_says_so():
    images = [image(f"IM-{i}", brightness=b) for i, b in enumerate((60, 200))]
    found = chosen(case(*images))[Modality.IM]
    assert found.keys == ("IM-1",)
    assert "Grade the panel" in found.rule
    assert chosen(case(images[0]))[Modality.IM].rule == "The case has one immunofluorescence image."


def test_a_graded_antibody_weaker_than_every_one_of_training_is_not_asked():
    panel = PositivePanel(least_intensity=2.0, least_signal=0.0)
    found = chosen(case(*GRADED), panel)[Modality.IM]
    assert found.keys == ("IM-2",)
    assert [(one.key, one.reason) for one in found.not_asked] == [
        ("IM-3", "graded 1+, the weakest in training 2+")
    ]


def test_a_negative_panel_has_no_choice_beside_the_strongest():
    negative = case(image("IM-1", "IgA", 250, 0.0), image("IM-2", "IgG", 60, 0.5))
    found = chosen(negative, WEAK)[Modality.IM]
    assert found.keys == ("IM-2",)
    assert found.rule == "No antibody is graded 1+ or more; only the strongest was asked."


def test_what_a_person_chose_has_no_alternative():
    found = chosen(case(*GRADED), choice={Modality.IM: ("IM-3",)})[Modality.IM]
    assert (found.keys, found.rule) == (("IM-3",), "A person chose this image.")


def test_an_unreadable_antibody_is_named():
    def look(key):
        if key == "IM-3":
            raise RenalFusionError("image_truncated", "IM-3 is truncated")
        return np.full((8, 8, 3), 255, np.uint8)

    found = chosen(case(*GRADED), WEAK, look=look)[Modality.IM]
    assert found.keys == ("IM-2",)
    assert found.not_asked[0].reason == "IM-3 is truncated."


LIGHT = (image("OM-1", "HE"), image("OM-2", "PASM"), image("OM-10", "pasm"), image("OM-3", "PASM"))


def test_every_image_of_the_stain_that_the_rule_takes_is_a_choice():
    found = chosen(case(*LIGHT))[Modality.OM]
    assert found.keys == ("OM-2", "OM-3", "OM-10")
    assert found.rule == "Every PASM image was asked."
    assert chosen(case(*LIGHT[:1]))[Modality.OM].rule == "The case has one HE image."


def test_chosen_glomeruli_go_before_whole_fields():
    crops = [image(f"OM-4.{i}", "PASM", crop=Box(0, 8 * i, 32, 32)) for i in (1, 2)]
    found = chosen(case(*LIGHT, *crops))[Modality.OM]
    assert found.keys == ("OM-4.1", "OM-4.2")
    assert found.rule == "Every glomerulus chosen on PASM images was asked."


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_files_decides_nothing(seed):
    images = (*LIGHT, *GRADED, image("IM-6", "IgM", 91, 3.0))
    mixed = case(*(images[i] for i in np.random.default_rng(seed).permutation(len(images))))
    assert chosen(mixed) == chosen(case(*images))
    assert chosen(mixed)[Modality.IM].keys == ("IM-6", "IM-2", "IM-3")  # the brighter of two graded 3+


def test_combinations_begin_with_the_official_one_and_then_differ_in_one_image():
    found = chosen(case(*LIGHT, *GRADED)).values()
    ways = [tuple(way.values()) for way in combinations(found)]
    assert ways[0] == ("OM-2", "IM-2")
    assert set(ways[1:4]) == {("OM-3", "IM-2"), ("OM-10", "IM-2"), ("OM-2", "IM-3")}
    assert len(set(ways)) == 6
