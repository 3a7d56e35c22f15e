"""The controls and the legend of the heat map."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QButtonGroup, QComboBox, QHBoxLayout, QPushButton, QSlider

from ..explain.explanation import GRADIENT_METHODS
from .colour_legend import ColourLegend
from .section import Section
from .theme import RHYTHM, label
from .words import METHOD_TITLES


class HeatMapSection(Section):
    """Class and method (a new question to the model), style and opacity (only the drawing)."""

    question_changed = Signal(int, str)
    style_changed = Signal(str)
    opacity_changed = Signal(float)
    opacity_settled = Signal(float)

    def __init__(self) -> None:
        super().__init__("Heat map")
        self.classes = QComboBox()
        self.classes.setToolTip("Class whose evidence is shown")
        self.classes.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.classes.setMinimumContentsLength(10)
        self.methods = QComboBox()
        self._preferred = ""
        self.show_methods(GRADIENT_METHODS, GRADIENT_METHODS[0])
        self.contours = QPushButton("Contours")
        self.cells = QPushButton("Cells")
        self._styles = QButtonGroup(self)
        for button in (self.contours, self.cells):
            button.setCheckable(True)
            self._styles.addButton(button)
        self.contours.setChecked(True)
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(5, 100)
        self.opacity.setToolTip("Opacity of the heat map")
        self.legend = ColourLegend()
        self.cell = label("", "secondary", wrap=False)
        self.head.addWidget(self.cell)
        self.body.addWidget(self.classes)
        first, second = QHBoxLayout(), QHBoxLayout()
        for row in (first, second):
            row.setSpacing(RHYTHM)
            self.body.addLayout(row)
        first.addWidget(self.methods, 1)
        first.addWidget(self.contours)
        first.addWidget(self.cells)
        second.addWidget(label("Opacity", "secondary", wrap=False))
        second.addWidget(self.opacity, 1)
        self.body.addWidget(self.legend)
        self.classes.activated.connect(self._ask)
        self.methods.activated.connect(self._ask)
        self._styles.buttonClicked.connect(lambda _: self.style_changed.emit(self.style))
        self.opacity.valueChanged.connect(lambda value: self.opacity_changed.emit(value / 100))
        self.opacity.sliderReleased.connect(lambda: self.opacity_settled.emit(self.opacity.value() / 100))

    @property
    def class_index(self) -> int:
        return max(0, self.classes.currentIndex())

    @property
    def method(self) -> str:
        return self.methods.currentData()

    @property
    def style(self) -> str:
        return "contours" if self.contours.isChecked() else "cells"

    def apply(self, method: str, style: str, opacity: float) -> None:
        """Take over settings without asking anything; the method only if it is another one than before."""
        if method != self._preferred:
            self.methods.setCurrentIndex(max(0, self.methods.findData(method)))
        self._preferred = method
        (self.contours if style == "contours" else self.cells).setChecked(True)
        self.opacity.blockSignals(True)
        self.opacity.setValue(round(100 * opacity))
        self.opacity.blockSignals(False)

    def show_methods(self, names: Sequence[str], chosen: str) -> None:
        """Offer what the model can be asked for; ``chosen`` is what it was asked."""
        if [self.methods.itemData(place) for place in range(self.methods.count())] != list(names):
            self.methods.clear()
            for name in names:
                self.methods.addItem(METHOD_TITLES[name], name)
        self.methods.setCurrentIndex(max(0, self.methods.findData(chosen)))

    def show_classes(self, names: Sequence[str], chosen: int) -> None:
        self.classes.clear()
        self.classes.addItems([name[:1].upper() + name[1:] for name in names])
        self.classes.setCurrentIndex(chosen)

    def forget(self) -> None:
        """Leave nothing of an answer in the hidden section: the class that was chosen is one."""
        self.classes.clear()
        self.cell.setText("")

    def show_legend(self, raw_range: tuple[float, float], *, dark: bool, cell: str) -> None:
        """Say what the colours mean and how large a cell is on the image that is shown."""
        self.legend.show_range(raw_range, contours=self.style == "contours", dark=dark)
        self.cell.setText(cell)

    def _ask(self) -> None:
        self.question_changed.emit(self.class_index, self.method)
