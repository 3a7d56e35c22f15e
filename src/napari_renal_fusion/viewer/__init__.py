"""Everything that imports napari, magicgui or Qt.

Nothing heavy is imported here: ``viewer.engine_child`` runs in a process without napari and without Qt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import napari

    from .workspace import Workspace

__all__ = ["open_workspace"]


def open_workspace(viewer: napari.Viewer, path: Path | str | None = None) -> Workspace:
    """Open the reading workspace in a napari viewer, on a case or a folder of cases if ``path`` is given."""
    from .workspace import open_workspace

    return open_workspace(viewer, path)
