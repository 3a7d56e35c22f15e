"""Step 2: a preset, the few fields that matter, the rest folded away, and where the run is written."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ...bundles import BundleInfo
from ...training.config import PRESETS, TrainingConfig, preset
from ..theme import RHYTHM, label
from .config_form import ConfigForm
from .plan import PRESETS_IN_WORDS

PRESET_WORDS = {
    "paper": "The published recipe: Swin-B encoders, all weights trained. Wants a graphics card with 16 GB or "
    "more, some hundred patients and hours.",
    "small": "Small frozen encoders, every image encoded once, the fusion trained: minutes on a processor. "
    "A good first look at any cohort.",
    "panel": "A renal HEALNet on every image of a case, negative antibodies too; it answers with any kind of image "
    "missing, and patients may lack some. Small frozen encoders: minutes on a processor.",
    "demo": "Small residual networks from nothing on phantoms: how the demonstration bundle was made.",
}


class SettingsPage(QWidget):
    """The form scrolls; what is wrong and the way on stay in sight."""

    next_wanted = Signal()
    changed = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.form = ConfigForm(preset("small"))
        self.form.changed.connect(self._edited)
        self.presets: dict[str, QPushButton] = {}
        chooser, group = QHBoxLayout(), QButtonGroup(self)
        chooser.setSpacing(RHYTHM // 2)
        chooser.addWidget(label("Preset", "heading", wrap=False))
        chooser.addSpacing(RHYTHM)
        for name in PRESETS:
            button = QPushButton(PRESETS_IN_WORDS.get(name, name))
            button.setCheckable(True)
            button.clicked.connect(lambda _, name=name: self.choose_preset(name))
            group.addButton(button)
            self.presets[name] = button
            chooser.addWidget(button)
        chooser.addStretch(1)
        self.words = label("", "secondary")
        self.back_button = QPushButton("Undo changes")
        self.back_button.setProperty("role", "link")
        self.back_button.clicked.connect(lambda: self.choose_preset(self.preset))
        chooser.addWidget(self.back_button)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, RHYTHM, 0)
        column.addWidget(self.form)
        column.addStretch(1)
        self.scroll = QScrollArea()
        self.scroll.setWidgetResizable(True)
        self.scroll.setFrameShape(QFrame.Shape.NoFrame)
        self.scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroll.setWidget(inner)
        self.problem = label("", "error")
        self.next_button = QPushButton("Continue to training")
        self.next_button.setProperty("role", "main")
        self.next_button.clicked.connect(self.next_wanted)
        foot = QHBoxLayout()
        foot.setSpacing(RHYTHM)
        foot.addWidget(self.problem, 1)
        foot.addWidget(self.next_button)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(RHYTHM)
        outer.addLayout(chooser)
        outer.addWidget(self.words)
        outer.addWidget(self.scroll, 1)
        outer.addLayout(foot)
        self.preset = "small"
        self._classes = 0
        self.choose_preset("small")

    @property
    def config(self) -> TrainingConfig | None:
        """What would be trained; None while the form has an error."""
        return self.form.config

    def choose_preset(self, name: str) -> None:
        """Fill the form with a preset."""
        self.preset = name
        self.presets[name].setChecked(True)
        self.words.setText(PRESET_WORDS.get(name, ""))
        self._show(preset(name))

    def show_config(self, config: TrainingConfig) -> None:
        """Fill the form with the configuration of an older run."""
        self.preset = config.preset
        self.presets[config.preset].setChecked(True)
        self.words.setText(PRESET_WORDS.get(config.preset, ""))
        self._show(config)

    def set_classes(self, count: int) -> None:
        """Say how many classes the cohort has; later presets keep it."""
        self._classes = count
        self.form.set_classes(count)

    def show_bundles(self, infos: Sequence[BundleInfo]) -> None:
        self.form.inputs["encoder_weights"].box.show_bundles(infos)

    def _show(self, config: TrainingConfig) -> None:
        self.form.show_config(config)
        if self._classes:
            self.form.set_classes(self._classes)
        self._edited()

    def _edited(self) -> None:
        errors, changes = len(self.form.errors), len(self.form.changes)
        self.problem.setText("Correct what is marked above." if errors else "")
        self.next_button.setEnabled(not errors)
        self.back_button.setVisible(bool(errors or changes))
        fields = "1 change" if changes == 1 else f"{changes} changes"
        self.back_button.setText("Undo changes" if errors else f"Undo {fields}")
        self.changed.emit()
