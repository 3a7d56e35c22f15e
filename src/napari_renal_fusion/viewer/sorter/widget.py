"""The sorter as napari's menu opens it: it works alone, and hands its cases to a workspace when asked."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

import napari.viewer
from qtpy.QtCore import QEvent, QObject, QTimer
from qtpy.QtWidgets import QMainWindow

from ...cases.case_key import Source
from ..theme import dock_style
from ..training.dock_place import DockPlace
from .dock import SorterDock

DOCK_NAME = "Sorter"


class SorterWidget(SorterDock):
    """Alone it sorts what is dropped on it, and offers to open the case in a workspace once it is accepted."""

    def __init__(self, viewer: napari.viewer.Viewer):
        super().__init__()
        self._viewer = getattr(viewer, "__wrapped__", viewer)
        self._window: QMainWindow | None = None
        self._place = DockPlace(self)
        self.paths_given.connect(self._sort)
        self.done.open_wanted.connect(self._open_workspace)
        self._apply_theme()
        self._viewer.events.theme.connect(self._apply_theme)
        QTimer.singleShot(0, self._arrive)

    def _sort(self, paths: Sequence[Path]) -> None:
        source: Source = paths[0] if len(paths) == 1 and paths[0].is_dir() else tuple(paths)
        self.start(source)

    def _open_workspace(self) -> None:
        """Cases go onto the worklist of the workspace in this window, or of one that opens now."""
        from ..workspace import open_workspace, workspace_of

        if self._viewer is None or self.source is None:
            return
        workspace = workspace_of(self._viewer)
        if workspace is None:
            open_workspace(self._viewer).open_path(self.source)
        else:
            workspace.take_over(self.done.cases, self.source if isinstance(self.source, Path) else None)
            workspace.bring_to_front()

    def _arrive(self) -> None:
        """Second half of opening, once napari has docked it: a short title, its size, closing with the window."""
        dock = self._place.dock if self._viewer is not None else None
        if dock is None:
            return
        self._window = self._place.window
        if self._window is not None:
            self._window.installEventFilter(self)
        if hasattr(dock, "title"):
            dock.title.title.setText(DOCK_NAME)
        dock.destroyed.connect(self.shut)
        self._place.arrange()

    def shut(self) -> None:
        viewer, self._viewer = self._viewer, None
        if viewer is None:
            return
        viewer.events.theme.disconnect(self._apply_theme)
        window, self._window = self._window, None
        if window is not None:
            with contextlib.suppress(RuntimeError):  # the window is gone already
                window.removeEventFilter(self)
        super().shut()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Close and watched is self._window:
            self.shut()
        return False

    def _apply_theme(self, event: object = None) -> None:
        self.setStyleSheet(dock_style(self._viewer.theme))
