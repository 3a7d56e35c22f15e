"""The attention dock beside a reading workspace: it comes when a case has slides or omics, and goes when it has not."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject
from qtpy.QtWidgets import QDockWidget

from .host import Host, ShownSlide

if TYPE_CHECKING:
    from ...cases import Case, SlideItem
    from ..answer import Answer
    from ..workspace import Workspace
    from .dock import AttentionDock

DOCK_NAME = "Attention"


class WorkspaceHost(Host):
    """Case, answer, canvas and engine of a workspace."""

    def __init__(self, workspace: Workspace):
        super().__init__()
        self._workspace: Workspace | None = workspace
        self.engine = workspace.engine
        workspace.stage.slide_changed.connect(self.slide_changed)

    @property
    def case(self) -> Case | None:
        return self._workspace.case if self._workspace is not None else None

    @property
    def answer(self) -> Answer | None:
        return self._workspace.answer if self._workspace is not None else None

    @property
    def shown(self) -> ShownSlide | None:
        found = self._workspace.stage.shown_slide if self._workspace is not None else None
        return None if found is None else ShownSlide(found[1], found[2])

    @property
    def can_run(self) -> bool:
        return self._workspace is not None and self._workspace.reader.run.run_button.isEnabled()

    def show_slide(self, item: SlideItem) -> None:
        key = self._workspace.stage.key_of_slide(item)
        if key is not None:
            self._workspace.stage.show_image(key)

    def run(self) -> None:
        self._workspace.run()

    def close(self) -> None:
        workspace, self._workspace = self._workspace, None
        if workspace is not None:
            with contextlib.suppress(RuntimeError, TypeError):  # the workspace may be gone already
                workspace.stage.slide_changed.disconnect(self.slide_changed)


class AttentionPlace(QObject):
    """Owned by the workspace; makes the dock when it is first needed, as a tab behind the reader."""

    def __init__(self, workspace: Workspace):
        super().__init__(workspace)
        self._workspace: Workspace | None = workspace
        self.dock: AttentionDock | None = None
        self._closed_for: object = None

    @property
    def busy(self) -> bool:
        return self.dock is not None and self.dock.busy

    def follow(self) -> None:
        """Another case or answer: show the dock, fill it, or put it away."""
        case = self._workspace.case
        wanted = case is not None and (bool(case.slides) or case.omics is not None)
        if self.dock is None:
            # A person who closed it does not want it back for the same case.
            if wanted and self._closed_for is not case:
                self._workspace.docks.afterwards(self._open)
            return
        frame = self._frame
        if frame is not None and frame.isVisible() != wanted and not (wanted and self._closed_for is case):
            frame.setVisible(wanted)
        self.dock.host.case_changed.emit()

    def bring_to_front(self) -> None:
        """Show the dock where another one covers it, also if it was closed."""
        self._closed_for = None
        if self.dock is None:
            self._open()
        frame = self._frame
        if frame is not None:
            frame.show()
            frame.raise_()

    def adopt(self, dock: AttentionDock) -> None:
        """A dock that was opened from the menu takes the place of ours."""
        self.take_down()
        self.dock = dock
        dock.closed.connect(self._gone)
        self._workspace.canvas.guests["attention"] = lambda: dock.layers.all

    def take_down(self) -> None:
        """Remove the dock; safe at any moment."""
        dock, frame, self.dock = self.dock, self._frame, None
        if dock is None:
            return
        self._workspace.canvas.guests.pop("attention", None)
        dock.shut()
        with contextlib.suppress(RuntimeError, LookupError):  # the window is going, and its docks with it
            if frame is not None:
                self._workspace._viewer.window.remove_dock_widget(dock)

    def shut(self) -> None:
        self.take_down()
        self._workspace = None

    @property
    def _frame(self) -> QDockWidget | None:
        above = self.dock.parentWidget() if self.dock is not None else None
        while above is not None and not isinstance(above, QDockWidget):
            above = above.parentWidget()
        return above

    def _open(self) -> None:
        from .dock import AttentionDock

        workspace = self._workspace
        if workspace is None or self.dock is not None:
            return
        dock = AttentionDock(workspace._viewer, WorkspaceHost(workspace))
        workspace._viewer.window.add_dock_widget(
            dock, name=DOCK_NAME, area="right", add_vertical_stretch=False, tabify=True
        )
        self.adopt(dock)
        reader = workspace.docks._dock_of(workspace)
        if reader is not None:
            reader.setWindowTitle("Reader")  # what its tab says
        workspace.bring_to_front()  # the reader stays in front until the person asks for the attention

    def _gone(self) -> None:
        """The person closed the dock."""
        if self.dock is not None and self._workspace is not None:
            self.dock, self._closed_for = None, self._workspace.case
            self._workspace.canvas.guests.pop("attention", None)
