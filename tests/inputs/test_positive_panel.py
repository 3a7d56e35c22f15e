"""A panel weaker than every one of training is recognised, by grade or by brightness."""

import numpy as np
import pytest

from napari_renal_fusion.inputs import PositivePanel


def picture(brightness: int) -> np.ndarray:
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[20:40, 20:40, 1] = brightness
    return pixels


def test_the_grade_decides_where_both_sides_have_one():
    panel = PositivePanel.fit([(3.0, picture(200)), (1.0, picture(90))])
    assert panel.least_intensity == 1.0
    assert panel.weaker(0.5, picture(255)) == "graded trace, the weakest in training 1+"
    assert panel.weaker(1.0, picture(0)) == ""


@pytest.mark.parametrize("grade", [None, 2.0])
def test_brightness_decides_where_training_was_not_graded_throughout(grade):
    panel = PositivePanel.fit([(3.0, picture(200)), (None, picture(102))])
    assert panel.least_intensity is None
    assert panel.least_signal == pytest.approx(0.4)
    assert "signal 0.20" in panel.weaker(grade, picture(51))
    assert panel.weaker(grade, picture(103)) == ""


def test_a_network_that_was_shown_negatives_has_no_limit():
    assert PositivePanel.fit([(3.0, picture(200)), (0.0, picture(10))]) is None
    assert PositivePanel.fit([]) is None
