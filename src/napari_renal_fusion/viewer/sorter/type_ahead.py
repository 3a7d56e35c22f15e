"""A line to type into, with what the typed letters may mean below it; Enter takes the marked one, Escape none."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QSizePolicy, QVBoxLayout, QWidget

from ..theme import RHYTHM
from .choices import Choice

_SHOWN = 5


class TypeAhead(QWidget):
    """Hidden until :meth:`ask` is called; then it holds the keyboard until something is taken or given up."""

    taken = Signal(object)
    """The :class:`Choice` that was taken."""
    given_up = Signal()
    asked = Signal(bool)
    """It came, or went."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._suggest: Callable[[str], Sequence[Choice]] = lambda text: ()
        self._choices: tuple[Choice, ...] = ()
        self.line = _Line(self)
        self.line.textChanged.connect(self._typed)
        self.list = QListWidget()
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemClicked.connect(lambda item: self._take(self.list.row(item)))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(RHYTHM // 2)
        column.addWidget(self.line)
        column.addWidget(self.list)
        self.hide()

    def ask(self, what: str, suggest: Callable[[str], Sequence[Choice]], text: str = "") -> None:
        """Show the line, empty or with a first letter; ``suggest`` says what a text may mean."""
        self._suggest = suggest
        self.line.setPlaceholderText(what)
        self.line.setAccessibleName(what)
        self.line.setText(text)
        self._typed(text)
        self.show()
        self.asked.emit(True)
        self.line.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.line.end(False)

    @property
    def asking(self) -> bool:
        return not self.isHidden()

    @property
    def choices(self) -> tuple[Choice, ...]:
        return self._choices

    def end(self) -> None:
        """Put it away."""
        if self.asking:
            self.hide()
            self.asked.emit(False)

    def key(self, event: QKeyEvent) -> bool:
        """Keys that are not text: move the mark, take, give up."""
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            row = self.list.currentRow() + (1 if event.key() == Qt.Key.Key_Down else -1)
            self.list.setCurrentRow(min(max(row, 0), len(self._choices) - 1))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._take(self.list.currentRow())
        elif event.key() == Qt.Key.Key_Escape:
            self.end()
            self.given_up.emit()
        else:
            return False
        return True

    def _typed(self, text: str) -> None:
        self._choices = tuple(self._suggest(text))
        self.list.clear()
        for choice in self._choices:
            self.list.addItem(QListWidgetItem(choice.text))
        self.list.setCurrentRow(0 if self._choices else -1)
        rows = min(_SHOWN, len(self._choices))
        height = self.list.sizeHintForRow(0) if rows else 0
        self.list.setFixedHeight(rows * height + 4 if rows else 0)

    def _take(self, row: int) -> None:
        if 0 <= row < len(self._choices):
            choice = self._choices[row]
            self.end()
            self.taken.emit(choice)


class _Line(QLineEdit):
    def __init__(self, owner: TypeAhead):
        super().__init__()
        self._owner = owner

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._owner.key(event):
            super().keyPressEvent(event)
