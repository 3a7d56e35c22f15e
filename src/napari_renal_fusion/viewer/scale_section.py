"""The image scale in the reader: what it is and how it can be given, the legend that is cut, and the ruler."""

from __future__ import annotations

from qtpy.QtCore import Signal

from ..cases import SlideItem
from ..cases.names import readable
from ..cases.slide import Slide
from .scale.facts import ImageFacts
from .scale.image_scale import ImageScale
from .scale.legend_row import LegendRow
from .scale.ruler_rows import RulerRows
from .scale.slide_choices import SlideChoices
from .scale.words import UNCALIBRATED, scale_sentence
from .section import Section
from .theme import label


class ScaleSection(Section):
    """Stands in the reader for whatever is on the canvas, an image or a slide."""

    answered = Signal(float)
    """Micrometres a pixel of the slide."""
    forget_wanted = Signal()
    """What was said about the slide or image shall be forgotten."""

    def __init__(self) -> None:
        super().__init__("Image scale")
        self.change_button = self.add_action("Change")
        self.change_button.clicked.connect(self._press_change)
        self.sentence = label("")
        self.slide = SlideChoices()
        self.slide.answered.connect(self.answered)
        self.image = ImageScale()
        self.legend = LegendRow()
        self.ruler = RulerRows()
        self.message = label("", "warning")
        for widget in (self.sentence, self.slide, self.image, self.message, self.ruler, self.legend):
            self.body.addWidget(widget)
        self._facts: ImageFacts | None = None
        self.show_nothing()

    @property
    def choices(self) -> list:
        """The buttons with plausible pixel sizes of a slide."""
        return self.slide.choices

    def show_nothing(self) -> None:
        self._facts = None
        self.hide()

    def show_slide(self, slide: Slide, item: SlideItem) -> None:
        """Ask about a slide, or say its pixel size."""
        self._facts = None
        self.show_message("")
        self.ruler.show_message("")
        self.image.show_nothing()
        self.legend.hide()
        said = slide.pixel_size is not None and slide.pixel_size.source == "person"
        self.change_button.setText("Change")
        self.change_button.setVisible(said and item.stated_pixel_size is None)
        if slide.doubt is not None:
            # The file's name may be a patient's: on screen a slide is what the board calls it.
            words = slide.doubt.message.replace(readable(slide.path.name), "This slide").replace(" um", " µm")
            self.sentence.setText(words)
            self.slide.offer(slide.plausible)
        else:
            self.sentence.setText(scale_sentence(slide.pixel_size) if slide.pixel_size else UNCALIBRATED)
            self.slide.offer(None)
        self.show()

    def show_image(self, facts: ImageFacts) -> None:
        """Say the pixel size of an image, or how it can be given; and what its legend is."""
        self._facts = facts
        self.show_message("")
        self.ruler.show_message("")
        self.slide.offer(None)
        if facts.pixel_size is not None:
            self.sentence.setText(scale_sentence(facts.pixel_size))
        else:
            self.sentence.setText(_refused(facts) if facts.notice is not None else UNCALIBRATED)
        self.change_button.setText("Forget" if facts.stated or facts.lab else "Change")
        self.change_button.setVisible(facts.pixel_size is not None)
        self.image.show_facts(facts)
        self.legend.show_facts(facts)
        self.show()

    def show_message(self, sentence: str) -> None:
        self.message.setText(sentence)
        self.message.setVisible(bool(sentence))

    def _press_change(self) -> None:
        facts = self._facts
        if facts is None or facts.stated or facts.lab:
            self.forget_wanted.emit()
        else:  # the file's own stands until somebody says another
            self.change_button.hide()
            self.image.show_facts(facts, change=True)


def _refused(facts: ImageFacts) -> str:
    return facts.notice.message.replace(readable(facts.item.path.name), "The file")
