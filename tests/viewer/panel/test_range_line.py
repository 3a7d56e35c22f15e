"""The range of answers on screen: a whisker on each bar, a sentence, a table that opens; nothing of it stays when it goes."""

import numpy as np
import pytest
from qtpy.QtGui import QImage

from napari_renal_fusion.cases import Modality
from napari_renal_fusion.inference.answer_range import Alternatives, Combination
from napari_renal_fusion.inputs import Choice, SlotChoices
from napari_renal_fusion.viewer.panel.range_line import RangeLine
from napari_renal_fusion.viewer.probability_bars import ProbabilityBars

NAMES = ("IgA nephropathy", "membranous nephropathy")


def found(*answers, rule="Every antibody graded 1+ or more was asked."):
    names = ("IgG", "C3 <x>", "IgA")[: len(answers)]
    choices = tuple(Choice(key=f"IM-{i}", name=name, reason="") for i, name in enumerate(names))
    return Alternatives(
        slots=(SlotChoices(modality=Modality.IM, rule=rule, choices=choices),),
        combinations=tuple(
            Combination(images={Modality.IM: f"IM-{i}"}, probabilities=answer)
            for i, answer in enumerate(answers)
        ),
        possible=len(answers),
        class_names=NAMES,
    )


@pytest.fixture
def line(show):
    return show(RangeLine())


def test_the_range_of_the_most_probable_class_is_a_sentence(line):
    line.show_alternatives(found((0.2, 0.8), (0.3, 0.7), (0.45, 0.55)), 1)
    assert line.sentence.text() == "Membranous nephropathy from 55 to 80 % over 3 choices of images."
    assert not line.table.isVisible()
    line.more.click()
    assert line.table.isVisible()
    assert "IgG (official)" in line.table.text()
    assert "C3 &lt;x&gt;" in line.table.text()
    assert "45.0 %" in line.table.text()
    assert line.rules.isVisible()


def test_nothing_to_choose_says_only_why(line):
    line.show_alternatives(found((0.2, 0.8), rule="Nobody graded the panel, so only one image was asked."), 1)
    assert not line.more.isVisible()
    assert line.rules.isVisible()
    line.show_alternatives(found((0.2, 0.8), rule="A person chose this image."), 1)
    assert not line.isVisible()


def test_nothing_of_an_answer_stays_when_it_goes(line):
    line.show_alternatives(found((0.2, 0.8), (0.3, 0.7)), 1)
    line.show_alternatives(None)
    assert line.isHidden()
    assert not any(one.text() for one in (line.sentence, line.table, line.rules))


def test_the_whisker_reaches_from_the_smallest_to_the_largest(qtbot):
    bars = ProbabilityBars()
    qtbot.addWidget(bars)
    bars.resize(326, 68)
    bars.show_values(NAMES, (0.2, 0.8))
    plain = _grab(bars)
    bars.show_values(NAMES, (0.2, 0.8), None, ((0.1, 0.3), (0.4, 0.9)))
    changed = (_grab(bars) != plain).any(axis=2)
    for row, (low, high) in enumerate(((0.1, 0.3), (0.4, 0.9))):
        columns = np.flatnonzero(changed[34 * row : 34 * row + 34].any(axis=0))
        assert columns[0] == pytest.approx(26 + 300 * low, abs=3)
        assert columns[-1] == pytest.approx(26 + 300 * high, abs=3)
    assert "membranous nephropathy 80.0 % (40.0 % to 90.0 %)" in bars.accessibleDescription()


def _grab(widget) -> np.ndarray:
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits().asarray(image.sizeInBytes()), np.uint8)
    rows = rows.reshape(image.height(), image.bytesPerLine())[:, : 3 * image.width()]
    return rows.reshape(image.height(), image.width(), 3).astype(int)
