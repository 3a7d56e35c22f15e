"""The panel beside a reading workspace: a dock behind the board, filled when it is looked at."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer

from ...cases import Case, Modality
from ...cases.record import CaseRecord, read_record
from ...errors import RenalFusionError
from ...inputs.selection import keyed_images
from ..keys import register
from ..threads import Threads
from .display import DisplayRange
from .dock import TITLE, PanelDock
from .grid import places
from .readings import Reading, readings_of, stored
from .session import PanelSession, read_session, write_session
from .small import SmallPicture, read_small

if TYPE_CHECKING:
    from ..workspace import Workspace

KEY = "Alt-J"
_KEEP_MS = 400
"""How long a display range rests before it is written."""


class PanelPlace(QObject):
    """Follows the open case: what is graded goes into its record, what is looked at comes from the canvas."""

    def __init__(self, workspace: Workspace):
        super().__init__(workspace)
        self._workspace: Workspace | None = workspace
        self.dock = PanelDock()
        self._reading = Threads(2, self)
        self._case: Case | None = None
        self._laid_out: list[tuple[str, str]] = []
        self._unread: list[str] = []
        self._edits = 0
        self._seen = self._watched = False
        self._keep = QTimer(self)
        self._keep.setSingleShot(True)
        self._keep.setInterval(_KEEP_MS)
        self._keep.timeout.connect(self._keep_display)
        self.dock.reading_changed.connect(self._store)
        self.dock.display_changed.connect(self._display_changed)
        self.dock.shown_wanted.connect(lambda key: workspace.stage.show_image(key))
        workspace.case_opened.connect(self._case_opened)
        workspace.case_changed.connect(self._case_changed)
        workspace.image_shown.connect(self.dock.set_on_canvas)
        register(workspace, [(KEY, "antibodies side by side, to grade", self.bring_to_front)], TITLE)

    @property
    def busy(self) -> bool:
        return self._reading.busy

    def bring_to_front(self) -> None:
        """Show the panel where the board covers it, and give the keyboard to the antibody in hand."""
        if self._workspace is not None:
            self._workspace.docks.show_part(TITLE, self.dock, "bottom")
            self._watch()
            self._looked_at(True)
            self.dock.take_focus()

    def shut(self) -> None:
        if self._workspace is None:
            return
        if self._keep.isActive():
            self._keep.stop()
            self._keep_display()
        self._reading.close()
        self._workspace = None

    def _watch(self) -> None:
        """From now on follow whether the dock is looked at: a tab behind another one reads nothing."""
        frame = self._workspace.docks._dock_of(self.dock) if self._workspace is not None else None
        if frame is not None and not self._watched:
            self._watched = True
            frame.visibilityChanged.connect(self._looked_at)

    def _looked_at(self, there: bool) -> None:
        self._seen = there
        if there:
            self._read_pictures()

    def _case_opened(self, case: Case) -> None:
        if self._keep.isActive():  # of the case before
            self._keep.stop()
            self._keep_display()
        self._case = case
        self._lay_out(case)
        self._show_on_canvas(DisplayRange())
        self._follow_record(with_session=True)
        if case.of(Modality.IM) and self.dock.parentWidget() is None:
            self._workspace.docks.afterwards(self._stand_behind)

    def _stand_behind(self) -> None:
        """Dock the panel as a tab; the board stays in front until the person asks for the panel."""
        if self._workspace is None or self.dock.parentWidget() is not None:
            return
        self._workspace.docks.show_part(TITLE, self.dock, "bottom")
        # Qt puts a new tab in front when it lays the tabs out, so the board is raised a turn later.
        self._workspace.docks.afterwards(self._raise_board)

    def _raise_board(self) -> None:
        board = self._workspace.docks._dock_of(self._workspace.board) if self._workspace is not None else None
        if board is not None:
            board.raise_()
            self._workspace.docks.afterwards(self._watch)

    def _case_changed(self, case: Case) -> None:
        """The case is the same: new names or images make the grid anew, grades by others are taken over."""
        self._case = case
        if places(case) != self._laid_out:
            display, book = self.dock.display, self.dock.book
            self._lay_out(case, display)
            self.dock.show_readings({key: book[key] for key in self.dock.grid.keys})
        self._follow_record()

    def _lay_out(self, case: Case, display: DisplayRange | None = None) -> None:
        self._reading.drop()
        self._laid_out = places(case)
        self.dock.show_case(case, display)
        self._unread = list(self.dock.grid.keys)
        self._read_pictures()

    def _read_pictures(self) -> None:
        """Read what nobody has read yet, in threads."""
        if self._case is None or not self._seen:
            return
        items = keyed_images(self._case)
        wanted, self._unread = self._unread, []
        for key in wanted:
            self._reading.run(
                partial(read_small, items[key]),
                partial(self._picture_read, self._case.code, key),
                lambda error, key=key: self.dock.set_problem(key, str(error)),
            )

    def _picture_read(self, code: str, key: str, small: SmallPicture) -> None:
        if self._case is not None and self._case.code == code:
            before = self.dock.white
            self.dock.set_picture(key, small)
            if self.dock.white != before:
                self._show_on_canvas(self.dock.display)

    def _follow_record(self, with_session: bool = False) -> None:
        """Take over what is stored, unless the person goes on grading meanwhile."""
        code, work, edits = self._case.code, self._workspace.work, self._edits

        def read() -> tuple[CaseRecord | None, PanelSession]:
            return read_record(code, work), read_session(work.case(code))

        def show(found: tuple[CaseRecord | None, PanelSession]) -> None:
            record, session = found
            if self._case is None or self._case.code != code:
                return
            if record is not None and edits == self._edits:
                self.dock.show_readings(readings_of(record))
            if with_session:
                self.dock.show_display(session.display)
                self._show_on_canvas(session.display)

        # In the thread that writes records, hence after everything that was changed before.
        self._workspace.writing.run(read, show, self._complain)

    def _store(self, key: str, reading: Reading) -> None:
        self._edits += 1
        self._workspace.change_record(lambda record: stored(record, key, reading))

    def _display_changed(self, display: DisplayRange) -> None:
        self._show_on_canvas(display)
        self._keep.start()

    def _show_on_canvas(self, display: DisplayRange) -> None:
        if self._workspace is not None:
            white = self.dock.white
            note = "" if display.as_stored else f"Display {display.text(white)}"
            self._workspace.canvas.set_display(Modality.IM, display.low, display.high, white, note)

    def _keep_display(self) -> None:
        if self._workspace is None or self._case is None or not self._case.code:
            return
        folder, display = self._workspace.work.case(self._case.code), self.dock.display
        self._workspace.writing.run(lambda: write_session(folder, display), lambda _: None, self._complain)

    def _complain(self, error: RenalFusionError) -> None:
        if self._workspace is not None:
            self._workspace.reader.show_message(str(error))
