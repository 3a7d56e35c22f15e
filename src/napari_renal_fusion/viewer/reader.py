"""The reader: from top to bottom the case, what enters, the model's opinion and its reasons."""

from __future__ import annotations

from typing import Literal

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from .case_header import CaseHeader
from .contribution_section import ContributionSection
from .heat_map_section import HeatMapSection
from .opinion_section import OpinionSection
from .run_section import RunSection
from .scale_section import ScaleSection
from .selection_section import SelectionSection
from .theme import RHYTHM, label, text_scale
from .words import RESEARCH_USE

Place = Literal["opinion", "run", "heat_map", "end"]


class Reader(QWidget):
    """A column of sections that scrolls; the research-use line never scrolls away."""

    report_wanted = Signal()
    keys_wanted = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.header = CaseHeader()
        self.scale = ScaleSection()
        self.selection = SelectionSection()
        self.run = RunSection()
        self.opinion = OpinionSection()
        self.heat_map = HeatMapSection()
        self.contributions = ContributionSection()
        column_widget = QWidget()
        self._column = column = QVBoxLayout(column_widget)
        column.setContentsMargins(RHYTHM, RHYTHM, RHYTHM, RHYTHM)
        column.setSpacing(RHYTHM + RHYTHM // 2)
        for section in (
            self.header, self.scale, self.selection, self.run, self.opinion, self.heat_map, self.contributions,
        ):  # fmt: skip
            column.addWidget(section)
        column.addStretch(1)
        self.scroll = QScrollArea()
        self.scroll.setWidgetResizable(True)
        self.scroll.setFrameShape(QFrame.Shape.NoFrame)
        self.scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroll.setWidget(column_widget)
        self.report_button = QPushButton("Write report…")
        self.report_button.clicked.connect(self.report_wanted)
        self.keys_button = QPushButton("Keys")
        self.keys_button.setToolTip("All keys (?)")
        self.keys_button.clicked.connect(self.keys_wanted)
        self.message = label("", "")
        self.message.setOpenExternalLinks(True)
        self.message.hide()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.scroll, 1)
        foot = QVBoxLayout()
        foot.setContentsMargins(RHYTHM, RHYTHM, RHYTHM, RHYTHM)
        foot.setSpacing(RHYTHM // 2)
        buttons = QHBoxLayout()
        buttons.setSpacing(RHYTHM)
        buttons.addWidget(self.report_button)
        buttons.addWidget(self.keys_button)
        buttons.addStretch(1)
        buttons.addWidget(label(RESEARCH_USE, "secondary", wrap=False))
        foot.addWidget(self.message)
        foot.addLayout(buttons)
        outer.addLayout(foot)
        self.show_answer_parts(False)

    def sizeHint(self) -> QSize:
        return QSize(round(340 * text_scale(self)), 600)

    def minimumSizeHint(self) -> QSize:
        return QSize(round(300 * text_scale(self)), 300)

    def show_answer_parts(self, there: bool) -> None:
        """Show or hide what makes sense only with an explanation."""
        if not there:
            self.heat_map.forget()
            self.contributions.forget()
        self.heat_map.setVisible(there)
        self.contributions.setVisible(there)
        self.report_button.setEnabled(there)

    def show_message(self, sentence: str) -> None:
        """Say what came of the report."""
        self.message.setText(sentence)
        self.message.setVisible(bool(sentence))

    def add_section(self, widget: QWidget, above: Place = "end") -> None:
        """Put a section of a part above the model's ``opinion``, its ``run`` row, the ``heat_map``, or at the ``end``."""
        below = {"opinion": self.opinion, "run": self.run, "heat_map": self.heat_map}.get(above)
        place = (
            self._column.count() - 1 if below is None else self._column.indexOf(below)
        )  # the end is a stretch
        self._column.insertWidget(place, widget)

    def ensure_visible(self, widget: QWidget) -> None:
        """Scroll to a section, for a key that leads there."""
        self.scroll.ensureWidgetVisible(widget)
