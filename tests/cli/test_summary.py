"""What a terminal says about the admissible choices of images."""

from napari_renal_fusion.cases import Case, Modality
from napari_renal_fusion.cli.predict import summary
from napari_renal_fusion.inference import Prediction
from napari_renal_fusion.inference.answer_range import Alternatives, Combination
from napari_renal_fusion.inputs import Choice, Selection, SlotChoices

NAMES = ("IgA nephropathy", "membranous nephropathy")


def prediction(*answers):
    choices = tuple(Choice(key=f"IM-{i}", name=name, reason="") for i, name in enumerate(("IgG", "C3")))
    return Prediction(
        case_id="7K2F",
        status="answered",
        verdict="Most like membranous nephropathy (80%).",
        class_names=NAMES,
        names_shown=True,
        probabilities=answers[0],
        scope="Can only answer two.",
        selection=Selection(images=()),
        alternatives=Alternatives(
            slots=(
                SlotChoices(
                    modality=Modality.IM, rule="Every one was asked.", choices=choices[: len(answers)]
                ),
            ),
            combinations=tuple(
                Combination(images={Modality.IM: f"IM-{i}"}, probabilities=one, conformal=(1,))
                for i, one in enumerate(answers)
            ),
            possible=len(answers),
            class_names=NAMES,
        ),
    )


def test_the_range_stands_beside_each_class_and_every_choice_has_a_line():
    lines = [
        one.strip() for one in summary(Case("7K2F", "P"), prediction((0.2, 0.8), (0.4, 0.6))).splitlines()
    ]
    assert lines[1].split("  ")[-1] == "from 60 to 80 % over 2 choices"
    assert lines[1].startswith("Membranous nephropathy")
    assert "with C3: 40.0%, 60.0% (set: membranous nephropathy)" in lines
    assert "Every one was asked." in lines


def test_a_single_choice_says_nothing_about_ranges():
    said = summary(Case("7K2F", "P"), prediction((0.2, 0.8)))
    assert "over" not in said
    assert "with" not in said
