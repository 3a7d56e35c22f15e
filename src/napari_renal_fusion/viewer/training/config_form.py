"""The form of a training, built from the pydantic configuration: no parameter is written twice."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QGridLayout, QPushButton, QVBoxLayout, QWidget

from ...training.config import BASIC, TrainingConfig, preset
from ..theme import RHYTHM, label
from .field_errors import WHOLE_FORM, field_errors
from .field_inputs import FieldInput, input_for

GROUPS = {
    "Folds and final model": (
        "repeats", "group_by", "validation_fraction", "final", "calibration_fraction", "coverage", "subsets",
    ),
    "Fitting": (
        "patience", "accumulate", "weight_decay", "schedule", "class_weights", "bag_size", "part_shown",
        "stain_hidden", "flips",
    ),
    "Encoders": (
        "freeze_encoders", "finetune_epochs", "finetune_learning_rate", "gradient_checkpointing",
        "half_precision_weights",
    ),
    "Machine": ("device", "precision", "threads", "devices", "nodes", "strategy"),
}  # fmt: skip
"""The folded part; a new field of the configuration that stands in none of these is put under "Fitting"."""

_NOT_SHOWN = {"preset", "network", "rules", "preprocessing", "crop"}


class ConfigForm(QWidget):
    """Basic fields at once, the rest folded away in groups; errors stand beside their field.

    :attr:`config` is None while something is wrong.
    """

    changed = Signal()

    def __init__(self, config: TrainingConfig | None = None, parent: QWidget | None = None):
        super().__init__(parent)
        self._start = self.config = config or preset("small")
        self.inputs: dict[str, FieldInput] = {}
        self.errors: dict[str, str] = {}
        self._error_labels = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(RHYTHM)
        column.addLayout(self._grid(BASIC))
        self.whole_error = label("", "error")
        column.addWidget(self.whole_error)
        self.advanced_button = QPushButton()
        self.advanced_button.setProperty("role", "fold")
        self.advanced_button.setCheckable(True)
        self.advanced_button.toggled.connect(self._fold)
        column.addWidget(self.advanced_button)
        self.advanced = QWidget()
        inner = QVBoxLayout(self.advanced)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(RHYTHM)
        for title, names in groups().items():
            inner.addWidget(label(title, "secondary", wrap=False))
            inner.addLayout(self._grid(names))
            inner.addSpacing(RHYTHM)
        column.addWidget(self.advanced)
        self._fold(False)
        self._show_what_counts()
        self._check()

    def show_config(self, config: TrainingConfig) -> None:
        """Write a whole configuration into the form; it becomes what changes are counted from."""
        self._start = config
        for name, shown in self.inputs.items():
            shown.show_value(getattr(config, name))
        self._show_what_counts()
        self._check()

    @property
    def changes(self) -> dict[str, Any]:
        """Fields that differ from the preset or the configuration that was shown."""
        if self.config is None:
            return {}
        return {
            name: getattr(self.config, name)
            for name in self.inputs
            if getattr(self.config, name) != getattr(self._start, name)
        }

    def set_classes(self, count: int) -> None:
        """The network answers as many classes as the cohort has."""
        network = self._start.network
        if network.n_classes != count:
            update = {"network": network.model_copy(update={"n_classes": count})}
            self._start = self._start.model_copy(update=update)
            self._check()

    def _grid(self, names: tuple[str, ...]) -> QGridLayout:
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(2 * RHYTHM)
        grid.setVerticalSpacing(RHYTHM // 2)
        grid.setColumnMinimumWidth(0, 168)
        grid.setColumnStretch(1, 1)
        for place, name in enumerate(names):
            field = TrainingConfig.model_fields[name]
            title = label(field.title or name.replace("_", " ").capitalize(), "", wrap=True)
            shown = input_for(name, field, getattr(self._start, name))
            tip = field.description or ""
            title.setToolTip(tip)
            shown.setToolTip(tip)
            shown.hint.show_hint(tip)
            shown.edited.connect(self._edited)
            error = label("", "error")
            error.hide()
            grid.addWidget(title, 2 * place, 0, Qt.AlignmentFlag.AlignTop)
            title.setContentsMargins(0, 5, 0, 0)
            grid.addWidget(shown, 2 * place, 1)
            grid.addWidget(error, 2 * place + 1, 1)
            self.inputs[name], self._error_labels[name] = shown, error
        return grid

    def _show_what_counts(self) -> None:
        """Only what the network can do is open: further models, or showing it patients in part."""
        panel = self._start.network.whole_panel
        for name in ("subsets", "part_shown", "stain_hidden"):
            self.inputs[name].setEnabled(panel != (name == "subsets"))

    def _edited(self) -> None:
        self._check()
        self.changed.emit()

    def _check(self) -> None:
        # model_dump would turn nested models into plain dictionaries and lose what validation added.
        values = {name: getattr(self._start, name) for name in TrainingConfig.model_fields}
        values |= {name: shown.value for name, shown in self.inputs.items()}
        try:
            self.config = TrainingConfig.model_validate(values)
            self.errors = {}
        except ValidationError as error:
            self.config, self.errors = None, field_errors(error, self.inputs)
        for name, shown in self._error_labels.items():
            shown.setText(self.errors.get(name, ""))
            shown.setVisible(name in self.errors)
        self.whole_error.setText(self.errors.get(WHOLE_FORM, ""))
        self.whole_error.setVisible(WHOLE_FORM in self.errors)
        if any(name in self.errors and name not in BASIC for name in self.inputs):
            self.advanced_button.setChecked(True)  # an error that nobody sees cannot be corrected

    def _fold(self, open_: bool) -> None:
        self.advanced.setVisible(open_)
        self.advanced_button.setText(f"{'▾' if open_ else '▸'}  Advanced")


def groups() -> dict[str, tuple[str, ...]]:
    """The folded groups, with every field of the configuration that no list names added to Fitting."""
    named = {one for names in GROUPS.values() for one in names} | set(BASIC) | _NOT_SHOWN
    more = tuple(name for name in TrainingConfig.model_fields if name not in named)
    known = {
        title: tuple(n for n in names if n in TrainingConfig.model_fields) for title, names in GROUPS.items()
    }
    return known | {"Fitting": known["Fitting"] + more}
