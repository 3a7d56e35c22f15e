"""The model's opinion: verdict, probabilities, what it can answer at all, and every warning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .probability_bars import ProbabilityBars
from .section import Section
from .theme import RHYTHM, label
from .words import SET_MEANS, TRAINED_ON

if TYPE_CHECKING:
    from ..inference.prediction import Prediction

_STATUS = {"abstained": "No opinion", "refused": "No opinion may be shown"}


class OpinionSection(Section):
    """Empty until a model has run on this case."""

    def __init__(self) -> None:
        super().__init__("Model opinion")
        self.what_if = label("What if: your choice of images, not the model's rule.", "warning")
        self.verdict = label("", "")
        self.stood_in = label("", "")
        self.reasons = label("", "")
        self.bars = ProbabilityBars()
        self.set_line = label("", "")
        self.scope = label("", "secondary")
        self.trained_on = label("", "secondary")
        self.warnings = label("", "warning")
        for widget in (self.what_if, self.verdict, self.stood_in, self.reasons):
            self.body.addWidget(widget)
        self.body.addSpacing(RHYTHM // 2)
        self.body.addWidget(self.bars)
        for widget in (self.set_line, self.scope, self.trained_on, self.warnings):
            self.body.addWidget(widget)
        self.show_nothing()

    def show_nothing(self) -> None:
        """No answer yet."""
        self.verdict.setText("Not asked yet. Read the images first, then press Run.")
        for widget in (
            self.what_if, self.stood_in, self.reasons, self.bars, self.set_line, self.scope, self.trained_on,
            self.warnings,
        ):  # fmt: skip
            widget.hide()

    def show_prediction(self, prediction: Prediction, *, what_if: bool = False) -> None:
        status = _STATUS.get(prediction.status)
        said = prediction.verdict.removeprefix("No opinion: ")
        self.verdict.setText(f"<b>{status}.</b> {said}" if status else f"<b>{said}</b>")
        self._write(self.stood_in, [prediction.stood_in])
        self.what_if.setVisible(what_if)
        self._write(
            self.reasons, [one.message for one in prediction.reasons if one.message not in prediction.verdict]
        )
        self.bars.setVisible(bool(prediction.probabilities))
        if prediction.probabilities:
            # Where nothing fits, no class stands out.
            among = () if prediction.fits_none else prediction.conformal
            self.bars.show_values(prediction.class_names, prediction.probabilities, among)
        self._write(self.set_line, [prediction.set_text])
        if prediction.conformal is not None:
            self.set_line.setToolTip(SET_MEANS.format(asked=f"{100 * prediction.coverage:g}"))
        self._write(self.scope, [prediction.scope])
        origin = prediction.provenance
        checked = f"{prediction.checked_text}."
        self._write(self.trained_on, [f"{TRAINED_ON[origin.trained_on]} {checked}"] if origin else [])
        self._write(self.warnings, [one.message for one in prediction.warnings if one.code != "stood_in"])
        if origin:
            self.trained_on.setToolTip(
                f"{origin.bundle_name} · {origin.seconds:.1f} s · {origin.device_reason} · {origin.precision}"
            )

    @staticmethod
    def _write(place, sentences: list[str]) -> None:
        place.setText("\n".join(sentences))
        place.setVisible(any(sentences))
