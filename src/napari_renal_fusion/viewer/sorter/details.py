"""The image under the cursor: its picture, what it is taken for and why, and buttons for what the keys do."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QEvent, QRect, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QImage, QPainter
from qtpy.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ...cases import Modality
from ...cases.sorting import SortedFile
from ..theme import RHYTHM, colours_of, label
from ..words import SHORT_TITLES
from .choices import STAINS
from .keys import MODALITY_KEYS, Act
from .type_ahead import TypeAhead
from .words import KEY_LINES, belief, count_of, last_part

_LINES = 16.5
"""Width of the panel in heights of a line of text: it grows with the person's text size."""


class Details(QScrollArea):
    """Buttons emit the same acts as the keys."""

    acted = Signal(object)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._shown: tuple[SortedFile, ...] = ()
        self.picture = _Picture()
        self.name = label("", "heading", wrap=False)
        self.name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.belief = label()
        self.why = label("", "secondary")
        self.modality_buttons = {modality: _button(_keyed(letter, SHORT_TITLES[modality]), checkable=True)
                                 for letter, modality in MODALITY_KEYS.items()}  # fmt: skip
        self.type_ahead = TypeAhead()
        self.out_button = _button("Leave out", checkable=True)
        self.out_button.setToolTip("Take it out of the case, or back in (Space). The file stays where it is.")
        self.name_button = _button("Name…")
        self.name_button.setToolTip("Type a stain, an antibody, or a magnification such as x400 (S)")
        self.biopsy_button = _button("Biopsy…")
        self.biopsy_button.setToolTip("It belongs to another biopsy (B)")
        self.stain_grid = QGridLayout()
        self.stain_grid.setSpacing(RHYTHM // 2)
        self.stain_buttons: list[QPushButton] = []
        self.keys = label("", "secondary")
        self.keys.setTextFormat(Qt.TextFormat.RichText)
        self.keys.setText(
            "<table cellspacing=0>"
            + "".join(
                f"<tr><td style='white-space: nowrap'><b>{keys}</b>&nbsp;&nbsp;</td><td>{what}</td></tr>"
                for keys, what in KEY_LINES
            )
            + "</table>"
        )
        self.type_ahead.asked.connect(lambda asked: self.keys.setVisible(not asked))
        self._lay_out()
        for modality, button in self.modality_buttons.items():
            button.clicked.connect(lambda _, one=modality: self.acted.emit(Act("modality", one)))
        self.out_button.clicked.connect(lambda: self.acted.emit(Act("leave_out")))
        self.name_button.clicked.connect(lambda: self.acted.emit(Act("name", "")))
        self.biopsy_button.clicked.connect(lambda: self.acted.emit(Act("biopsy")))
        self.show_files((), None)

    def sizeHint(self) -> QSize:
        return QSize(self._width(), 480)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange) and self.widget() is not None:
            self._fit()

    def _width(self) -> int:
        return round(_LINES * self.fontMetrics().height())

    def _fit(self) -> None:
        self.setFixedWidth(self._width() + 2 * RHYTHM)
        self.picture.setFixedHeight(round(self._width() * 0.72))

    def show_files(self, files: Sequence[SortedFile], picture: QImage | None) -> None:
        """Show the chosen files, the first of them with its picture; none empties the panel."""
        self._shown = tuple(files)
        self.setEnabled(bool(files))
        first = files[0] if files else None
        several = len(files) > 1
        name = (
            count_of(len(files), "image") + " chosen" if several else last_part(first.name) if first else ""
        )
        metrics = self.name.fontMetrics()
        self.name.setText(metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, self._width() - 2 * RHYTHM))
        self.name.setToolTip("\n".join(str(file.path) for file in files[:20]))
        beliefs = {belief(file) for file in files}
        self.belief.setText(
            beliefs.pop() if len(beliefs) == 1 else f"{len(beliefs)} different kinds" if beliefs else ""
        )
        why = "" if first is None or several else first.why
        self.why.setText(f"{why[0].upper()}{why[1:]}." if why else "")
        modality: Modality | None = first.modality.value if first else None
        self.picture.show_picture(picture, dark=modality in (Modality.IM, Modality.TEM))
        for one, button in self.modality_buttons.items():
            button.setChecked(bool(files) and all(file.modality.value is one for file in files))
        self.out_button.setChecked(bool(files) and all(file.left_out for file in files))
        self._show_stains(modality, {file.stain.value for file in files})

    def show_picture(self, picture: QImage) -> None:
        """A better picture of the first file came."""
        modality = self._shown[0].modality.value if self._shown else None
        self.picture.show_picture(picture, dark=modality in (Modality.IM, Modality.TEM))

    def _show_stains(self, modality: Modality | None, chosen: set[str | None]) -> None:
        stains = STAINS.get(modality, ())[:9] if modality else ()
        while len(self.stain_buttons) < len(stains):
            digit = len(self.stain_buttons) + 1
            button = _button("", checkable=True)
            button.clicked.connect(lambda _, one=digit: self.acted.emit(Act("digit", one)))
            self.stain_grid.addWidget(button, (digit - 1) // 3, (digit - 1) % 3)
            self.stain_buttons.append(button)
        for digit, button in enumerate(self.stain_buttons, start=1):
            button.setVisible(digit <= len(stains))
            if digit <= len(stains):
                stain = stains[digit - 1]
                button.setText(_keyed(str(digit), _SHORT.get(stain, stain)))
                button.setToolTip(stain)
                button.setChecked(chosen == {stain})

    def _lay_out(self) -> None:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(RHYTHM, 0, 0, 0)
        column.setSpacing(RHYTHM // 2)
        column.addWidget(self.picture)
        for one in (self.name, self.belief, self.why):
            column.addWidget(one)
        column.addSpacing(RHYTHM // 2)
        kinds = QHBoxLayout()
        kinds.setSpacing(RHYTHM // 2)
        for button in self.modality_buttons.values():
            kinds.addWidget(button)
        column.addLayout(kinds)
        column.addLayout(self.stain_grid)
        others = QHBoxLayout()
        others.setSpacing(RHYTHM // 2)
        for button in (self.name_button, self.out_button, self.biopsy_button):
            others.addWidget(button)
        column.addLayout(others)
        column.addWidget(self.type_ahead)
        column.addSpacing(RHYTHM)
        column.addWidget(self.keys)
        column.addStretch(1)
        self.setWidget(inside)  # a low window scrolls; nothing is cut off
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._fit()
        self.setStyleSheet('QPushButton[role="small"] { padding: 4px 3px; }')


_SHORT = {"Congo red": "Congo", "Toluidine blue": "Tol. blue", "Fibrinogen": "Fibrin.", "Albumin": "Album."}


class _Picture(QWidget):
    """One picture, whole, on a light or a black surround as its modality is looked at."""

    def __init__(self) -> None:
        super().__init__()
        self._picture: QImage | None = None
        self._dark = False

    def show_picture(self, picture: QImage | None, *, dark: bool) -> None:
        self._picture, self._dark = picture, dark
        self.update()

    @property
    def shown(self) -> QImage | None:
        return self._picture

    def paintEvent(self, event: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if self._picture is None:
            painter.fillRect(self.rect(), colours_of(self).quiet)
        else:
            painter.fillRect(self.rect(), QColor("black" if self._dark else "#F4F2F4"))
            size = self._picture.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
            place = QRect((self.width() - size.width()) // 2, (self.height() - size.height()) // 2, size.width(),
                          size.height())  # fmt: skip
            painter.drawImage(QRectF(place), self._picture)
        painter.end()


def _button(text: str, *, checkable: bool = False) -> QPushButton:
    button = QPushButton(text)
    button.setCheckable(checkable)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setProperty("role", "small")
    return button


def _keyed(key: str, word: str) -> str:
    return f"{key}  {word}"
