"""A run against another one on the same folds, or against a model that is in use, about the same patients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from ...bundles.format import MANIFEST
from ...bundles.installed import BundleInfo
from ...errors import RenalFusionError
from ...figures.fold_metrics import metric_title
from ...reports.run_figures import comparison_run_figure
from ...training.beside import Beside, stored_beside
from ...training.comparison import Comparison, compare_results
from ...training.config import TrainingConfig
from ...training.results import Results
from ..theme import RHYTHM, label, say
from ..threads import Threads
from .results_beside import BesideSheet
from .results_sheet import ResultsSheet
from .small_table import SmallTable

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
    """Choose a run and a metric; figure, p-values and settings follow. Or choose an installed model and ask it."""

    def __init__(self, threads: Threads, parent: QWidget | None = None):
        super().__init__(parent)
        self._threads = threads
        self._run: Run | None = None
        self._results: Results | None = None
        self._choices: list[Run | BundleInfo] = []
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
        self.beside = BesideSheet()
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
        column.addWidget(self.beside, 1)

    def show_run(self, run: Run, results: Results, others: list[Run], models: list[BundleInfo]) -> None:
        """Offer ``others``, the finished runs of the same place without this one, and installed ``models``."""
        self._run, self._results, self._choices, self._other = run, results, [*others, *models], None
        self.runs.blockSignals(True)
        self.runs.clear()
        self.runs.addItem("Choose a run or a model…" if self._choices else "No other finished run or model")
        for place, one in enumerate(self._choices):
            if place == len(others) and others:
                self.runs.insertSeparator(self.runs.count())
            installed = isinstance(one, BundleInfo)
            self.runs.addItem(f"{one.title} ({one.name}, installed)" if installed else one.name, place)
            folder = one.path if installed else one.folder
            self.runs.setItemData(self.runs.count() - 1, str(folder), Qt.ItemDataRole.ToolTipRole)
        self.runs.setEnabled(bool(self._choices))
        self.runs.blockSignals(False)
        self.metric.blockSignals(True)
        self.metric.clear()
        for name in sorted(results.mean, key=lambda one: one != "auc"):
            self.metric.addItem(metric_title(name), name)
        self.metric.blockSignals(False)
        self._clear(
            "Another run that was trained on the same folds (its folds.json): fold by fold, with p-values. "
            "A model that is installed: asked about the same patients."
        )

    def choose(self, name: str) -> None:
        """Choose another run or a model by its name in the list."""
        self.runs.setCurrentText(name)

    def _choose(self, index: int) -> None:
        self._other = None
        place = self.runs.itemData(index)
        if place is None:
            self._clear("")
            return
        run, other = self._run, self._choices[place]
        self._clear("Reading…")
        reading = _stored if isinstance(other, BundleInfo) else _read
        self._threads.run(
            lambda: reading(run, other),
            lambda found: self._take(run, other, found),
            lambda error: self._clear(str(error), "warning"),
            urgent=True,
        )

    def _take(self, run: Run, other: Run | BundleInfo, found: _Other | Beside | None) -> None:
        place = self.runs.currentData()
        if run is not self._run or place is None or self._choices[place] is not other:
            return
        if isinstance(other, BundleInfo):
            self._clear("")
            self.metric.hide()
            self.sheet.hide()
            self.beside.show_model(run.folder, other, found)
            self.beside.show()
        else:
            self._other = found
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
        say(self.message, sentence, role)
        self.sheet.show_figures([])
        self.sheet.show()
        self.metric.show()
        self.beside.hide()
        self.heading.hide()
        self.settings.hide()


class _SettingsTable(SmallTable):
    """A row for each setting in which two runs differ."""

    def show_differences(self, differing: dict[str, tuple[Any, ...]], runs: tuple[str, str]) -> None:
        rows = [
            (setting_title(name), *map(value_text, values))
            for name, values in differing.items()
            if name not in _NAMES_ONLY
        ]
        self.show_rows(["Setting", *runs], rows or [("Nothing but the names", "", "")])


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


def _stored(run: Run, info: BundleInfo) -> Beside | None:
    return stored_beside(run, info.config.sha256[MANIFEST])
