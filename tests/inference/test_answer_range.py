"""Ranges over choices, and what counts as a contradiction: written down by hand."""

import pytest

from napari_renal_fusion.cases import Modality
from napari_renal_fusion.inference.answer_range import Alternatives, Combination
from napari_renal_fusion.inputs import Choice, SlotChoices

NAMES = ("IgA nephropathy", "membranous nephropathy", "lupus nephritis")


def one(*probabilities, sets=None, none=None, om="OM-1", im="IM-1"):
    return Combination(
        images={Modality.OM: om, Modality.IM: im}, probabilities=probabilities, conformal=sets, fits_none=none
    )


def alternatives(*combinations, possible=None, om=("PASM",), im=("IgG", "C3", "IgA")):
    slots = [
        SlotChoices(
            modality=modality,
            rule="Every one was asked.",
            choices=tuple(Choice(key=f"{modality}-{i}", name=n, reason="") for i, n in enumerate(names, 1)),
        )
        for modality, names in ((Modality.OM, om), (Modality.IM, im))
    ]
    return Alternatives(
        slots=tuple(slots),
        combinations=combinations,
        possible=possible or len(combinations),
        class_names=NAMES,
    )


A, B = (0.7, 0.2, 0.1), (0.2, 0.7, 0.1)


@pytest.mark.parametrize(
    ("first", "second", "contradict"),
    [
        (one(*A), one(0.5, 0.3, 0.2), False),
        (one(*A), one(*B), True),  # without sets there is no tie
        (one(*A, sets=(0, 1)), one(*B, sets=(0, 1)), False),  # a tie that the calibration knows
        (one(*A, sets=(0,)), one(*B, sets=(0, 1)), True),
        (one(*A, sets=(0, 1)), one(*B, sets=(1,)), True),
        (one(*A, sets=(0,)), one(*A, sets=(0, 2)), False),  # the same class, one choice less sure
        (one(*A, sets=(0,)), one(*A, sets=(1,)), True),  # frequencies moved the top, the sets are apart
        (one(*A, sets=()), one(*A, sets=(0,)), True),
        (one(*A, sets=()), one(*B, sets=()), False),  # neither says anything
        (one(*A, sets=(0,), none=True), one(*A, sets=(0,), none=False), True),
        (one(*A, sets=(0,), none=True), one(*B, sets=(1,), none=True), False),
    ],
)
def test_contradictions(first, second, contradict):
    assert first.contradicts(second) == second.contradicts(first) == contradict
    assert not first.contradicts(first)
    assert bool(alternatives(first, second).disagreement) == contradict


def test_the_range_is_of_each_class_and_says_which_choice_gave_which():
    found = alternatives(one(*A), one(0.5, 0.45, 0.05, im="IM-2"), one(0.6, 0.1, 0.3, im="IM-3"))
    assert found.low == (0.5, 0.1, 0.05)
    assert found.high == (0.7, 0.45, 0.3)
    assert found.ranges[1] == (0.1, 0.45)
    assert found.range_text(0) == "from 50 to 70 % over 3 choices"
    assert found.which(1) == ("IgA", "C3")
    assert [row[0] for row in found.rows()] == ["IgG", "C3", "IgA"]
    assert found.disagreement == ""


def test_a_single_choice_has_no_range():
    found = alternatives(one(*A), im=("IgG",))
    assert (found.ranges, found.range_text(0), found.varying) == ((), "", ())
    assert found.label(found.combinations[0]) == "PASM and IgG"


def test_certainty_is_never_rounded_into_existence():
    found = alternatives(one(0.9999, 0.0001, 0.0), one(0.991, 0.009, 0.0))
    assert found.range_text(0) == "from 99 to > 99 % over 2 choices"
    assert found.range_text(1) == "from < 1 to 1 % over 2 choices"
    assert found.range_text(2) == "0 % over 2 choices"


def test_the_contradiction_names_both_choices():
    found = alternatives(one(*A), one(0.6, 0.3, 0.1, im="IM-2"), one(*B, im="IM-3"))
    assert found.disagreement == (
        "The images that may be chosen lead to different answers: with IgG IgA nephropathy (70%), with IgA "
        "membranous nephropathy (70%)."
    )
    none = alternatives(one(*A, sets=(0,)), one(*A, sets=(), im="IM-2"))
    assert "with C3 none of its classes." in none.disagreement


def test_images_of_one_name_are_told_apart_by_their_keys():
    found = alternatives(one(*A), one(*B, om="OM-2"), om=("PASM", "PASM"))
    assert [row[0] for row in found.rows()] == ["PASM OM-1 and IgG", "PASM OM-2 and IgG"]


def test_what_was_not_tried_is_said():
    said = alternatives(one(*A), one(*A, im="IM-2"), possible=80).sentences
    assert said[-1].startswith("2 of 80 combinations were tried")


def test_round_trip():
    found = alternatives(one(*A, sets=(0, 1), none=False), one(*B, im="IM-2"))
    assert Alternatives.model_validate_json(found.model_dump_json()) == found
