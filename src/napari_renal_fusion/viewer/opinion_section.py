"""The model's opinion: verdict, probabilities, what it can answer at all, and every warning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .probability_bars import ProbabilityBars
from .section import Section
from .theme import RHYTHM, label
from .words import TRAINED_ON

if TYPE_CHECKING:
    from ..inference.prediction import Prediction

_STATUS = {"abstained": "No opinion", "refused": "No opinion may be shown"}


class OpinionSection(Section):
    """Empty until a model has run on this case."""

    def __init__(self) -> None:
        super().__init__("Model opinion")
        self.what_if = label("What if: your choice of images, not the model's rule.", "warning")
        self.verdict = label("", "")
        self.reasons = label("", "")
        self.bars = ProbabilityBars()
        self.scope = label("", "secondary")
        self.trained_on = label("", "secondary")
        self.warnings = label("", "warning")
        for widget in (self.what_if, self.verdict, self.reasons):
            self.body.addWidget(widget)
        self.body.addSpacing(RHYTHM // 2)
        self.body.addWidget(self.bars)
        for widget in (self.scope, self.trained_on, self.warnings):
            self.body.addWidget(widget)
        self.show_nothing()

    def show_nothing(self) -> None:
        """No answer yet."""
        self.verdict.setText("Not asked yet. Read the images first, then press Run.")
        for widget in (self.what_if, self.reasons, self.bars, self.scope, self.trained_on, self.warnings):
            widget.hide()

    def show_prediction(self, prediction: Prediction, *, what_if: bool = False) -> None:
        status = _STATUS.get(prediction.status)
        self.verdict.setText(
            f"<b>{status}.</b> {prediction.verdict}" if status else f"<b>{prediction.verdict}</b>"
        )
        self.what_if.setVisible(what_if)
        self._write(
            self.reasons, [one.message for one in prediction.reasons if one.message not in prediction.verdict]
        )
        self.bars.setVisible(bool(prediction.probabilities))
        if prediction.probabilities:
            self.bars.show_values(prediction.class_names, prediction.probabilities)
        self._write(self.scope, [prediction.scope])
        origin = prediction.provenance
        self._write(self.trained_on, [TRAINED_ON[origin.trained_on]] if origin else [])
        self._write(self.warnings, [one.message for one in prediction.warnings])
        if origin:
            self.trained_on.setToolTip(
                f"{origin.bundle_name} · {origin.seconds:.1f} s · {origin.device_reason} · {origin.precision}"
            )

    @staticmethod
    def _write(place, sentences: list[str]) -> None:
        place.setText("\n".join(sentences))
        place.setVisible(any(sentences))
