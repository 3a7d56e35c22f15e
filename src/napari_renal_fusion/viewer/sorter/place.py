"""The sorter in the workspace: it opens when something must be sorted, and hands the accepted cases over."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Qt, QTimer

from ...cases import Case, Modality
from ...cases.case_key import Source
from ...cases.names import readable
from ...cases.sorting import Opening
from ..keys import register
from ..training.dock_place import DockPlace
from .accepting import Waiting
from .dock import SorterDock

if TYPE_CHECKING:
    from ..workspace import Workspace

DOCK_NAME = "Sorter"
_SHARE = 0.68
"""Of the window's width; nothing is on the canvas yet when a mess is sorted."""


class SorterPlace(QObject):
    """A part of the workspace; its dock is made when it is first needed."""

    def __init__(self, workspace: Workspace):
        super().__init__(workspace)
        self._workspace: Workspace | None = workspace
        self.dock: SorterDock | None = None
        self._frame: DockPlace | None = None
        self._reader_width = 0
        workspace.sort_wanted.connect(self._offer)
        register(
            workspace, [("Alt-S", "sort the open case's files again, or others", self.sort_again)], "Sorting"
        )

    @property
    def busy(self) -> bool:
        return self.dock is not None and self.dock.busy

    def sort(self, source: Source, why: str = "") -> None:
        """Open the dock on a folder or files."""
        dock = self.bring_to_front()
        if dock is not None:
            dock.start(source, why)

    def sort_again(self) -> None:
        """Sort what the open case came from: new files join it, and what was wrong can be corrected.

        Without a case the dock asks for a folder or files.
        """
        case = self._workspace.case if self._workspace is not None else None
        source = None if case is None else case.folder or tuple(image.path for image in case.images)
        if source:
            self.sort(source)
        else:
            self.bring_to_front()

    def bring_to_front(self) -> SorterDock | None:
        """Show the dock, made when it is first needed."""
        if self._workspace is None:
            return None
        if self.dock is None:
            self.dock = SorterDock(self._workspace.writing)
            self.dock.done.open_button.hide()  # accepted cases are open already
            self.dock.waiting = self._waiting
            self.dock.accepted.connect(self._accepted)
            self.dock.paths_given.connect(self._given)
            self._frame = DockPlace(self.dock, _SHARE)
        first = self._frame.dock is None
        reader = self._workspace.docks._dock_of(self._workspace)
        if reader is not None and (first or not self.dock.isVisible()):
            reader.setWindowTitle("Reader")  # what its tab says
            self._reader_width = reader.width()
        self._workspace.docks.show_part(DOCK_NAME, self.dock, "right")
        if first:
            self._frame.arrange()
        else:
            self._frame.bring_to_front()
        return self.dock

    def shut(self) -> None:
        """Let go of the workspace; safe at any moment, also twice."""
        self._workspace = None
        if self.dock is not None:
            self.dock.shut()

    def _waiting(self, source: Source) -> list[Waiting]:
        """Sorted cases that these images may join: the open one first, then those without electron images."""
        if self._workspace is None:
            return []
        cases = self._workspace.case_list.cases
        ours = [
            case
            for case in cases
            if case.code and case.case_id == case.code and case.folder not in (None, source)
        ]
        open_now = self._workspace.case
        found = [case for case in ours if case is open_now or not case.of(Modality.TEM)]
        found.sort(key=lambda case: case is not open_now)
        return [
            Waiting(
                case.code,
                case.folder,
                f"Case {case.code} ({readable(case.folder.name)})"
                + ("" if case.of(Modality.TEM) else ", awaits electron images"),
            )
            for case in found
        ]

    def _offer(self, opening: Opening) -> None:
        if opening.to_sort is not None:
            self.sort(opening.to_sort, opening.why)

    def _given(self, paths: Sequence[Path]) -> None:
        if self._workspace is not None:
            self._workspace.open_path(paths[0] if len(paths) == 1 else tuple(paths))

    def _accepted(self, cases: tuple[Case, ...], source: Source) -> None:
        """The dock steps back and the cases stand on the worklist; the model is asked about them meanwhile."""
        if self._workspace is None:
            return
        self._workspace.take_over(cases, source if isinstance(source, Path) else None)
        if source != self.dock.source:  # another folder came meanwhile and is being sorted
            return
        if self._frame.dock is not None:
            self._frame.dock.hide()
        self._workspace.bring_to_front()
        QTimer.singleShot(0, self._give_width_back)

    def _give_width_back(self) -> None:
        """The reader was as wide as the sorter; it gets its own width again."""
        if self._workspace is None:
            return
        reader, window = self._workspace.docks._dock_of(self._workspace), self._workspace.docks.window
        if reader is not None and window is not None and self._reader_width:
            window.resizeDocks([reader], [self._reader_width], Qt.Orientation.Horizontal)
