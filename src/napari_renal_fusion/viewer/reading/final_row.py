"""The final diagnosis, which is entered when it is known, often weeks later, and where it comes from."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from ...readings import Reading
from ..theme import RHYTHM, label
from .buttons import VerbButton
from .diagnosis_field import DiagnosisField
from .words import AFTER


class FinalRow(QWidget):
    """One line while it is known or unknown, three while it is entered."""

    given = Signal(str, str)
    """The diagnosis and its source in the reader's words."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(RHYTHM // 2)
        head = QHBoxLayout()
        self.said = label("", "")
        self.open_button = VerbButton("Enter…", role="link", key="When it is known, also weeks later (Alt+D)")
        head.addWidget(self.said, 1)
        head.addWidget(self.open_button, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(head)
        self._form = QWidget()
        form = QVBoxLayout(self._form)
        form.setContentsMargins(0, 0, 0, 0)
        form.setSpacing(RHYTHM // 2)
        self.field = DiagnosisField("Final diagnosis")
        self.field.setAccessibleName("Final diagnosis")
        self.source = _Line()
        self.source.setPlaceholderText("Where it comes from, e.g. signed report")
        self.source.setAccessibleName("Source of the final diagnosis")
        self.warning = label(AFTER, "secondary")
        self.save_button = VerbButton("Save final diagnosis")
        self.save_button.setEnabled(False)
        row = QHBoxLayout()
        row.addWidget(self.save_button)
        row.addStretch(1)
        for widget in (self.field, self.source, self.warning):
            form.addWidget(widget)
        form.addLayout(row)
        column.addWidget(self._form)
        self.open_button.clicked.connect(self.begin)
        self.field.textChanged.connect(lambda _: self.save_button.setEnabled(bool(self.field.diagnosis)))
        self.field.committed.connect(lambda _: self.source.setFocus())
        self.source.returnPressed.connect(self._save)
        self.save_button.clicked.connect(self._save)
        self._form.hide()
        self._known = 0

    def show_reading(self, reading: Reading | None, *, seen: bool) -> None:
        """Show what is known; ``seen`` if an opinion of a model on this case was shown before."""
        final = reading.final if reading is not None else None
        self._known = final["n"] if final is not None else 0
        self._form.hide()
        self.field.set_diagnosis("")
        self.source.setText("")
        self.warning.setVisible(seen)
        if final is None:
            self.said.setText("Final diagnosis: not known yet")
            self.open_button.setText("Enter…")
        else:
            self.said.setText(f"Final diagnosis: <b>{final['diagnosis']}</b> ({final['label_source']})")
            self.open_button.setText("Correct…")

    def follow(self, reading: Reading, *, seen: bool) -> None:
        """The same, but a form that is being filled stays as it is until what it says is known."""
        known = reading.final["n"] if reading.final is not None else 0
        if known != self._known:
            self.show_reading(reading, seen=seen)
        self.warning.setVisible(seen)

    def begin(self) -> None:
        """Open the form with the cursor in it."""
        self._form.show()
        self.field.setFocus()

    def _save(self) -> None:
        if self.field.diagnosis:
            self.given.emit(self.field.diagnosis, self.source.text())


class _Line(QLineEdit):
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.AltModifier:  # a key of the workspace, not a letter
            event.ignore()
            return
        super().keyPressEvent(event)
