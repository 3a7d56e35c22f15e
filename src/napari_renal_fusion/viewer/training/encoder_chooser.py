"""Where the encoders' weights come from: nothing, an installed bundle, or a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QPushButton, QWidget

from ...bundles import BundleInfo
from ..theme import RHYTHM

RANDOM = "random"


class EncoderChooser(QWidget):
    """A list of what this computer has, and a button for a file of timm weights."""

    edited = Signal()

    def __init__(self, value: str = RANDOM, parent: QWidget | None = None):
        super().__init__(parent)
        self.box = QComboBox()
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.box.setMinimumContentsLength(10)
        self.box.addItem("Random: start from nothing", RANDOM)
        self.box.activated.connect(lambda _: self.edited.emit())
        self.file_button = QPushButton("File…")
        self.file_button.setToolTip("A .safetensors file of timm weights that fits the network")
        self.file_button.clicked.connect(self._ask)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(RHYTHM)
        row.addWidget(self.box, 1)
        row.addWidget(self.file_button)
        self.show_value(value)

    @property
    def value(self) -> str:
        return self.box.currentData()

    def show_bundles(self, infos: Sequence[BundleInfo]) -> None:
        """List the encoders of the installed bundles; what was chosen stays chosen."""
        chosen = self.value
        while self.box.count() > 1:
            self.box.removeItem(1)
        for info in infos:
            if info.config is not None:
                self.box.addItem(f"Encoders of {info.title}", info.name)
        self.show_value(chosen)

    def show_value(self, value: str) -> None:
        """Choose ``random``, a bundle's name or folder, or a file."""
        if self.box.findData(value) < 0:
            path = Path(value)
            title = f"File {path.name}" if path.suffix == ".safetensors" else f"Encoders of {path.name}"
            self.box.addItem(title, value)
        self.box.setCurrentIndex(self.box.findData(value))
        self.box.setToolTip(value)

    def _ask(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Encoder weights", "", "Weights (*.safetensors)")
        if chosen:
            self.show_value(chosen)
            self.edited.emit()
