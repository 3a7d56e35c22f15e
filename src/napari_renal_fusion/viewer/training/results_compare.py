"""A run against another one on the same folds: what differs in the settings, and what it changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ...errors import RenalFusionError
from ...figures.fold_metrics import metric_title
from ...reports.run_figures import comparison_run_figure
from ...training.comparison import Comparison, compare_results
from ...training.config import TrainingConfig
from ...training.results import Results
from ..theme import RHYTHM, label
from ..threads import Threads
from .results_figure import WIDEST
from .results_sheet import ResultsSheet

if TYPE_CHECKING:
    from ...training.run import Run

_NAMES_ONLY = {"name", "title"}


@dataclass(frozen=True)
class _Other:
    """What is read of the other run, in another thread."""

    run: Run
    results: Results | None
    differing: dict[str, tuple[Any, ...]]


class CompareSheet(QWidget):
    """Choose a run and a metric; figure, p-values and settings follow."""

    def __init__(self, threads: Threads, parent: QWidget | None = None):
        super().__init__(parent)
        self._threads = threads
        self._run: Run | None = None
        self._results: Results | None = None
        self._others: list[Run] = []
        self._other: _Other | None = None
        self.runs, self.metric = QComboBox(), QComboBox()
        self.runs.setAccessibleName("Compare with")
        self.runs.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.runs.setMinimumContentsLength(12)
        self.runs.setMaximumWidth(420)
        self.metric.setAccessibleName("Metric")
        self.runs.currentIndexChanged.connect(self._choose)
        self.metric.currentIndexChanged.connect(self._compare)
        self.message = label("", "secondary")
        self.heading = label("What differs in the settings", "heading")
        self.settings = _SettingsTable()
        top = QHBoxLayout()
        top.setSpacing(RHYTHM)
        top.addWidget(label("Compare with", wrap=False))
        top.addWidget(self.runs, 100)
        top.addWidget(self.metric)
        top.addStretch(1)
        below = QWidget()
        settings = QVBoxLayout(below)
        settings.setContentsMargins(0, 0, 0, 0)
        settings.setSpacing(RHYTHM)
        settings.addWidget(self.heading)
        settings.addWidget(self.settings)
        self.sheet = ResultsSheet(threads, foot=[below])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, RHYTHM, 0, 0)
        column.setSpacing(RHYTHM)
        column.addLayout(top)
        column.addWidget(self.message)
        column.addWidget(self.sheet, 1)

    def show_run(self, run: Run, results: Results, others: list[Run]) -> None:
        """Offer ``others``, the finished runs of the same place without this one."""
        self._run, self._results, self._others, self._other = run, results, others, None
        self.runs.blockSignals(True)
        self.runs.clear()
        self.runs.addItem("Choose a run…" if others else "No other finished run")
        for one in others:
            self.runs.addItem(one.name)
            self.runs.setItemData(self.runs.count() - 1, str(one.folder), Qt.ItemDataRole.ToolTipRole)
        self.runs.setEnabled(bool(others))
        self.runs.blockSignals(False)
        self.metric.blockSignals(True)
        self.metric.clear()
        for name in sorted(results.mean, key=lambda one: one != "auc"):
            self.metric.addItem(metric_title(name), name)
        self.metric.blockSignals(False)
        self._clear(
            "Fold by fold, with p-values: the other run must have been trained on the same folds "
            "(its folds.json)."
        )

    def choose(self, name: str) -> None:
        """Choose another run by its name."""
        self.runs.setCurrentText(name)

    def _choose(self, place: int) -> None:
        self._other = None
        if place < 1:
            self._clear("")
            return
        run, other = self._run, self._others[place - 1]
        self._clear("Reading…")
        self._threads.run(
            lambda: _read(run, other),
            lambda found: self._take(place, run, found),
            lambda error: self._clear(str(error), "warning"),
            urgent=True,
        )

    def _take(self, place: int, run: Run, other: _Other) -> None:
        if run is self._run and self.runs.currentIndex() == place:
            self._other = other
            self._compare()

    def _compare(self) -> None:
        if self._other is None or self._results is None or self.metric.currentData() is None:
            return
        other = self._other
        if other.results is None:
            self._clear(f"{other.run.name} has no figures yet.")
            return
        results, metric = self._results, self.metric.currentData()
        # Importing the statistics takes a second the first time, so they are computed where drawing is done.
        self._threads.run(
            lambda: compare_results(results, other.results, metric),
            lambda comparison: self._show(other, metric, comparison),
            lambda error: self._refuse(other, metric, error),
            urgent=True,
        )

    def _show(self, other: _Other, metric: str, comparison: Comparison) -> None:
        if other is self._other and metric == self.metric.currentData():
            self._clear("")
            self.sheet.show_figures([comparison_run_figure(comparison, (self._run.name, other.run.name))])
            self._show_settings(other)

    def _refuse(self, other: _Other, metric: str, error: RenalFusionError) -> None:
        if other is self._other and metric == self.metric.currentData():
            self._clear(str(error), "warning")
            self._show_settings(other)

    def _show_settings(self, other: _Other) -> None:
        self.heading.show()
        self.settings.show_differences(other.differing, (self._run.name, other.run.name))

    def _clear(self, sentence: str, role: str = "secondary") -> None:
        self.message.setProperty("role", role)
        self.message.style().unpolish(self.message)
        self.message.style().polish(self.message)
        self.message.setText(sentence)
        self.message.setVisible(bool(sentence))
        self.sheet.show_figures([])
        self.heading.hide()
        self.settings.hide()


class _SettingsTable(QTableWidget):
    """A row for each setting in which two runs differ."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(0, 3, parent)
        self.setMaximumWidth(WIDEST)
        self.verticalHeader().hide()
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setDefaultAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )

    def show_differences(self, differing: dict[str, tuple[Any, ...]], runs: tuple[str, str]) -> None:
        rows = [(name, *values) for name, values in differing.items() if name not in _NAMES_ONLY]
        self.setHorizontalHeaderLabels(["Setting", *runs])
        self.setRowCount(max(1, len(rows)))
        if not rows:
            rows = [("Nothing but the names", "", "")]
        for row, (name, *values) in enumerate(rows):
            texts = [setting_title(name), *(value_text(one) for one in values)]
            for place, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                self.setItem(row, place, item)
        self.resizeRowsToContents()
        heights = sum(self.rowHeight(row) for row in range(self.rowCount()))
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + heights + 4)
        self.show()


def setting_title(name: str) -> str:
    """The form's title of a setting; a part of a larger one keeps its path."""
    field = TrainingConfig.model_fields.get(name)
    return (field.title if field is not None else None) or name.replace(".", " · ").replace("_", " ")


def value_text(value: Any) -> str:
    """A setting's value for people: 5e-05 stays as it is, yes and no for ticks, – where there is none."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "–"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _read(run: Run, other: Run) -> _Other:
    from ...training.run_list import differing_fields

    return _Other(other, other.results, differing_fields([run, other]))
