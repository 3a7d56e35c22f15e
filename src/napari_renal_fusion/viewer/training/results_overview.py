"""The first thing to know about a run: a few large figures, sentences, and the table of metrics."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication, QKeySequence, QShortcut
from qtpy.QtWidgets import (
    QAbstractItemView,
    QGridLayout,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ...figures.charts import fold_title, mean_sd
from ...figures.fold_metrics import metric_title
from ...reports.run_cases import case_lines
from ...reports.run_report import summary
from ...reports.run_tables import metrics_table
from ...reports.survival_run import p_text
from ...training.healnet.results import SurvivalResults
from ...training.results import Results
from ..probability_bars import tabular
from ..theme import RHYTHM, label
from .small_table import as_sheet


class Headline(QWidget):
    """A number in large type with a word above and a remark below."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.word = label("", "secondary", wrap=False)
        self.number = QLabel()
        self.number.setStyleSheet("font-size: 17pt; font-weight: 600;")
        self.remark = label("", "secondary", wrap=False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget in (self.word, self.number, self.remark):
            column.addWidget(widget)

    def say(self, word: str, number: str, remark: str) -> None:
        self.word.setText(word)
        self.number.setText(number)
        self.remark.setText(remark)
        self.setAccessibleName(f"{word} {number} {remark}")


class Overview(QWidget):
    """Headlines, the sentences of the report, and notes."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.headlines = [Headline() for _ in range(4)]
        self._tiles = QGridLayout()
        self._tiles.setHorizontalSpacing(3 * RHYTHM)
        self._tiles.setVerticalSpacing(RHYTHM)
        self._tile_columns = 0
        self.sentences = label("")
        self.notes = label("", "warning")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2 * RHYTHM)
        column.addLayout(self._tiles)
        for widget in (self.sentences, self.notes):
            column.addWidget(widget)

    def show_results(self, results: Results) -> None:
        if isinstance(results, SurvivalResults):
            self._show(_survival_figures(results), results)
            return
        lines = case_lines(results)
        figures = [
            (metric_title(name), f"{100 * results.mean[name]:.1f} %", _over_folds(results, name))
            for name in ("auc", "accuracy")
            if name in results.mean
        ]
        if lines:
            right = sum(one.agrees for one in lines)
            figures.append(("Right class", f"{right} of {len(lines)}", "out of fold"))
        if results.coverage is not None:
            asked = f"asked: {100 * results.coverage_asked:.0f} %"
            figures.append(("Sets hold the right class", f"{100 * results.coverage:.1f} %", asked))
        else:
            figures.append(("Calibration error", f"{100 * results.ece:.1f} points", "0 is best"))
        self._show(figures, results)

    def _show(self, figures: list[tuple[str, str, str]], results: Results | SurvivalResults) -> None:
        for place, headline in enumerate(self.headlines):
            headline.setVisible(place < len(figures))
            if place < len(figures):
                headline.say(*figures[place])
        # The first sentence is a headline already.
        self.sentences.setText(" ".join(summary(results)[1:]))
        self.sentences.setVisible(bool(self.sentences.text()))
        self.notes.setText("\n".join(results.notes))
        self.notes.setVisible(bool(results.notes))

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        columns = 4 if self.width() >= 620 else 2
        if columns != self._tile_columns:
            self._tile_columns = columns
            for place, headline in enumerate(self.headlines):
                self._tiles.addWidget(headline, place // columns, place % columns)
            for place in range(5):  # the last column takes what is left, so that the numbers stay together
                self._tiles.setColumnStretch(place, 1 if place == columns or columns == 2 else 0)


class MetricsTable(QTableWidget):
    """A row a metric: mean and standard deviation, interval, each fold; Ctrl+C copies it for a spreadsheet."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        as_sheet(self)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.setAccessibleName("Metrics of each fold, in percent")
        copy = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self)
        copy.setContext(Qt.ShortcutContext.WidgetShortcut)
        copy.activated.connect(self.copy)
        self._rows: list[list[str]] = []

    def show_results(self, results: Results) -> None:
        head, *rows = metrics_table(results)
        head = [*head[:3], *(fold_title(unit) for unit in head[3:])]
        self._rows = [head, *rows]
        self.setColumnCount(len(head))
        self.setRowCount(len(rows))
        font = tabular(self.font())
        for place, name in enumerate(head):
            item = QTableWidgetItem(name)
            item.setTextAlignment(_alignment(place))
            self.setHorizontalHeaderItem(place, item)
        for row, cells in enumerate(rows):
            for place, text in enumerate(cells):
                item = QTableWidgetItem(text)
                item.setTextAlignment(_alignment(place))
                if place:
                    item.setFont(font)
                self.setItem(row, place, item)
        self.resizeRowsToContents()
        self._fit()

    def copy(self) -> None:
        """Put the table onto the clipboard, cells apart by tabs."""
        QGuiApplication.clipboard().setText("\n".join("\t".join(row) for row in self._rows))

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        rows = sum(self.rowHeight(row) for row in range(self.rowCount()))
        bar = self.horizontalScrollBar()
        needed = self.horizontalHeader().length() > self.viewport().width()
        self.setFixedHeight(
            self.horizontalHeader().sizeHint().height() + rows + 4 + needed * bar.sizeHint().height()
        )


def _survival_figures(results: SurvivalResults) -> list[tuple[str, str, str]]:
    figures = [
        (
            metric_title(name),
            f"{results.mean[name]:.3f}",
            f"± {results.sd[name]:.3f} over {len(results.folds)} folds",
        )
        for name in ("c_index", "cox_c_index")
        if name in results.mean
    ]
    low, high = results.interval["c_index"]
    figures.append(("Pooled c-index", f"{results.pooled['c_index']:.3f}", f"95 %: {low:.3f} to {high:.3f}"))
    if results.log_rank_p is not None:
        figures.append(("Risk groups differ", p_text(results.log_rank_p), "log-rank"))
    return figures


def _over_folds(results: Results, name: str) -> str:
    count = len(results.folds)
    if count < 2:
        return "one fold"
    spread = mean_sd(results.mean[name], results.sd.get(name)).partition(" ")[2]
    return f"{spread} over {count} folds"


def _alignment(place: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if place else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
