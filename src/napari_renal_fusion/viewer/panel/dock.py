"""The panel's dock: the grid, one display range for all of it, and the keys that grade."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from ...cases import Case
from ..theme import RHYTHM, label
from .cell import Cell
from .display import DisplayRange
from .grid import PanelGrid
from .keys import Mark, mark_of
from .range_slider import RangeSlider, RangeText
from .reading_bar import ReadingBar
from .readings import Reading, ReadingBook
from .small import SmallPicture

TITLE = "IF panel"
EMPTY = "No immunofluorescence images: put them into a folder IM or IF, then open the case again."
DISPLAY_ONLY = "For looking only: files stay as they are, and the model gets them as stored."
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1),
}  # fmt: skip


class PanelDock(QWidget):
    """Knows nothing of workspace or files: it is given a case, pictures and readings, and says what changed."""

    reading_changed = Signal(str, object)
    """Image and its :class:`Reading` now; the person said so, or took it back."""
    shown_wanted = Signal(str)
    """An image should come onto the canvas."""
    display_changed = Signal(object)
    """A :class:`DisplayRange`."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.book = ReadingBook()
        self.current = ""
        self.grid, self.slider, self.bar = PanelGrid(), RangeSlider(), ReadingBar()
        self.summary = label("", "secondary", wrap=False)
        self.range_text = RangeText()
        self.stored_button, self.undo_button = QPushButton("As stored"), QPushButton("Undo")
        self.redo_button, self.show_button = QPushButton("Redo"), QPushButton("Show on canvas  ↵")
        self._pages = QStackedWidget()
        self._build()
        self._connect()
        self.show_case(None)

    def sizeHint(self) -> QSize:
        return QSize(720, 300)

    def minimumSizeHint(self) -> QSize:
        return QSize(self._pages.minimumSizeHint().width(), max(216, self._pages.minimumSizeHint().height()))

    @property
    def display(self) -> DisplayRange:
        return self.slider.range

    @property
    def white(self) -> int:
        """The value that is white: 255, or the largest of the panel's 16-bit images."""
        return max((cell.white for cell in self.grid.cells), default=0) or 255

    def show_case(self, case: Case | None, display: DisplayRange | None = None) -> None:
        """Lay out another case; pictures and readings come later."""
        cells = self.grid.show_case(case)
        for cell in cells:
            cell.shown_wanted.connect(self.shown_wanted)
            cell.typed.connect(self._typed)
        self.book = ReadingBook()
        self._pages.setCurrentIndex(0 if cells else 1)
        self.show_display(display or DisplayRange())
        self._choose(cells[0].key if cells else "")
        self._tell()

    def show_readings(self, readings: Mapping[str, Reading]) -> None:
        """Take over what is stored."""
        self.book.follow({key: one for key, one in readings.items() if key in self.grid.keys})
        for cell in self._cells:
            cell.show_reading(self.book[cell.key])
        self._tell()

    def show_display(self, display: DisplayRange) -> None:
        """Show a display range without saying that it changed."""
        self.slider.show_range(display)
        self._show_display()

    def set_picture(self, key: str, small: SmallPicture) -> None:
        if key in self.grid.keys:
            before = self.white
            self.grid.cell(key).set_picture(small)
            if self.white != before:  # 16-bit images share one scale
                self._show_display()
            self.grid.cell(key).show_display(self.display, self.white)

    def set_problem(self, key: str, sentence: str) -> None:
        if key in self.grid.keys:
            self.grid.cell(key).set_problem(sentence)

    def set_on_canvas(self, key: str) -> None:
        """Mark the image that is on the canvas and take it in hand; one of another kind takes the mark away."""
        for cell in self._cells:
            cell.set_on_canvas(cell.key == key)
        if key in self.grid.keys:
            self._choose(key)

    def take_focus(self) -> None:
        """Give the keyboard to the antibody in hand."""
        if self.current:
            self.grid.cell(self.current).setFocus()

    def say(self, mark: Mark) -> None:
        """Change the reading of the antibody in hand."""
        if self.current:
            self._change(self.current, mark.applied(self.book[self.current]))

    def undo(self) -> None:
        self._step(self.book.undo())

    def redo(self) -> None:
        self._step(self.book.redo())

    @property
    def _cells(self) -> list[Cell]:
        return [cell for cell in self.grid.cells if cell.key]

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(RHYTHM)
        head.addWidget(self.summary)
        head.addStretch(1)
        for widget in (label("Display", "secondary", wrap=False), self.slider, self.range_text):
            widget.setToolTip(DISPLAY_ONLY)
            head.addWidget(widget)
        self.slider.setFixedWidth(150)
        for button in (self.stored_button, self.undo_button, self.redo_button):
            button.setProperty("role", "link")
            head.addWidget(button)
        self.undo_button.setToolTip("Take the last reading back (Ctrl+Z)")
        self.redo_button.setToolTip("Ctrl+Shift+Z")
        self.stored_button.setToolTip("Show every image as it is stored (Home on the slider)")
        self.show_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        foot = QHBoxLayout()
        foot.setSpacing(RHYTHM)
        foot.addWidget(self.bar, 1)
        foot.addWidget(self.show_button, 0, Qt.AlignmentFlag.AlignTop)
        panel = QWidget()
        column = QVBoxLayout(panel)
        column.setContentsMargins(RHYTHM, RHYTHM // 2, RHYTHM, RHYTHM // 2)
        column.setSpacing(RHYTHM // 2)
        column.addLayout(head)
        column.addWidget(self.grid, 1)
        column.addLayout(foot)
        empty = label(EMPTY, "secondary")
        empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pages.addWidget(panel)
        self._pages.addWidget(empty)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._pages)

    def _connect(self) -> None:
        self.grid.chosen.connect(self._choose)
        self.slider.changed.connect(self._display_moved)
        self.stored_button.clicked.connect(lambda: self._display_moved(DisplayRange()))
        self.undo_button.clicked.connect(self.undo)
        self.redo_button.clicked.connect(self.redo)
        self.bar.marked.connect(self.say)
        self.show_button.clicked.connect(lambda: self.current and self.shown_wanted.emit(self.current))

    def _choose(self, key: str) -> None:
        self.current = key
        # The keyboard grades what is in hand, never another antibody that still has the focus.
        if any(cell.hasFocus() for cell in self._cells if cell.key != key):
            self.grid.cell(key).setFocus()
        for cell in self._cells:
            cell.set_current(cell.key == key)
        self._show_current()

    def _show_current(self) -> None:
        name = self.grid.cell(self.current).name if self.current else ""
        self.bar.show_reading(name, self.book[self.current] if self.current else Reading())

    def _typed(self, key: str, event: QKeyEvent) -> None:
        """A key on an antibody: arrows go along the grid, digits and letters grade, Delete takes the reading away."""
        modifiers = event.modifiers() & ~(
            Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier
        )
        if modifiers == Qt.KeyboardModifier.ControlModifier and event.key() == Qt.Key.Key_Z:
            shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            (self.redo if shifted else self.undo)()
        elif modifiers != Qt.KeyboardModifier.NoModifier:
            return
        elif event.key() in _ARROWS:
            columns, rows = _ARROWS[event.key()]
            self.grid.cell(self.grid.neighbour(key, columns, rows)).setFocus()
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._change(key, Reading())
        elif (mark := mark_of(event.text())) is not None:
            self._change(key, mark.applied(self.book[key]))
        else:
            return
        event.accept()

    def _change(self, key: str, reading: Reading) -> None:
        if self.book.change(key, reading):
            self._changed(key, reading)

    def _step(self, step: tuple[str, Reading] | None) -> None:
        if step is not None:
            self._choose(step[0])
            self._changed(*step)

    def _changed(self, key: str, reading: Reading) -> None:
        self.grid.cell(key).show_reading(reading)
        self._tell()
        self.reading_changed.emit(key, reading)

    def _tell(self) -> None:
        """Summary, buttons and bar, as the readings are now."""
        keys = self.grid.keys
        graded = [self.book[key] for key in keys if self.book[key].intensity is not None]
        positive = sum(one.positive for one in graded)
        self.summary.setText(
            f"{positive} positive of {len(graded)} graded" if graded else f"{len(keys)} images, none graded"
        )
        self.undo_button.setEnabled(self.book.can_undo)
        self.redo_button.setEnabled(self.book.can_redo)
        self._show_current()

    def _display_moved(self, display: DisplayRange) -> None:
        self.show_display(display)
        self.display_changed.emit(display)

    def _show_display(self) -> None:
        display, white = self.display, self.white
        self.range_text.show_range(display, white)
        self.stored_button.setEnabled(not display.as_stored)
        for cell in self._cells:
            cell.show_display(display, white)
