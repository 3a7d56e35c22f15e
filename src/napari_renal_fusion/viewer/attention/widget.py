"""The attention dock as napari's menu opens it: for the workspace of the same window, or alone."""

from __future__ import annotations

import napari.viewer
from qtpy.QtCore import QEvent, QObject, QTimer
from qtpy.QtWidgets import QDockWidget

from ..engine import Engine
from .dock import AttentionDock
from .own_host import OwnHost
from .workspace_host import DOCK_NAME, WorkspaceHost


class AttentionWidget(AttentionDock):
    """With a workspace in the window it is that workspace's dock; else it opens cases and asks models itself."""

    def __init__(self, viewer: napari.viewer.Viewer, engine: Engine | None = None):
        from ..workspace import workspace_of

        own = getattr(viewer, "__wrapped__", viewer)
        workspace = workspace_of(own)
        super().__init__(viewer, OwnHost(own, engine) if workspace is None else WorkspaceHost(workspace))
        if workspace is None:
            self.column.insertWidget(0, self.host.panel)
        else:
            workspace.attention.adopt(self)
        QTimer.singleShot(0, self._arrive)

    @property
    def busy(self) -> bool:
        return super().busy or getattr(self.host, "busy", False)

    def _arrive(self) -> None:
        """Second half of opening, once napari has docked it: a short title, and closing with the window."""
        above = None if self._closed else self.parentWidget()
        while above is not None and not isinstance(above, QDockWidget):
            above = above.parentWidget()
        if above is not None:
            self._window = self.window()
            self._window.installEventFilter(self)
            if hasattr(above, "title"):
                above.title.title.setText(DOCK_NAME)

    def shut(self) -> None:
        window, self._window = getattr(self, "_window", None), None
        if window is not None:
            window.removeEventFilter(self)
        super().shut()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Close and watched is self._window:
            self.shut()
        return False
