"""One scrolling sheet of a run's results: widgets over the whole width, then figures in one or two columns."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QFrame, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from ...reports.run_figures import RunFigure
from ..theme import RHYTHM
from ..threads import Threads
from .results_figure import FigureCard

_TWO_COLUMNS = 960


class ResultsSheet(QScrollArea):
    """Figures beside each other where there is room for two, else below each other."""

    def __init__(
        self,
        threads: Threads,
        head: Sequence[QWidget] = (),
        foot: Sequence[QWidget] = (),
        parent: QWidget | None = None,
    ):
        super().__init__(parent)
        self._threads = threads
        self.cards: list[FigureCard] = []
        self._columns = 0
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, RHYTHM, RHYTHM, RHYTHM)
        column.setSpacing(2 * RHYTHM)
        for widget in head:
            column.addWidget(widget)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(4 * RHYTHM)
        self._grid.setVerticalSpacing(3 * RHYTHM)
        column.addLayout(self._grid)
        for widget in foot:
            column.addWidget(widget)
        column.addStretch(1)
        self.setWidget(inner)

    def show_figures(self, figures: Sequence[RunFigure]) -> None:
        """Show these figures in their order; cards are kept, so that nothing flickers between runs."""
        while len(self.cards) > len(figures):
            card = self.cards.pop()
            self._grid.removeWidget(card)
            card.deleteLater()
        while len(self.cards) < len(figures):
            self.cards.append(FigureCard(self._threads))
        for card, figure in zip(self.cards, figures, strict=True):
            card.show_figure(figure)
        self._columns = 0
        self._arrange()
        self.verticalScrollBar().setValue(0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        columns = 2 if self.viewport().width() >= _TWO_COLUMNS and len(self.cards) > 1 else 1
        if columns == self._columns:
            return
        self._columns = columns
        for place, card in enumerate(self.cards):
            self._grid.addWidget(card, place // columns, place % columns, Qt.AlignmentFlag.AlignTop)
        for place in range(2):
            self._grid.setColumnStretch(place, 1 if place < columns else 0)
