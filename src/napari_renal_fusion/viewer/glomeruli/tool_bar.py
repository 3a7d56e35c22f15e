"""The tools in two rows, and the size of the brush."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QButtonGroup, QGridLayout, QHBoxLayout, QPushButton, QSlider, QVBoxLayout, QWidget

from ..theme import RHYTHM, label
from .gestures import LARGEST_BRUSH, SMALLEST_BRUSH
from .tools import TOOLS


class ToolBar(QWidget):
    """Buttons of which at most one is down; a second press on it lays the tool down."""

    tool_wanted = Signal(str)
    brush_resized = Signal(int)

    def __init__(self, diameter: int, parent: QWidget | None = None):
        super().__init__(parent)
        self.buttons: dict[str, QPushButton] = {}
        self._group = QButtonGroup(self)
        self._group.setExclusive(False)
        grid = QGridLayout()
        grid.setSpacing(RHYTHM // 2)
        for place, (name, tool) in enumerate(TOOLS.items()):
            button = QPushButton(tool.title)
            button.setCheckable(True)
            button.setProperty("tool", True)
            button.setToolTip(f"{tool.tip} ({tool.key})" if tool.key else tool.tip)
            button.clicked.connect(lambda on, name=name: self.tool_wanted.emit(name if on else ""))
            self.buttons[name] = button
            grid.addWidget(button, place // 4, place % 4)
        for column in range(4):
            grid.setColumnStretch(column, 1)
        self.size_row = QWidget()
        row = QHBoxLayout(self.size_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(RHYTHM)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(SMALLEST_BRUSH, LARGEST_BRUSH)
        self.slider.setValue(diameter)
        self.slider.setAccessibleName("Size of the brush")
        self.slider.setToolTip("Size of the brush on the screen: [ and ]")
        self.slider.valueChanged.connect(self.brush_resized)
        row.addWidget(label("Brush", "secondary", wrap=False))
        row.addWidget(self.slider, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(RHYTHM // 2)
        column.addLayout(grid)
        column.addWidget(self.size_row)
        self.show_tool("")

    def show_tool(self, tool: str) -> None:
        """Press the button of the tool in hand; only a brush has a size."""
        for name, button in self.buttons.items():
            button.setChecked(name == tool)
        self.size_row.setVisible(tool in ("brush", "erase"))

    def show_brush(self, diameter: int) -> None:
        self.slider.blockSignals(True)
        self.slider.setValue(diameter)
        self.slider.blockSignals(False)
