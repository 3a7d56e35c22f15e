"""The attention dock without a workspace: a case chosen here, a model asked here, its slide as a plain layer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ...bundles import installed
from ...cases.folders import open_cases
from ...errors import RenalFusionError
from ..answer import import_ahead
from ..engine import Engine, borrow_engine, return_engine
from ..fit import fit_layer
from ..model_runs import ModelRuns
from ..preferences import Preferences
from ..run_section import RunSection
from ..slide_layer import add_open_slide, tiles_of
from ..theme import RHYTHM, label
from ..threads import Threads
from .host import Host, ShownSlide

if TYPE_CHECKING:
    import napari
    from napari.layers import Layer

    from ...cases import Case, Cohort, SlideItem
    from ...cases.slide import Slide
    from ..answer import Answer


class OwnHost(Host):
    """Case folder, model and Run in a few rows (:attr:`panel`), and one slide layer that it adds and replaces."""

    def __init__(self, viewer: napari.Viewer, engine: Engine | None = None):
        super().__init__()
        self._viewer = viewer
        self._cases: tuple[Case, ...] = ()
        self._layer: tuple[SlideItem, Layer] | None = None
        self._wanted: SlideItem | None = None
        self.panel = QWidget()
        self._threads = Threads(1, self)
        self._preferences = Preferences(self._threads, self)
        self._borrowed = engine is None
        self.engine = engine or borrow_engine(self)
        self._runs = ModelRuns(self.engine, self)
        self.open_button = QPushButton("Open a case folder…")
        self.cases = QComboBox()
        self.section = RunSection()
        self.message = label("", "warning")
        self._assemble()
        self.engine.start()
        self._threads.run(import_ahead, lambda _: None, self._fail)
        self._threads.run(installed, self._show_bundles, self._fail)

    @property
    def busy(self) -> bool:
        return self._threads.busy or self._runs.running

    @property
    def case(self) -> Case | None:
        index = self.cases.currentIndex()
        return self._cases[index] if 0 <= index < len(self._cases) else None

    @property
    def answer(self) -> Answer | None:
        return self._runs.answer(self.cases.currentIndex())

    @property
    def shown(self) -> ShownSlide | None:
        if self._layer is None or self._layer[1] not in self._viewer.layers:
            return None
        return ShownSlide(*self._layer)

    @property
    def can_run(self) -> bool:
        return self.section.run_button.isEnabled()

    def open_path(self, path: Path) -> None:
        """Open a case folder, a folder of cases or a table."""
        self._tell("")
        self._threads.run(lambda: open_cases(path), self._show_cohort, self._fail, urgent=True)

    def show_slide(self, item: SlideItem) -> None:
        if self.shown is not None and self.shown.item == item:
            self.slide_changed.emit()
            return
        self._wanted = item
        self._threads.run(item.open, lambda slide: self._slide_opened(item, slide), self._fail, urgent=True)

    def run(self) -> None:
        if self.case is None or self.section.bundle is None or self._runs.running:
            return
        settings = self._preferences.settings.model_copy(update={"bundle": self.section.bundle})
        self._runs.run(self.cases.currentIndex(), self.case, settings)

    def close(self) -> None:
        if self.shown is not None:
            tiles_of(self._layer[1]).close()
        self._layer = self._viewer = None
        self._preferences.close()
        self._runs.forget()
        if self._borrowed:
            return_engine(self)
        self._threads.close()

    def _assemble(self) -> None:
        self.cases.hide()
        column = QVBoxLayout(self.panel)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(RHYTHM)
        row = QHBoxLayout()
        row.addWidget(self.open_button)
        row.addWidget(self.cases, 1)
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(self.message)
        column.addWidget(self.section)
        self._tell("")
        self.open_button.clicked.connect(self._choose)
        self.cases.activated.connect(lambda _: self._case_chosen())
        self.section.run_wanted.connect(self.run)
        self.section.cancel_wanted.connect(self._runs.cancel)
        self._runs.started.connect(lambda _: self.section.set_running(True, "Waiting for the model"))
        self._runs.progressed.connect(self.section.progress.report)
        self._runs.ended.connect(lambda: self.section.set_running(False))
        self._runs.answered.connect(lambda _: self.case_changed.emit())
        self._runs.failed.connect(lambda _, error: self.section.show_message(str(error)))

    def _choose(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self.panel, "Folder of a case")
        if chosen:
            self.open_path(Path(chosen))

    def _show_cohort(self, cohort: Cohort) -> None:
        self._runs.forget()
        self._cases = cohort.cases
        self.cases.clear()
        self.cases.addItems([f"Case {case.case_id}" for case in cohort.cases])
        self.cases.setVisible(bool(cohort.cases))
        if not cohort.cases:
            self._tell(cohort.problems[0].message if cohort.problems else "There is no case in this folder.")
        self._case_chosen()

    def _case_chosen(self) -> None:
        case = self.case
        self.section.set_case_open(case is not None)
        self.case_changed.emit()
        if case is not None and case.slides:
            self.show_slide(case.slides[0])

    def _slide_opened(self, item: SlideItem, slide: Slide) -> None:
        if item is not self._wanted or self._viewer is None:
            slide.close()
            return
        if self.shown is not None:
            self._viewer.layers.remove(self._layer[1])
        layer = add_open_slide(self._viewer, slide, item.name)
        self._layer = item, layer
        fit_layer(self._viewer, layer)
        self.slide_changed.emit()

    def _show_bundles(self, infos: list) -> None:
        self.section.show_bundles(infos, self._preferences.settings.bundle)

    def _fail(self, error: RenalFusionError) -> None:
        self._tell(str(error))

    def _tell(self, sentence: str) -> None:
        self.message.setText(sentence)
        self.message.setVisible(bool(sentence))
