"""The model's opinion: verdict, probabilities, what it can answer at all, and every warning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox

from .panel.range_line import RangeLine
from .probability_bars import ProbabilityBars
from .section import Section
from .theme import RHYTHM, label
from .words import SEALED, SET_MEANS, TRAINED_ON

if TYPE_CHECKING:
    from ..inference.prediction import Prediction

_OTHER_THAN = "not the official result of this case and model."
_STATUS = {"abstained": "No opinion", "refused": "No opinion may be shown"}


_NOT_ASKED = "Not asked yet. Read the images first, then press Run."


class OpinionSection(Section):
    """Empty until a model has run on this case, and as long as its answer is sealed."""

    result_chosen = Signal(int)
    """Which of several answers is to be shown: 0 the official one, else the number of a what-if."""

    def __init__(self) -> None:
        super().__init__("Model opinion")
        self.empty_says = _NOT_ASKED
        self.results = QComboBox()
        self.results.setToolTip("The official result of this case and model, and every what-if")
        self.results.setAccessibleName("Which result")
        self.results.activated.connect(lambda _: self.result_chosen.emit(self.results.currentData()))
        self.head.addWidget(self.results)
        self.what_if = label("", "warning")
        self.verdict = label("", "")
        self.stood_in = label("", "")
        self.reasons = label("", "")
        self.bars = ProbabilityBars()
        self.range_line = RangeLine()
        self.set_line = label("", "")
        self.scope = label("", "secondary")
        self.trained_on = label("", "secondary")
        self.warnings = label("", "warning")
        for widget in (self.what_if, self.verdict, self.stood_in, self.reasons):
            self.body.addWidget(widget)
        self.body.addSpacing(RHYTHM // 2)
        self.body.addWidget(self.bars)
        self.body.addWidget(self.range_line)
        for widget in (self.set_line, self.scope, self.trained_on, self.warnings):
            self.body.addWidget(widget)
        self.show_nothing()

    def show_nothing(self) -> None:
        """No answer that may be shown; nothing of an earlier one stays in a hidden widget either."""
        self.verdict.setText(self.empty_says)
        for widget in (
            self.what_if, self.stood_in, self.reasons, self.set_line, self.scope, self.trained_on, self.warnings,
        ):  # fmt: skip
            widget.setText("")
            widget.setToolTip("")
            widget.hide()
        self.bars.show_values((), ())
        self.range_line.show_alternatives(None)
        self.bars.hide()
        self.show_results((), 0)

    def set_sealed(self, sealed: bool) -> None:
        """Say in an empty section that the answer is there and sealed."""
        shown = self.verdict.text() == self.empty_says
        self.empty_says = SEALED if sealed else _NOT_ASKED
        if shown:
            self.verdict.setText(self.empty_says)

    def show_results(self, what_ifs: Sequence[int], chosen: int) -> None:
        """Offer the official result and the what-ifs by number; nothing if there are none."""
        self.results.clear()
        if what_ifs:
            self.results.addItem("Official result", 0)
            for number in what_ifs:
                self.results.addItem(f"What if {number}", number)
            self.results.setCurrentIndex(max(0, self.results.findData(chosen)))
        self.results.setVisible(bool(what_ifs))

    def show_number(self, what_if: bool, number: int) -> None:
        """Mark a what-if; it gets its number when it is stored."""
        told = f"What if {number}" if number else "What if"
        self._write(self.what_if, [f"{told}: {_OTHER_THAN}"] if what_if or number else [])

    def show_prediction(self, prediction: Prediction, *, what_if: bool = False, number: int = 0) -> None:
        status = _STATUS.get(prediction.status)
        said = prediction.verdict.removeprefix("No opinion: ")
        self.verdict.setText(f"<b>{status}.</b> {said}" if status else f"<b>{said}</b>")
        self._write(self.stood_in, [prediction.stood_in])
        self.show_number(what_if, number)
        self._write(
            self.reasons, [one.message for one in prediction.reasons if one.message not in prediction.verdict]
        )
        self.bars.setVisible(bool(prediction.probabilities))
        if prediction.probabilities:
            # Where nothing fits, no class stands out.
            among = () if prediction.fits_none else prediction.conformal
            found = prediction.alternatives
            ranges = found.ranges if found else ()
            self.bars.show_values(prediction.class_names, prediction.probabilities, among, ranges)
        self.range_line.show_alternatives(prediction.alternatives, prediction.top)
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
