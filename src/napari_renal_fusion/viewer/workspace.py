"""The reading workspace: worklist, canvas, board and reader, wired to the model's process."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari.settings import get_settings
from qtpy.QtCore import QEvent, QObject, QTimer, Signal, SignalInstance
from qtpy.QtWidgets import QMainWindow, QVBoxLayout, QWidget

from ..bundles import installed
from ..cases import Case, ImageItem, SlideItem
from ..cases.record import CaseRecord, apply_record, full_record, read_record, write_record
from ..cases.slide_item import keyed_slides
from ..cases.work_folder import WorkFolder
from ..compute.settings import Settings
from ..inputs.selection import keyed_images
from .answer import Answer, import_ahead
from .asking import Asking
from .board import Board
from .canvas import Canvas
from .case_list import CaseList
from .docks import Docks
from .engine import Engine, borrow_engine, return_engine
from .keys import bind_keys, unbind_keys
from .model_runs import ModelRuns
from .parts import make_parts
from .pictures import read_thumbnail, read_thumbnail_of_slide
from .preferences import Preferences
from .reader import Reader
from .stage import Stage
from .theme import dock_style
from .threads import Threads
from .worklist import Worklist

if TYPE_CHECKING:
    import napari

DOCK_NAME = "Renal fusion workspace (Renal Fusion)"
"""The name that napari itself gives the dock when it is opened from a menu."""


def open_workspace(
    viewer: napari.Viewer, path: Path | str | None = None, engine: Engine | None = None
) -> Workspace:
    """Open the workspace in a viewer, or the one that is open there already; show ``path`` if given."""
    workspace = workspace_of(viewer)
    if workspace is None:
        workspace = Workspace(viewer, engine=engine)
        viewer.window.add_dock_widget(workspace, name=DOCK_NAME, area="right", add_vertical_stretch=False)
    if path is not None:
        workspace.open_path(Path(path))
    return workspace


_open: list[Workspace] = []


def workspace_of(viewer: napari.Viewer) -> Workspace | None:
    """The workspace that is open in a viewer."""
    return next((one for one in _open if one.belongs_to(viewer)), None)


def bundles_changed() -> None:
    """A model was installed: every open workspace lists it at once, beside the one in use."""
    for workspace in _open:
        workspace.read_bundles()


class Workspace(QWidget):
    """The reader's dock, which opens and owns everything else; closing it closes the workspace.

    What it can do besides asking the model is in parts (:mod:`.parts`), which follow its signals.
    """

    case_opened = Signal(object)
    """A :class:`Case`: another case is open, or the same one was opened anew."""
    case_changed = Signal(object)
    """A :class:`Case`: the open case is the same, what is known of its images is not."""
    answered = Signal(object)
    """An :class:`Answer`: the model's newest answer about the open case; it may be sealed."""
    image_shown = Signal(str)
    """Key of the image or slide that is now on the canvas."""

    def __init__(self, viewer: napari.viewer.Viewer, engine: Engine | None = None):
        super().__init__()
        # napari hands plugins a proxy; its own object saves a frame inspection at every layer access.
        self._viewer = getattr(viewer, "__wrapped__", viewer)
        self._closed = False
        self._window: QMainWindow | None = None
        self._arrived = self._warm = False
        self._first: tuple[Path | Sequence[Path], str | None] | None = None
        self._unread: dict[str, ImageItem | SlideItem] = {}
        self._borrowed = engine is None
        self.engine = engine or borrow_engine(self)
        self.threads = Threads(parent=self)
        self.writing = Threads(1, parent=self)
        self.preferences = Preferences(self.writing, self)
        self.work = WorkFolder(self.preferences.settings.work_folder or None)
        self.runs = ModelRuns(self.engine, self)
        self.worklist, self.board, self.reader = Worklist(), Board(), Reader()
        self.case_list = CaseList(
            self.worklist, self.runs, self.threads, self.writing, self.preferences, self.work, self
        )
        self.canvas = Canvas(self._viewer, self)
        self.stage = Stage(self.canvas, self.threads, self.runs, self.reader, self.board, self)
        self.docks = Docks(self._viewer, self, self.worklist, self.board)
        self.asking = Asking(self)
        self.parts = make_parts(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.reader)
        self.board.show_nothing("The images of a case stand here.")
        self._connect()
        self._apply_theme()
        self._apply_settings(self.preferences.settings)
        bind_keys(self._viewer, self)
        self._viewer.events.theme.connect(self._apply_theme)
        get_settings().appearance.events.font_size.connect(self._apply_theme)
        _open.append(self)
        QTimer.singleShot(0, self._arrive)

    def sizeHint(self):
        return self.reader.sizeHint()

    def belongs_to(self, viewer: napari.Viewer) -> bool:
        return self._viewer is getattr(viewer, "__wrapped__", viewer)

    @property
    def viewer(self) -> napari.viewer.Viewer:
        """The viewer that the workspace lives in."""
        return self._viewer

    @property
    def case(self) -> Case | None:
        """The case that is open."""
        return self.case_list.case

    @property
    def place(self) -> int:
        """Its place on the worklist, -1 if none is open."""
        return self.case_list.place

    @property
    def answer(self) -> Answer | None:
        """The last answer about the case that is open; None while it is sealed."""
        return self.runs.answer(self.place)

    @property
    def sealed(self) -> bool:
        """Whether nothing of an answer about the open case may be shown yet."""
        return self.reading.sealed

    def open_path(self, path: Path | Sequence[Path], case_id: str | None = None) -> None:
        """Open a case folder, a folder of cases, a table or files, and there the case ``case_id`` or the first."""
        if not self._arrived:  # first the docks, then the images: both at once would make each wait
            self._first = path, case_id
        else:
            self.case_list.open(path, case_id)

    @property
    def sort_wanted(self) -> SignalInstance:
        """An :class:`Opening`: files were pointed at that a person should sort first, or again."""
        return self.case_list.sort_wanted

    def take_over(self, cases: Sequence[Case], source: Path | None = None) -> None:
        """Put sorted cases on the worklist, open the first and ask the model about all of them."""
        self.case_list.take_over(cases, source)

    def change_record(self, change: Callable[[CaseRecord], CaseRecord]) -> None:
        """Change what is known of the open case's images: written at once, then the case follows.

        ``change`` runs in the writing thread on the record as it is stored then, so that quick changes add up.
        """
        case, place, work = self.case, self.place, self.work
        if case is None:
            return

        def write() -> CaseRecord:
            record = change(full_record(case, read_record(case.code, work)))
            write_record(record, work)
            return record

        self.writing.run(
            write,
            lambda record: self._record_changed(place, record),
            lambda error: self.reader.show_message(str(error)),
        )

    def _record_changed(self, place: int, record: CaseRecord) -> None:
        if not (0 <= place < len(self.case_list.cases)) or self.case_list.cases[place].code != record.code:
            return
        case = apply_record(self.case_list.cases[place], record)
        self.case_list.replace(place, case)
        if place == self.place:
            self.stage.follow_case(case)
            self.board.follow_case(case)
            self.case_changed.emit(case)

    def open_sample(self) -> None:
        """Open the synthetic sample patient; it is drawn on first use."""
        self.runs.sample_patient(self.open_path)

    def run(self, choice: dict[str, list[str]] | None = None) -> None:
        """Ask the model about the open case; ``choice`` are image ids by modality that a person ticked."""
        self.asking.run(choice)

    def write_report(self, folder: Path) -> None:
        """Write prediction, overlays and report of the open case into a folder."""
        self.asking.write_report(folder)

    def step_image(self, by: int) -> None:
        """Show the next or previous image of the board."""
        self.stage.step(by)

    def step_case(self, by: int) -> None:
        """Open the next or previous case of those listed."""
        self.worklist.choose(self.worklist.neighbour(by))

    def train(self) -> None:
        """Open the dock "Train a model" on the patients of the worklist."""
        from .training.dock import open_training

        open_training(self._viewer, self.case_list.source if len(self.case_list.cases) > 1 else None)

    def read_bundles(self) -> None:
        """List the installed models anew; the chosen one stays chosen."""
        self.writing.run(
            installed, self._show_bundles, lambda error: self.reader.run.show_message(str(error))
        )

    def bring_to_front(self) -> None:
        """Show the reader where another dock covers it."""
        dock = self.docks._dock_of(self)
        if dock is not None:
            dock.show()
            dock.raise_()

    def toggle_layer_list(self) -> None:
        self.docks.fold(not self.docks.folded)

    def shut(self) -> None:
        """Let go of the viewer, the threads and the model's process; safe at any moment, also twice."""
        if self._closed:
            return
        self._closed = True
        if self in _open:
            _open.remove(self)
        if self._window is not None:
            with contextlib.suppress(RuntimeError):  # Qt has deleted it already
                self._window.removeEventFilter(self)
        self._viewer.events.theme.disconnect(self._apply_theme)
        get_settings().appearance.events.font_size.disconnect(self._apply_theme)
        unbind_keys(self)
        self.runs.forget()
        for part in self.parts.values():
            part.shut()
        self.preferences.close()
        self.canvas.close()
        self.threads.close()
        self.writing.finish()
        self.docks.release()
        self._window = self._viewer = None
        if self._borrowed:
            return_engine(self)
        else:
            self.engine.shutdown()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Close and watched is self._window:
            self.shut()
        return False

    def _arrive(self) -> None:
        """Second half of opening, once napari has docked the reader."""
        if self._closed:
            return
        self._window = self.docks.window
        if self._window is not None:
            self._window.installEventFilter(self)
            self.docks.arrange()
            dock = self.docks._dock_of(self)
            if dock is not None:
                dock.destroyed.connect(self._dock_closed)
        self.docks.afterwards(self._begin)

    def _begin(self) -> None:
        """The docks stand: open what was asked for meanwhile; the model's process comes after its first image."""
        self._arrived = True
        if self._first is None:
            self._warm_up()
        else:
            self.open_path(*self._first)

    def _warm_up(self) -> None:
        """Start the model's process and import what answers need, while the person looks."""
        if self._warm or self._closed:
            return
        self._warm = True
        self.engine.start()
        self.writing.run(import_ahead, lambda _: None, lambda error: self.reader.run.show_message(str(error)))
        self.read_bundles()
        if self.preferences.problem:
            self.reader.run.show_message(self.preferences.problem)

    def _dock_closed(self) -> None:
        """The reader's dock was closed: the workspace goes with it."""
        if not self._closed:
            self.docks.take_down()
            self.shut()

    def _connect(self) -> None:
        worklist, board, reader = self.worklist, self.board, self.reader
        worklist.folder_chosen.connect(self.open_path)
        worklist.sample_wanted.connect(self.open_sample)
        worklist.training_wanted.connect(self.train)
        self.case_list.case_chosen.connect(self._open_case)
        self.case_list.emptied.connect(self.attention.follow)
        self.case_list.failed.connect(self._warm_up)
        board.image_chosen.connect(self.stage.show_image)
        self.stage.shown.connect(self._read_thumbnails)
        self.stage.shown.connect(lambda: self.image_shown.emit(self.stage.key))
        reader.run.bundle_chosen.connect(lambda name: self.preferences.set(bundle=name))
        reader.heat_map.style_changed.connect(lambda style: self.preferences.set(overlay=style))
        reader.heat_map.opacity_changed.connect(self.canvas.set_opacity)
        reader.heat_map.opacity_settled.connect(lambda value: self.preferences.set(overlay_opacity=value))
        self.preferences.changed.connect(self._apply_settings)
        self.asking.connect()

    def _open_case(self, place: int) -> None:
        self.threads.drop()
        case = self.case_list.cases[place]
        self.reader.header.show_case(case)
        self.reader.show_message("")
        self.reader.run.set_case_open(True)
        self.asking.show_running()
        self.board.show_case(case)
        self.stage.show_case(place, case)
        self._unread = {**keyed_images(case), **keyed_slides(case.slides)}
        self.asking.show_answer()
        self.case_opened.emit(case)

    def _read_thumbnails(self) -> None:
        """Start on everything else once the first image is on the canvas, so as not to slow it down."""
        self._warm_up()
        unread, self._unread = self._unread, {}
        for key, item in unread.items():
            read = read_thumbnail_of_slide if isinstance(item, SlideItem) else read_thumbnail
            self.threads.run(
                lambda item=item, read=read: read(item),
                lambda image, key=key: self.board.set_thumbnail(key, image),
                lambda error, key=key: self.board.set_problem(key, str(error)),
            )

    def _show_bundles(self, infos: list) -> None:
        self.reader.run.show_bundles(infos, self.preferences.settings.bundle)

    def _apply_settings(self, settings: Settings) -> None:
        self.reader.heat_map.apply(settings.cam_method, settings.overlay, settings.overlay_opacity)
        self.reader.run.choose_bundle(settings.bundle)
        self.stage.apply(settings)

    def _apply_theme(self, event: object = None) -> None:
        style = dock_style(self._viewer.theme)
        for part in (self, *self.docks.widgets):
            part.setStyleSheet(style)
