"""The scale of an image: how it can be given, what a scale bar says, and for which other images it holds."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from ...cases import Modality
from ...cases.scale_bar import Bar
from ..theme import RHYTHM, label
from .facts import ImageFacts
from .fields import LengthField


class ImageScale(QWidget):
    """Rows that come when they are needed; a calibrated image shows none of them."""

    bar_wanted = Signal(bool)
    """Two clicks on the scale bar: begin or leave."""
    found_bar_wanted = Signal()
    size_given = Signal(float, str)
    length_given = Signal(float, str)
    spread_wanted = Signal()
    remember_wanted = Signal(float, str)
    """Magnification and what the laboratory calls the device."""

    def __init__(self) -> None:
        super().__init__()
        self.bar_button = QPushButton("Two clicks on a bar")
        self.bar_button.setToolTip("On both ends of the scale bar that is burnt in (Alt+B)")
        self.bar_button.setCheckable(True)
        self.bar_button.clicked.connect(self.bar_wanted)
        self.found_button = QPushButton("Bar in the legend")
        self.found_button.clicked.connect(self.found_bar_wanted)
        self.size = LengthField("Length of a pixel", " a pixel")
        self.size.given.connect(self.size_given)
        self.found_button.setToolTip("A scale bar was found in the legend: only its length is asked for")
        self.ways = _rows(_beside(self.bar_button, self.found_button), self.size)
        self.bar_words = label("")
        self.length = LengthField("Length that stands beside the bar")
        self.length.given.connect(self.length_given)
        self.bar_row = _rows(self.bar_words, self.length)
        self.spread_words = label("")
        self.spread_button = QPushButton("Use it there too")
        self.spread_button.clicked.connect(self.spread_wanted)
        self.spread_row = _rows(self.spread_words, self.spread_button)
        self.remember_link = QPushButton("Remember for this laboratory…")
        self.remember_link.setProperty("role", "link")
        self.remember_link.clicked.connect(self._open_remember)
        self.remember_words = label("", "secondary")
        self.magnification, self.device = QLineEdit(), QLineEdit()
        self.magnification.setPlaceholderText("×")
        self.magnification.setFixedWidth(64)
        self.magnification.setAccessibleName("Magnification")
        self.device.setPlaceholderText("microscope, camera")
        self.device.setMaxLength(40)
        self.device.setAccessibleName("Microscope and camera")
        self.remember_button = QPushButton("Remember")
        self.remember_button.clicked.connect(self._remember)
        self.magnification.textChanged.connect(lambda _: self._enable_remember())
        fields = QWidget()
        row = QHBoxLayout(fields)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(RHYTHM // 2)
        row.addWidget(self.magnification)
        row.addWidget(self.device, 1)
        row.addWidget(self.remember_button)
        self.remember_row = _rows(self.remember_words, fields, left=False)
        self.link_row = _rows(self.remember_link)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(RHYTHM // 2)
        self._all = (self.ways, self.bar_row, self.spread_row, self.link_row, self.remember_row)
        for widget in self._all:
            column.addWidget(widget)
        self.show_nothing()

    def show_nothing(self) -> None:
        for widget in (*self._all, self):
            widget.hide()

    def show_facts(self, facts: ImageFacts, *, change: bool = False) -> None:
        """The rows for an image: ways to give a pixel size if it has none, or if it shall be changed."""
        self.show_nothing()
        electron = facts.item.modality == Modality.TEM
        asked = facts.pixel_size is None or change
        self.ways.setVisible(asked)
        self.found_button.setVisible(facts.bar is not None)
        self.size.show()
        self.size.begin("nm" if electron else "um")
        self.length.begin("um")
        self.link_row.setVisible(facts.stated and not change)
        kind = f"{facts.shape[1]} x {facts.shape[0]}"
        self.remember_words.setText(
            f"For images of the same kind ({facts.item.modality.title}, {kind}) that state no pixel size, at the magnification"
        )
        known = facts.item.magnification
        self.magnification.setText("" if known is None else f"{known:g}")
        self._enable_remember()
        self.setVisible(asked or facts.stated)

    def ask_length(self, bar: Bar | None, pixels: float) -> None:
        """A bar was measured: ask for its length. None for clicks beside which no bar was recognised."""
        how = "The bar is" if bar is not None else "No bar was recognised there. The two clicks are"
        self.bar_words.setText(
            f"{how} {pixels:.1f} pixels{'' if bar is not None else ' apart'}. How long is it?"
        )
        self.size.hide()  # one question at a time
        self.bar_row.show()
        self.show()
        self.length.number.setFocus()

    def offer_others(self, count: int) -> None:
        """Say how many other images carry the same legend; 0 takes the offer away."""
        images = "image carries" if count == 1 else "images carry"
        self.spread_words.setText(f"{count} more uncalibrated {images} the same legend.")
        self.spread_row.setVisible(count > 0)
        if count:
            self.show()

    def _open_remember(self) -> None:
        self.link_row.hide()
        self.remember_row.show()
        (self.device if self.magnification.text() else self.magnification).setFocus()

    def _typed(self) -> float | None:
        try:
            value = float(self.magnification.text().strip("×xX ").replace(",", "."))
        except ValueError:
            return None
        return value if 0 < value < 1e7 else None

    def _enable_remember(self) -> None:
        self.remember_button.setEnabled(self._typed() is not None)

    def _remember(self) -> None:
        if (magnification := self._typed()) is not None:
            self.remember_wanted.emit(magnification, self.device.text().strip())


def _beside(*widgets: QWidget) -> QWidget:
    """Widgets in one row, as narrow as their words."""
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(RHYTHM // 2)
    for widget in widgets:
        row.addWidget(widget)
    row.addStretch(1)
    return holder


def _rows(*widgets: QWidget, left: bool = True) -> QWidget:
    """Widgets below one another; ``left`` keeps buttons as narrow as their words."""
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(RHYTHM // 2)
    for widget in widgets:
        if left and isinstance(widget, QPushButton):
            row = QHBoxLayout()
            row.addWidget(widget)
            row.addStretch(1)
            column.addLayout(row)
        else:
            column.addWidget(widget)
    return holder
