"""The figures of a finished run: overview, classes, reliability, cases, and the comparison with another run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QFileDialog,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ...bundles import BundleInfo, installed
from ...bundles.format import MANIFEST
from ...cases import ImageItem
from ...errors import RenalFusionError
from ...reports.run_figures import RunFigure, run_figures
from ...reports.run_report import PARTS, write_run_report
from ...training.beside import own_bundles
from ...training.results import Results
from ..theme import RHYTHM, label, say
from ..threads import Threads
from ..turns import Turns
from .results_cases import CasesGallery, case_pictures
from .results_compare import CompareSheet
from .results_overview import MetricsTable, Overview
from .results_sheet import ResultsSheet

if TYPE_CHECKING:
    from ...training.run import Run

TABS = ("Overview", "Classes", "Reliability", "Cases", "Compare")
_OVERVIEW, _CLASSES, _RELIABILITY = (
    ("metrics", "learning_curves", "risk_groups"),
    ("roc", "confusion"),
    ("reliability", "sets", "distances"),
)
_EXPORTS = (("Everything…", PARTS), ("Report (HTML)…", ("report",)), ("Tables (CSV)…", ("tables",)),
            ("Figures (PNG)…", ("figures",)))  # fmt: skip


@dataclass(frozen=True)
class _Read:
    """What is read of a run's folder, in another thread."""

    results: Results | None
    figures: dict[str, RunFigure]
    others: list[Run]
    models: list[BundleInfo]
    state: str


class ResultsPage(QWidget):
    """Shows one run. Files are read and figures drawn in another thread; what is hidden is not drawn."""

    case_opened = Signal(str)
    """Case id that a person wants to see in the workspace."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.run: Run | None = None
        self.results: Results | None = None
        # Matplotlib's caches are not made for two drawings at a time; images are read beside it.
        self.drawing, self.reading = Threads(1, self), Threads(1, self)
        self._turns = Turns(self)
        self.overview, self.table = Overview(), MetricsTable()
        self.sheets = [
            ResultsSheet(
                self.drawing, [self.overview], [label("Every fold, in percent", "heading"), self.table]
            ),
            ResultsSheet(self.drawing),
            ResultsSheet(self.drawing),
        ]
        self.cases = CasesGallery(self.reading)
        self.cases.case_opened.connect(self.case_opened)
        self.compare = CompareSheet(self.drawing)
        self.nothing = label("A run's figures stand here when it is finished.", "secondary")
        self.pages = QStackedWidget()
        for page in (*self.sheets, self.cases, self.compare):
            self.pages.addWidget(page)
        self.message = label("", "secondary")
        self.message.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(RHYTHM)
        column.addLayout(self._top())
        column.addWidget(self.message)
        column.addWidget(self.nothing)
        column.addWidget(self.pages, 1)
        column.addStretch(0)
        self._show_nothing("A run's figures stand here when it is finished.")

    def show_run(self, run: Run) -> None:
        """Show a run; one that is not finished says so."""
        self.run, self.results = run, None
        self._turns.drop()
        self.drawing.drop()
        self.reading.drop()
        self._say("")
        self._show_nothing("Reading…")
        self.reading.run(
            lambda: _read(run),
            lambda found: self._take(run, found),
            lambda error: self._show_nothing(str(error)),
            urgent=True,
        )

    def show_tab(self, name: str) -> None:
        """One of :data:`TABS`."""
        self.tabs.button(TABS.index(name)).click()

    @property
    def busy(self) -> bool:
        """Whether something is being read or drawn."""
        return self.drawing.busy or self.reading.busy or self._turns.busy or self.compare.beside.busy

    def export(self, folder: Path | str, parts: tuple[str, ...] = PARTS) -> None:
        """Write report, tables or figures into ``folder``, in another thread; a line says when it is done."""
        run, folder = self.run, Path(folder)
        if run is None:
            return
        self._say(f"Writing to {folder}…")
        self.export_button.setEnabled(False)
        self.drawing.run(
            lambda: write_run_report(run, folder, parts=parts),
            lambda written: self._exported(f"{len(written)} files are in {folder}."),
            lambda error: self._exported(str(error), "warning"),
        )

    def shut(self) -> None:
        """Wait for the drawing under way; nothing is drawn afterwards."""
        self._turns.drop()
        self.compare.beside.shut()
        self.drawing.close()
        self.reading.close()

    def _top(self) -> QHBoxLayout:
        self.tabs = QButtonGroup(self)
        top = QHBoxLayout()
        top.setSpacing(RHYTHM // 2)
        for place, name in enumerate(TABS):
            button = QPushButton(name)
            button.setCheckable(True)
            button.setStyleSheet("padding: 5px 7px;")
            self.tabs.addButton(button, place)
            top.addWidget(button)
        self.tabs.button(0).setChecked(True)
        self.tabs.idClicked.connect(self.pages.setCurrentIndex)
        top.addStretch(1)
        self.export_button = QPushButton("Export")
        self.export_button.setStyleSheet("padding: 5px 7px;")
        self.export_button.setToolTip("Report, tables and figures into a folder: case ids only, no names")
        menu = QMenu(self.export_button)
        for title, parts in _EXPORTS:
            menu.addAction(title, lambda parts=parts: self._ask_where(parts))
        self.export_button.clicked.connect(
            lambda: menu.exec(self.export_button.mapToGlobal(self.export_button.rect().bottomLeft()))
        )
        top.addWidget(self.export_button)
        return top

    def _ask_where(self, parts: tuple[str, ...]) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder for the exported files")
        if folder:
            self.export(folder, parts)

    def _exported(self, sentence: str, role: str = "secondary") -> None:
        self.export_button.setEnabled(True)
        self._say(sentence, role)

    def _take(self, run: Run, found: _Read) -> None:
        if run is not self.run:
            return
        if found.results is None:
            self._show_nothing(f"This run is {found.state}; its figures stand here when it is finished.")
            return
        self.results = found.results
        self._offer_tabs()
        self._turns.add(
            lambda: self.overview.show_results(found.results),
            lambda: self.table.show_results(found.results),
            lambda: self._fill_sheets(found.figures),
            lambda: self.cases.show_results(found.results),
            lambda: self.compare.show_run(run, found.results, found.others, found.models),
            self._show_pages,
            lambda: self.reading.run(
                lambda: _pictures(run), lambda images: self._took_pictures(run, images), _ignore
            ),
        )

    def _offer_tabs(self) -> None:
        """Tabs about classes are of no use for a risk."""
        for name in ("Classes", "Reliability", "Cases"):
            self.tabs.button(TABS.index(name)).setVisible(bool(self.results.class_names))
        if not self.results.class_names and self.tabs.checkedId() != TABS.index("Compare"):
            self.show_tab("Overview")

    def _fill_sheets(self, figures: Mapping[str, RunFigure]) -> None:
        for sheet, keys in zip(self.sheets, (_OVERVIEW, _CLASSES, _RELIABILITY), strict=True):
            sheet.show_figures([figures[key] for key in keys if key in figures])

    def _show_pages(self) -> None:
        self.nothing.hide()
        self.pages.show()
        self._enable(True)

    def _took_pictures(self, run: Run, images: Mapping[str, ImageItem]) -> None:
        if run is self.run:
            self.cases.table.show_images(images)

    def _show_nothing(self, sentence: str) -> None:
        self.nothing.setText(sentence)
        self.nothing.show()
        self.pages.hide()
        self._enable(False)

    def _enable(self, on: bool) -> None:
        for button in (*self.tabs.buttons(), self.export_button):
            button.setEnabled(on)

    def _say(self, sentence: str, role: str = "secondary") -> None:
        say(self.message, sentence, role)


def _read(run: Run) -> _Read:
    from ...training.run_list import list_runs

    results = run.results
    if results is None:
        return _Read(None, {}, [], [], run.state)
    beside = [
        one for one in list_runs(run.folder.parent) if one.folder != run.folder and one.results is not None
    ]
    return _Read(results, run_figures(results, run.epochs()), beside, _models(run, results), "finished")


def _models(run: Run, results: Results) -> list[BundleInfo]:
    """Installed models with an opinion on classes, but those of this very run."""
    if not getattr(results, "class_names", ()) or getattr(run.config, "kind", "") == "healnet":
        return []
    own = own_bundles(run)
    usable = (one for one in installed() if one.config and one.config.kind != "healnet")
    return [one for one in usable if one.config.sha256[MANIFEST] not in own]


def _pictures(run: Run) -> Mapping[str, ImageItem]:
    return case_pictures(run.cohort.cases)


def _ignore(error: RenalFusionError) -> Any:
    """A cohort that has moved has no thumbnails; its cases are listed all the same."""
