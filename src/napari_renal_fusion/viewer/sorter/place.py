"""The sorter in the workspace: it opens when something must be sorted, and hands the accepted cases over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject

from ...cases import Case
from ...cases.case_key import Source
from ...cases.sorting import Opening
from ..training.dock_place import DockPlace
from .dock import SorterDock

if TYPE_CHECKING:
    from ..workspace import Workspace

DOCK_NAME = "Sorter"


class SorterPlace(QObject):
    """A part of the workspace; its dock is made when it is first needed."""

    def __init__(self, workspace: Workspace):
        super().__init__(workspace)
        self._workspace: Workspace | None = workspace
        self.dock: SorterDock | None = None
        self._frame: DockPlace | None = None
        workspace.sort_wanted.connect(self._offer)

    @property
    def busy(self) -> bool:
        return self.dock is not None and self.dock.busy

    def sort(self, source: Source, why: str = "") -> None:
        """Open the dock on a folder or files."""
        if self._workspace is None:
            return
        if self.dock is None:
            self.dock = SorterDock(self._workspace.writing)
            self.dock.accepted.connect(self._accepted)
            self.dock.paths_given.connect(self._given)
            self._frame = DockPlace(self.dock)
        first = self._frame.dock is None
        self._workspace.docks.show_part(DOCK_NAME, self.dock, "right")
        if first:
            self._frame.arrange()
        else:
            self._frame.bring_to_front()
        self.dock.start(source, why)

    def sort_again(self) -> None:
        """Sort what the open case came from: new files join it, and what was wrong can be corrected."""
        workspace = self._workspace
        if workspace is None or workspace.case is None:
            return
        source = workspace.case.folder or tuple(image.path for image in workspace.case.images)
        if source:
            self.sort(source)

    def shut(self) -> None:
        """Let go of the workspace; safe at any moment, also twice."""
        self._workspace = None
        if self.dock is not None:
            self.dock.shut()

    def _offer(self, opening: Opening) -> None:
        if opening.to_sort is not None:
            self.sort(opening.to_sort, opening.why)

    def _given(self, paths: Sequence[object]) -> None:
        if self._workspace is not None:
            self._workspace.open_path(paths[0] if len(paths) == 1 else tuple(paths))

    def _accepted(self, cases: tuple[Case, ...], source: Source) -> None:
        """The dock steps back and the cases stand on the worklist; the model is asked about them meanwhile."""
        if self._workspace is None:
            return
        self._workspace.take_over(cases, source)
        frame = self._frame.dock
        if frame is not None:
            frame.hide()
        self._workspace.bring_to_front()
