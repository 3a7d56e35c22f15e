"""The question about a slide's pixel size: what the file says, what would be plausible, and a field for the answer."""

from __future__ import annotations

from qtpy.QtCore import QLocale, Signal
from qtpy.QtGui import QDoubleValidator
from qtpy.QtWidgets import QHBoxLayout, QLineEdit, QPushButton

from ..cases import SlideItem
from ..cases.slide import Slide
from .section import Section
from .theme import RHYTHM, label

_OBJECTIVES = {0.25: "40x", 0.5: "20x", 1.0: "10x"}


class ScaleSection(Section):
    """Shown for a slide whose file has no pixel size or one that cannot be true; afterwards it says the answer."""

    answered = Signal(float)
    """Micrometres a pixel."""
    forget_wanted = Signal()

    def __init__(self) -> None:
        super().__init__("Image scale")
        self.change_button = self.add_action("Change")
        self.change_button.clicked.connect(self.forget_wanted)
        self.sentence = label("")
        self._row = QHBoxLayout()
        self._row.setSpacing(RHYTHM // 2)
        self.choices: list[QPushButton] = []
        self.field = QLineEdit()
        self.field.setPlaceholderText("other")
        self.field.setMaximumWidth(72)
        self.field.setAccessibleName("Micrometres a pixel")
        numbers = QDoubleValidator(0.0, 100.0, 6, self.field)
        numbers.setLocale(QLocale.c())
        self.field.setValidator(numbers)
        self.field.returnPressed.connect(self._take_field)
        self.field.textChanged.connect(lambda text: self.use_button.setEnabled(self._typed() is not None))
        self.use_button = QPushButton("Use")
        self.use_button.clicked.connect(self._take_field)
        self.unit = label("µm a pixel", "secondary", wrap=False)
        self.message = label("", "warning")
        self.body.addWidget(self.sentence)
        self.body.addLayout(self._row)
        self.body.addWidget(self.message)
        self.show_nothing()

    def show_nothing(self) -> None:
        self.hide()

    def show_slide(self, slide: Slide, item: SlideItem) -> None:
        """Ask about a slide, or say what was answered; nothing stands here for a file that can be true."""
        self.show_message("")
        said = slide.pixel_size is not None and slide.pixel_size.source == "person"
        asked = slide.doubt is not None
        self.setVisible(asked or said)
        self.change_button.setVisible(said and item.stated_pixel_size is None)
        if asked:
            self.sentence.setText(slide.doubt.message.replace(" um", " µm"))
            self._offer(slide.plausible)
        elif said:
            self.sentence.setText(
                f"{slide.path.name}: {slide.pixel_size.um:.4g} µm a pixel, stated by a person."
            )
            self._offer(None)

    def show_message(self, sentence: str) -> None:
        self.message.setText(sentence)
        self.message.setVisible(bool(sentence))

    def _offer(self, choices: tuple[float, ...] | None) -> None:
        """Buttons for the plausible sizes and the field; None takes them away."""
        while self._row.count():
            self._row.takeAt(0)
        for button in self.choices:
            button.hide()
            button.deleteLater()
        self.choices = []
        for widget in (self.field, self.use_button, self.unit):
            widget.setVisible(choices is not None)
        if choices is None:
            return
        for um in choices:
            button = QPushButton(f"{um:g}")
            objective = _OBJECTIVES.get(um)
            button.setToolTip(
                f"{um:g} µm a pixel" + (f", usual for a {objective} objective" if objective else "")
            )
            button.clicked.connect(lambda _=False, um=um: self.answered.emit(um))
            self.choices.append(button)
            self._row.addWidget(button)
        self.field.clear()
        self.use_button.setEnabled(False)
        for widget in (self.field, self.use_button, self.unit):
            self._row.addWidget(widget)
        self._row.addStretch(1)

    def _typed(self) -> float | None:
        try:
            value = float(self.field.text().replace(",", "."))
        except ValueError:
            return None
        return value if value > 0 else None

    def _take_field(self) -> None:
        value = self._typed()
        if value is not None:
            self.answered.emit(value)
