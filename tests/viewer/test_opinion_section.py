"""What stands beside the probabilities: set, distance, stand-in, frequencies, and the local check."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from napari_renal_fusion.bundles import CheckedHere
from napari_renal_fusion.inference.prediction import Prediction, Provenance
from napari_renal_fusion.inputs.selection import Selection
from napari_renal_fusion.notices import Notice
from napari_renal_fusion.viewer.opinion_section import OpinionSection
from napari_renal_fusion.viewer.probability_bars import ProbabilityBars

NAMES = ("IgA nephropathy", "membranous nephropathy", "lupus nephritis")
STOOD_IN = Notice(code="stood_in", message="Answered by OM + IM, because electron images are missing.")
CHECKED = CheckedHere(right=41, cases=46, checked_on=dt.date(2026, 11, 1))


def prediction(**changes):
    return Prediction.model_validate(
        {
            "case_id": "A",
            "status": "answered",
            "verdict": "Most like IgA nephropathy (62%). Research use only.",
            "class_names": NAMES,
            "names_shown": True,
            "probabilities": (0.62, 0.07, 0.31),
            "scope": "Can only answer three diseases.",
            "selection": Selection(images=()),
            "conformal": (0, 2),
            "coverage": 0.9,
            "provenance": Provenance(
                program_version="1", bundle_name="tiny", bundle_sha256="a" * 64, trained_on="real", device="cpu",
                device_reason="", precision="float32", made_at=dt.datetime.now(dt.UTC), input_sha256={}, seconds=1,
            ),
        }
        | changes
    )  # fmt: skip


@pytest.fixture
def section(show):
    return show(OpinionSection(), 300, 500)


def test_the_set_stands_below_the_bars_and_the_others_recede(section):
    section.show_prediction(prediction(checked_here=CHECKED))
    assert section.set_line.text() == "At 90 %: IgA nephropathy or lupus nephritis"
    assert "90 of 100" in section.set_line.toolTip()
    assert section.trained_on.text() == "Trained on real biopsies. Checked here: 41 of 46 right."
    assert not section.stood_in.isVisible()
    section.show_prediction(prediction(conformal=None, coverage=None))
    assert not section.set_line.isVisible()
    assert section.trained_on.text().endswith("Not checked in this laboratory yet.")


def test_no_opinion_is_said_once_and_gives_no_set(section):
    verdict = "No opinion: Fits none of its classes: the patient is unlike the known ones. Research use only."
    section.show_prediction(prediction(status="abstained", verdict=verdict, fits_none=True))
    text = section.verdict.text()
    assert text.count("No opinion") == 1
    assert "Fits none of its classes" in text
    assert not section.set_line.isVisible()


def test_who_answered_is_said_beside_the_verdict_and_not_twice(section):
    other = Notice(code="out_of_range", message="OM-1 is unlike the others.")
    section.show_prediction(prediction(warnings=(STOOD_IN, other)))
    assert section.stood_in.text() == STOOD_IN.message
    assert section.warnings.text() == other.message
    section.show_nothing()
    assert not section.stood_in.isVisible()
    assert not section.set_line.isVisible()


def test_bars_outside_the_set_are_paler(qtbot):
    bars = ProbabilityBars()
    qtbot.addWidget(bars)

    def thirds(among):
        bars.show_values(NAMES, (0.3, 0.3, 0.4), among)
        bars.resize(300, bars.sizeHint().height())
        image = bars.grab().toImage()
        image = image.convertToFormat(image.Format.Format_RGB888)
        data = np.frombuffer(image.constBits().asstring(image.sizeInBytes()), np.uint8)
        return np.array_split(data.reshape(image.height(), image.bytesPerLine()), 3)

    same = [np.array_equal(a, b) for a, b in zip(thirds(None), thirds((0, 2)), strict=True)]
    assert same == [True, False, True]
