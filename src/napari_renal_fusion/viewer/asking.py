"""Asking the model about the open case, and what the reader shows of it: progress, answer, choices, report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject
from qtpy.QtWidgets import QFileDialog

from ..compute.progress import Step
from ..errors import RenalFusionError
from ..explain.explanation import GRADIENT_METHODS
from .theme import colours_of

if TYPE_CHECKING:
    from .workspace import Workspace


class Asking(QObject):
    """Between the reader, the board and :class:`.model_runs.ModelRuns`, for the case that is open."""

    def __init__(self, workspace: Workspace):
        super().__init__(workspace)
        self._workspace = workspace
        self._runs, self._reader, self._board = workspace.runs, workspace.reader, workspace.board
        self._running_place = -1

    def connect(self) -> None:
        """Follow the reader's buttons and the model's runs; the parts of the workspace must stand."""
        reader, runs = self._reader, self._runs
        reader.run.run_wanted.connect(lambda: self.run())
        reader.run.cancel_wanted.connect(self._cancel)
        reader.selection.edit_wanted.connect(self._begin_edit)
        reader.selection.edit_ended.connect(self._end_edit)
        reader.selection.rerun_wanted.connect(self._run_choice)
        reader.heat_map.question_changed.connect(self._ask_question)
        reader.report_wanted.connect(self._ask_for_report)
        runs.started.connect(self._run_started)
        runs.progressed.connect(self._progressed)
        runs.ended.connect(lambda: reader.run.set_running(False))
        runs.answered.connect(self._answered)
        runs.explained.connect(self._explained)
        runs.failed.connect(self._run_failed)

    def run(self, choice: dict[str, list[str]] | None = None) -> None:
        """Ask the model about the open case; ``choice`` are image ids by modality that a person ticked."""
        workspace, bundle = self._workspace, self._reader.run.bundle
        if workspace.case is None or bundle is None or (self._runs.running and not self._runs.waiting):
            return
        if (
            choice is None and workspace.reading.has_answered()
        ):  # one official result per case version and model
            return
        settings = workspace.preferences.settings.model_copy(update={"bundle": bundle})
        self._runs.run(workspace.place, workspace.case, settings, choice)

    def show_answer(self) -> None:
        """Show the answer about the open case, or that there is none that may be shown."""
        answer = self._workspace.answer
        self._workspace.attention.follow()
        if answer is None:
            self._reader.opinion.show_nothing()
            self._reader.selection.show_rule()
            self._reader.show_answer_parts(False)
            return
        self._reader.opinion.show_prediction(answer.prediction, what_if=answer.what_if, number=answer.number)
        self._reader.selection.show_selection(answer.prediction.selection)
        self._board.end_edit()
        self._board.show_selection(answer.prediction.selection)
        self._reader.show_answer_parts(bool(answer.explanations))
        self._reader.report_button.setEnabled(bool(answer.explanations) or answer.attends)
        if answer.explanations:
            self._workspace.stage.show_explanation()

    def _run_started(self, place: int) -> None:
        self._running_place = place
        self.show_running()

    def show_running(self) -> None:
        """The reader shows what is being asked about its case; of the run over many, the worklist shows the rest."""
        mine = self._runs.running and (not self._runs.waiting or self._running_place == self._workspace.place)
        if not mine:
            self._reader.run.set_running(False)
            return
        cases, place = self._workspace.case_list.cases, self._running_place
        whose = f"Case {cases[place].code}: " if 0 <= place < len(cases) else ""
        waiting = (
            "waiting for the model" if self._workspace.engine.is_ready else "starting the model's process"
        )
        self._reader.run.set_running(True, f"{whose}{waiting}")

    def _progressed(self, step: Step) -> None:
        if not self._runs.waiting or self._running_place == self._workspace.place:
            self._reader.run.progress.report(step)

    def _answered(self, place: int) -> None:
        if place == self._workspace.place:
            self.show_answer()
            self._workspace.answered.emit(self._runs.held(place))

    def _explained(self, place: int) -> None:
        if place == self._workspace.place and self._workspace.answer is not None:
            self._reader.show_answer_parts(True)
            self._workspace.stage.show_explanation()

    def _run_failed(self, place: int, error: RenalFusionError) -> None:
        if place in (self._workspace.place, -1):
            self._reader.run.show_message(str(error))

    def _cancel(self) -> None:
        self._reader.run.progress.wait_for_cancel()
        self._runs.cancel()

    def _begin_edit(self) -> None:
        answer = self._runs.answer(self._workspace.place)
        if answer is not None:
            singles = set(answer.prediction.selection.takes_one)
            self._reader.selection.begin_edit(singles)
            self._board.edit(set(answer.prediction.selection.keys), singles)

    def _end_edit(self) -> None:
        self._board.end_edit()
        self.show_answer()

    def _run_choice(self) -> None:
        choice = self._board.choice()
        self._board.end_edit()
        self._reader.selection.end_edit()
        self.run(choice)

    def _ask_question(self, class_index: int, method: str) -> None:
        if method in GRADIENT_METHODS:  # a preference is for every model
            self._workspace.preferences.set(cam_method=method)
        self._runs.explain(self._workspace.place, class_index, method)

    def _ask_for_report(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self._workspace, "Folder for the report")
        if chosen:
            self.write_report(Path(chosen))

    def write_report(self, folder: Path) -> None:
        """Write prediction, overlays and report of the open case into a folder."""
        heat_map = self._reader.heat_map
        self._runs.report(
            self._workspace.place, heat_map.class_index, heat_map.method, folder, self._report_written,
            version=self._workspace.reading.version, what_if=self._workspace.reading.what_if, work_folder=str(self._workspace.work.root),
        )  # fmt: skip

    def _report_written(self, result: dict) -> None:
        self._workspace.reading.note_export("report", [Path(one).name for one in result["files"]])
        pages = [file for file in result["files"] if file.endswith(".html")]
        page = Path((pages or result["files"])[0])
        accent = colours_of(self._reader).accent.name()  # Qt's own link colour cannot be read on a dark theme
        link = f'<a style="color: {accent}" href="{page.as_uri()}">{page.name}</a>'
        self._reader.show_message(f"Report written: {link} in {page.parent}")
