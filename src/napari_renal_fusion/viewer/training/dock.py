"""The dock "Train a model": patients, settings, training, results, and the list of runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import napari.viewer
from qtpy.QtCore import QEvent, QObject, QSize, QTimer
from qtpy.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ...bundles import installed
from ...errors import RenalFusionError
from ...training.check import CohortReport
from ...training.config import TrainingConfig, preset
from ..theme import RHYTHM, label
from ..threads import Threads
from ..turns import Turns
from ..words import RESEARCH_USE
from .dock_place import DockPlace
from .live_run import LiveRun
from .pages import Pages
from .patients_page import PatientsPage
from .plan import install_bundles, needs_another_check, new_run_folder, summary_lines
from .preparing import Preparing
from .results_step import ResultsStep
from .runs_page import RunRow, RunsPage, read_rows, remove_run
from .settings_page import SettingsPage
from .step_bar import StepBar
from .style import page_style
from .training_page import TrainingPage

DOCK_NAME = "Train a model (Renal Fusion)"
"""The name that napari itself gives the dock when it is opened from a menu."""
STEPS = ("1  Patients", "2  Settings", "3  Training", "4  Results", "Runs")
PATIENTS, SETTINGS, TRAINING, RESULTS, RUNS = range(5)

_open: list[TrainingDock] = []


def open_training(viewer: napari.viewer.Viewer, cohort: Path | str | None = None) -> TrainingDock:
    """Open the dock in a viewer, or bring the one to the front that is open there; choose ``cohort``."""
    dock = next((one for one in _open if one.belongs_to(viewer)), None)
    if dock is None:
        dock = TrainingDock(viewer)
        viewer.window.add_dock_widget(dock, name=DOCK_NAME, area="right", add_vertical_stretch=False)
    else:
        dock.place.bring_to_front()
    if cohort is not None:
        dock.choose_cohort(Path(cohort))
    return dock


class TrainingDock(QWidget):
    """Wires the pages to the child that checks and starts, and to the folder of the run that is shown."""

    def __init__(self, viewer: napari.viewer.Viewer, command: list[str] | None = None):
        super().__init__()
        self._viewer = getattr(viewer, "__wrapped__", viewer)
        self._closed = self._arrived = False
        self._window = None
        self._checked_with: TrainingConfig | None = None
        self.preparing = Preparing(command, self._prepared, self)
        self.threads, self.reading = Threads(1, self), Threads(1, self)
        self.live = LiveRun(self.reading, self)
        self._turns = Turns(self)
        self.place = DockPlace(self)
        self.steps = StepBar(STEPS)
        makers = (PatientsPage, SettingsPage, lambda: TrainingPage(self.live), ResultsStep, RunsPage)
        self.pages = Pages(makers, self._connect)
        self.pages.place(PATIENTS)
        column = QVBoxLayout(self)
        column.setContentsMargins(RHYTHM, RHYTHM // 2, RHYTHM, RHYTHM)
        column.setSpacing(RHYTHM + RHYTHM // 2)
        column.addWidget(self.steps)
        column.addWidget(self.pages, 1)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(label(RESEARCH_USE, "secondary", wrap=False))
        column.addLayout(foot)
        self.steps.chosen.connect(self.go)
        self.live.state_changed.connect(self._state_changed)
        self.live.failed.connect(self._training_problem)
        self._apply_theme()
        self._show_steps()
        self._viewer.events.theme.connect(self._apply_theme)
        _open.append(self)
        QTimer.singleShot(0, self._arrive)

    def sizeHint(self) -> QSize:
        return QSize(640, 640)

    def minimumSizeHint(self) -> QSize:
        return QSize(480, 420)

    def belongs_to(self, viewer: napari.viewer.Viewer) -> bool:
        return self._viewer is getattr(viewer, "__wrapped__", viewer)

    @property
    def busy(self) -> bool:
        """Whether something is under way that this window waits for; a training is not."""
        return not self._arrived or self._turns.busy or self.preparing.busy or self.threads.busy

    @property
    def patients(self) -> PatientsPage:
        return self.pages.page(PATIENTS)

    @property
    def settings(self) -> SettingsPage:
        return self.pages.page(SETTINGS)

    @property
    def training(self) -> TrainingPage:
        return self.pages.page(TRAINING)

    @property
    def results(self) -> ResultsStep:
        return self.pages.page(RESULTS)

    @property
    def runs(self) -> RunsPage:
        return self.pages.page(RUNS)

    def go(self, step: int) -> None:
        """Show one of the pages."""
        self.steps.show_step(step)
        self.pages.show_step(step)
        if step == TRAINING:
            self._show_summary()
        elif step == RESULTS:
            self._show_results()
        elif step == RUNS:
            self.refresh_runs()

    def choose_cohort(self, path: Path) -> None:
        """Choose a folder of patients or a table; nothing is read before Check."""
        self.patients.show_cohort(path)
        self._show_steps()

    def check(self) -> None:
        """Check the chosen cohort in the child."""
        if self.patients.path is None or self.preparing.busy:
            return
        config = self.settings.config or preset(self.settings.preset)
        page = self.patients
        page.set_running(True, "Checking the patients")
        self.preparing.check(
            page.path, config, lambda result: self._checked(result, config), page.show_problem,
            page.progress.report,
        )  # fmt: skip

    def start(self) -> None:
        """Create the run and start its process, both in the child."""
        config, page = self.settings.config, self.training
        if config is None or self.patients.forbidden or self.preparing.busy:
            return
        page.set_preparing(True, "Preparing the run")
        folder, report = new_run_folder(config.name), page.preparing.report
        self.preparing.start(
            self.patients.path, config, folder, self._started, self._training_problem, report
        )

    def stop(self) -> None:
        """Ask the run to stop; it ends after the step under way."""
        folder = self.live.folder
        if folder is not None:
            self.training.set_stopping()
            self.threads.run(lambda: _open_run(folder).request_stop(), lambda _: None, self._training_problem)

    def resume(self, folder: Path | None = None) -> None:
        """Start a stopped run's process again."""
        folder = folder or self.live.folder
        if folder is None or self.preparing.busy:
            return
        self.training.set_preparing(True, "Starting again")
        self.preparing.resume(folder, self._started, self._training_problem)

    def follow(self, folder: Path) -> None:
        """Show a run, whoever started it."""
        if folder != self.live.folder:
            self.live.follow(folder)
        self._show_steps()

    def refresh_runs(self) -> None:
        self.threads.run(read_rows, self.runs.show_rows, lambda error: self.runs.show_problem(str(error)))

    def use_model(self) -> None:
        """Install the bundles of the run that is shown and tell every open workspace."""
        run = self.results.run
        if run is None or run.bundle is None:
            return
        self.results.use_button.setEnabled(False)
        self.threads.run(
            lambda: install_bundles(run), self._installed, lambda error: self.results.say(str(error), "error")
        )

    def shut(self) -> None:
        """Let go of viewer, threads and child; a training goes on. Safe at any moment, also twice."""
        if self._closed:
            return
        self._closed = True
        if self in _open:
            _open.remove(self)
        if self._window is not None:
            self._window.removeEventFilter(self)
        self._viewer.events.theme.disconnect(self._apply_theme)
        self._turns.drop()
        self.live.stop()
        if self.pages.has(RESULTS):
            self.results.page.shut()
        self.preparing.engine.shutdown()
        self.threads.close()
        self.reading.close()
        self._window = self._viewer = None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Close and watched is self._window:
            self.shut()
        return False

    def _connect(self, step: int, page: QWidget) -> None:
        """Wire a page that has just been made."""
        if step == PATIENTS:
            page.cohort_chosen.connect(self.choose_cohort)
            page.check_wanted.connect(self.check)
            page.cancel_wanted.connect(self._cancel)
            page.next_wanted.connect(lambda: self.go(SETTINGS))
        elif step == SETTINGS:
            page.next_wanted.connect(self._to_new_training)
            page.changed.connect(self._show_steps)
        elif step == TRAINING:
            page.start_wanted.connect(self.start)
            page.cancel_wanted.connect(self._cancel)
            page.stop_wanted.connect(self.stop)
            page.resume_wanted.connect(lambda: self.resume())
            page.new_wanted.connect(self._begin_anew)
            page.results_wanted.connect(lambda: self.go(RESULTS))
            self._show_summary()
        elif step == RESULTS:
            page.use_wanted.connect(self.use_model)
            page.workspace_wanted.connect(lambda: self._open_workspace())
            page.page.case_opened.connect(self.open_case)
        else:
            page.open_wanted.connect(self._open_row)
            page.resume_wanted.connect(self._resume_row)
            page.settings_wanted.connect(self._use_settings)
            page.remove_wanted.connect(self._remove_row)

    def _arrive(self) -> None:
        """Second half of opening, once napari has docked the page."""
        if self._closed:
            return
        self._arrived = True
        for step in (SETTINGS, TRAINING, RESULTS, RUNS):
            self._turns.add(lambda step=step: self.pages.page(step), lambda step=step: self.pages.place(step))
        self._window = self.place.window
        if self._window is not None:
            self._window.installEventFilter(self)
            self.place.arrange()
            if self.place.dock is not None:
                self.place.dock.destroyed.connect(self.shut)
        self._read_bundles()
        self.threads.run(
            read_rows,
            lambda rows: self._turns.add(lambda: self.runs.show_rows(rows), lambda: self._find_running(rows)),
            lambda error: self.runs.show_problem(str(error)),
        )

    def _read_bundles(self) -> None:
        self.threads.run(
            installed,
            lambda infos: self._turns.add(lambda: self.settings.show_bundles(infos)),
            lambda error: None,
        )

    def _find_running(self, rows: list[RunRow]) -> None:
        """A training that was started before this window was opened is shown at once."""
        running = next((one for one in rows if one.state == "running"), None)
        if running is not None and self.live.folder is None and self.patients.path is None:
            self.follow(running.folder)
            self.go(TRAINING)

    def _prepared(self) -> None:
        """The child has answered, whatever it said."""
        self.patients.set_running(False)
        self.training.set_preparing(False)
        self._show_summary()

    def _cancel(self) -> None:
        if self.preparing.busy:
            self.patients.progress.wait_for_cancel()
            self.training.preparing.wait_for_cancel()
            self.preparing.cancel()

    def _checked(self, result: dict[str, Any], config: TrainingConfig) -> None:
        self._checked_with = config
        report = CohortReport.model_validate(result["report"])
        self.patients.show_report(report)
        if len(report.class_counts) >= 2:
            self.settings.set_classes(len(report.class_counts))
        self._show_steps()

    def _started(self, result: dict[str, Any]) -> None:
        folder = Path(result["folder"])
        self.live.follow(folder)
        self.go(TRAINING)
        self._show_steps()

    def _training_problem(self, error: RenalFusionError) -> None:
        self.training.show_problem(str(error))

    def _state_changed(self, state: str) -> None:
        self._show_steps()
        if state == "finished" and self.pages.currentIndex() == RESULTS:
            self._show_results()

    def _to_new_training(self) -> None:
        if self.live.folder is not None and self.live.state != "running":
            self.live.follow(None)
        self.go(TRAINING)
        config, before = self.settings.config, self._checked_with
        if config and before and self.patients.report and needs_another_check(before, config):
            self.check()
            self._show_summary()

    def _begin_anew(self) -> None:
        self.live.follow(None)
        self.go(PATIENTS)
        self._show_steps()

    def _show_steps(self) -> None:
        running = self.live.state == "finished"
        self.steps.set_open(RESULTS, running, "There are results when a training is finished.")
        self._show_summary()

    def _show_summary(self) -> None:
        if not self.pages.has(TRAINING):
            return  # it is shown when it is made
        config = self.settings.config
        forbidden = self.patients.forbidden
        if self.patients.checking:
            forbidden = "Checking the patients with these settings…"
        if not forbidden and config is None:
            forbidden = "Correct the settings first."
        changes = len(self.settings.form.changes)
        lines = summary_lines(self.patients.path, self.patients.report, config, changes)
        self.training.show_summary(lines, forbidden)

    def _show_results(self) -> None:
        folder = self.live.folder
        if folder is None or (self.results.run is not None and self.results.run.folder == folder):
            return
        self.threads.run(
            lambda: _open_run(folder), self.results.show_run,
            lambda error: self.results.say(str(error), "error"),
        )  # fmt: skip

    def _installed(self, result: tuple[list[str], str]) -> None:
        from ..workspace import bundles_changed

        self.results.set_installed(*result)
        self._read_bundles()
        bundles_changed()

    def open_case(self, case_id: str) -> None:
        """Open a patient of the run's cohort in the workspace."""
        run = self.results.run
        table = None if run is None else run.table
        self._open_workspace(table if table is not None and table.is_file() else self.patients.path, case_id)

    def _open_workspace(self, path: Path | None = None, case_id: str | None = None) -> None:
        from ..workspace import open_workspace

        workspace = open_workspace(self._viewer)
        if path is not None:
            workspace.open_path(path, case_id)
        QTimer.singleShot(0, workspace.bring_to_front)

    def _open_row(self, row: RunRow) -> None:
        self.follow(row.folder)
        if row.state == "finished":
            self.live.look()
            self.go(RESULTS)
        else:
            self.go(TRAINING)

    def _resume_row(self, row: RunRow) -> None:
        self.follow(row.folder)
        self.go(TRAINING)
        self.resume(row.folder)

    def _use_settings(self, row: RunRow) -> None:
        def show(config) -> None:
            if getattr(config, "kind", "") == "healnet":
                self.runs.show_problem(
                    "A HEALNet on omics and slides is set up with `renal-fusion train --preset healnet`."
                )
                return
            self.settings.show_config(config)
            self.go(SETTINGS)

        self.threads.run(
            lambda: _open_run(row.folder).config, show, lambda error: self.runs.show_problem(str(error))
        )

    def _remove_row(self, row: RunRow) -> None:
        if not self.runs.ask_to_remove(row):
            return
        if self.live.folder == row.folder:
            self.live.follow(None)
        self.runs.show_problem("")
        self.results.page.compare.beside.forget(row.folder)
        self.threads.run(
            lambda: remove_run(row.folder),
            lambda _: self.refresh_runs(),
            lambda error: self.runs.show_problem(str(error)),
        )

    def _apply_theme(self, event: object = None) -> None:
        self.setStyleSheet(page_style(self._viewer.theme))


def _open_run(folder: Path):
    from ...training.run import Run

    return Run.open(folder)
