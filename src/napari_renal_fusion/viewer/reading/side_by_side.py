"""After the reveal: own reading and model beside each other, and one sentence about how they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGridLayout, QWidget

from ...figures import percent
from ...readings import Reading, same_diagnosis
from ..theme import RHYTHM, label
from .words import clock

if TYPE_CHECKING:
    from ...inference.prediction import Prediction

AGREE = "You and the model agree."
DIFFER = "You and the model differ."
NONE_OF_ITS = "Your disease is none of those that the model can answer."
NO_OPINION = "The model has no opinion; the reason stands below."
NAMES_NONE = "The model may name no disease here; the reason stands below."


class SideBySide(QWidget):
    """Two columns of equal width: what you said before, what the model says."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(2 * RHYTHM)
        grid.setVerticalSpacing(2)
        self.own, self.model = label("", ""), label("", "")
        self.own_about, self.model_about = label("", "secondary"), label("", "secondary")
        rows = (
            (label("You, before", "secondary"), label("Model", "secondary")),
            (self.own, self.model),
            (self.own_about, self.model_about),
        )
        for row, both in enumerate(rows):
            for column, widget in enumerate(both):
                grid.addWidget(widget, row, column, Qt.AlignmentFlag.AlignTop)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        self.sentence = label("", "heading")
        grid.addWidget(self.sentence, len(rows), 0, 1, 2)

    def show_reading(self, reading: Reading, prediction: Prediction, bundle: str) -> None:
        """Show what the log says of both; the number beside the model's disease is the prediction's."""
        self.own.setText(f"<b>{reading.own or 'nothing entered'}</b>")
        said = (
            f"sure: {reading.impression['confidence']} · {clock(reading.impression['at'])}"
            if reading.impression
            else ""
        )
        self.own_about.setText(said)
        top = prediction.top
        if reading.model:
            self.model.setText(f"<b>{reading.model}</b>")
            number = percent(prediction.probabilities[top]) if top is not None else ""
            self.model_about.setText(f"{number} · {clock(reading.revealed['at'])}" if number else "")
        else:
            self.model.setText("<b>No opinion</b>")
            self.model_about.setText("")
        for one in (self.model, self.model_about):
            one.setToolTip(f"Official result of {bundle}")
        self.sentence.setText(how_they_stand(reading, prediction))

    def clear(self) -> None:
        """Leave no word of an answer behind."""
        for one in (self.own, self.own_about, self.model, self.model_about, self.sentence):
            one.setText("")
            one.setToolTip("")


def how_they_stand(reading: Reading, prediction: Prediction) -> str:
    """The sentence below both columns; "" where nothing was entered."""
    if not reading.model:
        return NO_OPINION if prediction.names_shown or not prediction.probabilities else NAMES_NONE
    if not reading.own:
        return ""
    if same_diagnosis(reading.own, reading.model):
        return AGREE
    classes = reading.revealed["classes"] if reading.revealed else ()
    within = any(same_diagnosis(reading.own, one) for one in classes)
    return DIFFER if within else NONE_OF_ITS
