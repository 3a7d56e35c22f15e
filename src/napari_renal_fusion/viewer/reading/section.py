"""The reader's own part: what you think, how sure, the reveal, and afterwards both opinions side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from ...readings import Reading
from ..section import Section
from ..theme import RHYTHM, label
from .buttons import VerbButton
from .confidence_row import ConfidenceRow
from .decision_row import DecisionRow
from .diagnosis_field import DiagnosisField
from .final_row import FinalRow
from .side_by_side import SideBySide
from .words import CHANGED, MISSING, NOT_ASKED, READY, RUNNING, clock

if TYPE_CHECKING:
    from ...inference.prediction import Prediction


class ReadingSection(Section):
    """Shows a :class:`.Reading`; what the person enters goes out as signals, and comes back as a new reading."""

    impression_given = Signal(str, str)
    """Diagnosis and confidence, whenever both are there and one of them changed."""
    reveal_wanted = Signal(str, str)
    """Diagnosis and confidence that stand at this moment."""
    decided = Signal(str, str)
    final_given = Signal(str, str)
    agreement_wanted = Signal()

    def __init__(self) -> None:
        super().__init__("Your reading")
        self.agreement_button = VerbButton(
            "Agreement", role="link", key="You and the model over all cases (Alt+Y)"
        )
        self.head.addWidget(self.agreement_button)
        self.field = DiagnosisField("Disease: name, MN, 膜性肾病 …")
        self.field.setToolTip("Any disease, in English or Chinese; free text is kept as it is (Alt+I)")
        self.field.setAccessibleName("Your diagnosis")
        self.confidence = ConfidenceRow()
        self.saved = label("", "secondary")
        self.reveal_button = VerbButton("Reveal the model's opinion", key="Alt+O", role="main")
        self.readiness = label("", "secondary")
        self._before, self._after = QWidget(), QWidget()
        self.both, self.decision, self.final = SideBySide(), DecisionRow(), FinalRow()
        for part, widgets in (
            (self._before, (self.field, self.confidence, self.saved, self.reveal_button, self.readiness)),
            (self._after, (self.both, self.decision)),
        ):
            column = QVBoxLayout(part)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(RHYTHM // 2 if part is self._before else RHYTHM)
            for widget in widgets:
                column.addWidget(widget)
        for part in (self._before, self._after, self.final):
            self.body.addWidget(part)
        self._ready = self._running = self._changed = False
        self.field.committed.connect(self._given)
        self.field.textChanged.connect(lambda _: self._enable())
        self.confidence.chosen.connect(self._given)
        self.reveal_button.clicked.connect(self._reveal)
        self.decision.decided.connect(self.decided)
        self.final.given.connect(self.final_given)
        self.agreement_button.clicked.connect(self.agreement_wanted)
        self.show_nothing()

    @property
    def revealed(self) -> bool:
        """Whether both opinions stand side by side."""
        return not self._after.isHidden()

    @property
    def entered(self) -> tuple[str, str] | None:
        """Diagnosis and confidence as they stand in the fields; None while one is missing."""
        diagnosis, confidence = self.field.diagnosis, self.confidence.value
        return (diagnosis, confidence) if diagnosis and confidence else None

    def show_nothing(self) -> None:
        """No case is open."""
        self.show_unread(None, ready=False)
        self.hide()

    def show_unread(self, reading: Reading | None, *, ready: bool) -> None:
        """Ask for the own reading; ``ready`` says that an answer lies sealed, and nothing about it."""
        self.show()
        self._ready, self._changed = ready, bool(reading and reading.earlier)
        impression = reading.impression if reading else None
        before = reading.earlier_own if reading else ""
        self.field.set_diagnosis(impression["diagnosis"] if impression else before)
        self.confidence.show_value(impression["confidence"] if impression else None)
        self.show_saved(reading)
        self.both.clear()
        self.decision.clear()
        self._after.hide()
        self._before.show()
        self.final.show_reading(reading, seen=self._changed)
        self._enable()

    def follow(self, reading: Reading, *, ready: bool) -> None:
        """The log went on, or the model answered, while a person may be typing: the fields stay as they are."""
        self.show_saved(reading)
        self.final.follow(reading, seen=self._changed)
        self._ready = ready
        self._enable()

    def show_saved(self, reading: Reading | None) -> None:
        """Say when the own reading was written down, without touching the fields."""
        impression = reading.impression if reading else None
        self.saved.setText(f"Written down {clock(impression['at'])}." if impression else "")
        self.saved.setVisible(impression is not None)

    def show_revealed(self, reading: Reading, prediction: Prediction, bundle: str) -> None:
        """Show both opinions; ``bundle`` is the title of the model. What is being typed below them stays."""
        self.show()
        self.both.show_reading(reading, prediction, bundle)
        (self.decision.follow if self.revealed else self.decision.show_reading)(reading)
        self.final.follow(reading, seen=True)
        self._before.hide()
        self._after.show()

    def set_ready(self, ready: bool, *, running: bool = False) -> None:
        """Another state of the model, while the fields stay as they are."""
        self._ready, self._running = ready, running
        self._enable()

    def _given(self, _: str) -> None:
        self._enable()
        if self.entered is not None:
            self.impression_given.emit(*self.entered)
            (self.reveal_button if self.reveal_button.isEnabled() else self.field).setFocus()
        elif self.field.diagnosis:
            self.confidence.buttons["mid"].setFocus()

    def _reveal(self) -> None:
        if self._ready and self.entered is not None:
            self.reveal_wanted.emit(*self.entered)

    def _enable(self) -> None:
        self.reveal_button.setEnabled(self._ready and self.entered is not None)
        said = [READY if self._ready else RUNNING if self._running else NOT_ASKED]
        if self._changed:
            said.insert(0, CHANGED)
        if self._ready and self.entered is None:
            said.append(MISSING)
        self.readiness.setText(" ".join(said))
