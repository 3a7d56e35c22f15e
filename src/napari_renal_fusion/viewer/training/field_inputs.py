"""One input per kind of configuration field: a choice, a tick, a number, a text, a range, several ticks."""

from __future__ import annotations

from itertools import combinations
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from ...cases import Modality
from ..theme import RHYTHM, label
from ..words import SHORT_TITLES
from .encoder_chooser import EncoderChooser
from .number_edit import NumberEdit
from .path_line import Hint

CHOICES = {
    "group_by": {"patient": "all biopsies of a patient", "hospital": "a whole hospital"},
    "final": {
        "ensemble": "all fold models together",
        "refit": "one model trained anew",
        "none": "figures only",
    },
    "schedule": {"cosine": "cosine", "one_cycle": "one cycle"},
    "class_weights": {"none": "none", "balanced": "balanced"},
    "device": {
        "auto": "automatic",
        "cuda": "graphics card (CUDA)",
        "mps": "Apple graphics",
        "cpu": "processor",
    },
    "precision": {"auto": "automatic", "float32": "float32", "bfloat16": "bfloat16"},
}


class FieldInput(QWidget):
    """Base: :attr:`value` is what pydantic is given, :meth:`show_value` writes without a signal."""

    edited = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(RHYTHM)
        self.hint = Hint()
        """What the field means, beside short inputs; the whole stands in the tooltip."""

    value: Any

    def show_value(self, value: Any) -> None:
        raise NotImplementedError


class ChoiceInput(FieldInput):
    """One of a few words."""

    def __init__(self, name: str, options: tuple, value: Any):
        super().__init__()
        self.box = QComboBox()
        for option in options:
            self.box.addItem(CHOICES.get(name, {}).get(option, str(option)), option)
        self.row.addWidget(self.box, 1)
        self.show_value(value)
        self.box.activated.connect(lambda _: self.edited.emit())

    @property
    def value(self) -> Any:
        return self.box.currentData()

    def show_value(self, value: Any) -> None:
        self.box.setCurrentIndex(max(0, self.box.findData(value)))


class TickInput(FieldInput):
    """Yes or no."""

    def __init__(self, value: bool):
        super().__init__()
        self.box = QCheckBox()
        self.row.addWidget(self.box)
        self.row.addWidget(self.hint, 1)
        self.show_value(value)
        self.box.clicked.connect(lambda _: self.edited.emit())

    @property
    def value(self) -> bool:
        return self.box.isChecked()

    def show_value(self, value: bool) -> None:
        self.box.setChecked(value)


class WholeInput(FieldInput):
    """A whole number with the field's limits; the wheel does not change it, because forms are scrolled."""

    def __init__(self, value: int, low: int, high: int):
        super().__init__()
        self.box = _SpinBox()
        self.box.setRange(low, high)
        self.box.setMinimumWidth(96)
        self.row.addWidget(self.box)
        self.row.addWidget(self.hint, 1)
        self.show_value(value)
        self.box.valueChanged.connect(lambda _: self.edited.emit())

    @property
    def value(self) -> int:
        return self.box.value()

    def show_value(self, value: int) -> None:
        self.box.blockSignals(True)
        self.box.setValue(value)
        self.box.blockSignals(False)


class NumberInput(FieldInput):
    """Any other number, as 5e-05 where it is small."""

    def __init__(self, value: float):
        super().__init__()
        self.box = NumberEdit(value)
        self.box.setMaximumWidth(120)
        self.row.addWidget(self.box)
        self.row.addWidget(self.hint, 1)
        self.box.edited.connect(self.edited)

    @property
    def value(self) -> float | str:
        return self.box.text() if self.box.value is None else self.box.value

    def show_value(self, value: float) -> None:
        self.box.show_value(value)


class TextInput(FieldInput):
    """A line of text."""

    def __init__(self, value: str):
        super().__init__()
        self.box = QLineEdit(value)
        self.row.addWidget(self.box, 1)
        self.box.textEdited.connect(lambda _: self.edited.emit())

    @property
    def value(self) -> str:
        return self.box.text().strip()

    def show_value(self, value: str) -> None:
        self.box.setText(value)


class RangeInput(FieldInput):
    """Two whole numbers: from, to."""

    def __init__(self, value: tuple[int, int]):
        super().__init__()
        self.boxes = (_SpinBox(), _SpinBox())
        for box in self.boxes:
            box.setRange(1, 999)
            box.setMinimumWidth(72)
        self.row.addWidget(self.boxes[0])
        self.row.addWidget(label("to", "secondary", wrap=False))
        self.row.addWidget(self.boxes[1])
        self.row.addWidget(self.hint, 1)
        self.show_value(value)
        for box in self.boxes:
            box.valueChanged.connect(lambda _: self.edited.emit())

    @property
    def value(self) -> tuple[int, int]:
        return self.boxes[0].value(), self.boxes[1].value()

    def show_value(self, value: tuple[int, int]) -> None:
        for box, number in zip(self.boxes, value, strict=True):
            box.blockSignals(True)
            box.setValue(number)
            box.blockSignals(False)


class SubsetsInput(FieldInput):
    """Which further models are made for cases without some images: one tick each."""

    def __init__(self, value: tuple[tuple[Modality, ...], ...]):
        super().__init__()
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(2 * RHYTHM)
        grid.setVerticalSpacing(RHYTHM // 2)
        self.boxes: dict[tuple[Modality, ...], QCheckBox] = {}
        subsets = [pair for count in (2, 1) for pair in combinations(Modality, count)]
        for place, subset in enumerate(subsets):
            box = QCheckBox(" + ".join(SHORT_TITLES[one] for one in subset))
            box.clicked.connect(lambda _: self.edited.emit())
            self.boxes[subset] = box
            grid.addWidget(box, place % 3, place // 3)
        self.row.addLayout(grid)
        self.row.addStretch(1)
        self.show_value(value)

    @property
    def value(self) -> tuple[tuple[Modality, ...], ...]:
        return tuple(subset for subset, box in self.boxes.items() if box.isChecked())

    def show_value(self, value: tuple[tuple[Modality, ...], ...]) -> None:
        wanted = {frozenset(one) for one in value}
        for subset, box in self.boxes.items():
            box.setChecked(frozenset(subset) in wanted)


class _SpinBox(QSpinBox):
    def wheelEvent(self, event) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)


def input_for(name: str, field: FieldInfo, value: Any) -> FieldInput:
    """Make the input that fits a field's type and name."""
    limits = limits_of(field)
    if name == "encoder_weights":
        return EncoderInput(value)
    if name == "subsets":
        return SubsetsInput(value)
    if get_origin(field.annotation) is Literal:
        return ChoiceInput(name, get_args(field.annotation), value)
    if field.annotation is bool:
        return TickInput(value)
    if field.annotation is int:
        return WholeInput(value, int(limits.get("ge", 0)), int(limits.get("le", 1_000_000)))
    if field.annotation is float:
        return NumberInput(value)
    if get_origin(field.annotation) is tuple:
        return RangeInput(value)
    return TextInput(value)


class EncoderInput(FieldInput):
    """Where the encoders' weights come from."""

    def __init__(self, value: str):
        super().__init__()
        self.box = EncoderChooser(value)
        self.row.addWidget(self.box, 1)
        self.box.edited.connect(self.edited)

    @property
    def value(self) -> str:
        return self.box.value

    def show_value(self, value: str) -> None:
        self.box.show_value(value)


def limits_of(field: FieldInfo) -> dict[str, float]:
    """Limits ``ge``, ``gt``, ``le``, ``lt`` that a field states."""
    found = {}
    for rule in field.metadata:
        for name in ("ge", "gt", "le", "lt"):
            if getattr(rule, name, None) is not None:
                found[name] = getattr(rule, name)
    return found
