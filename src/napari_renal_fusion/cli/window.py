"""Open the workspace in a napari window."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ..errors import RenalFusionError


def has_display() -> bool:
    """Whether a window can be shown; Windows and macOS always say yes."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def open_window(path: Path | None) -> None:
    """Open napari with the workspace and stay until the window closes.

    Raises
    ------
    RenalFusionError
        ``no_display`` or ``no_qt``.
    """
    if not has_display():
        raise RenalFusionError(
            "no_display",
            "There is no display to open a window on",
            remedy="Use `renal-fusion predict`, or log in with a desktop.",
        )
    try:
        import napari
        from qtpy import QtWidgets  # noqa: F401  napari itself imports without a Qt binding
    except ImportError as error:
        raise RenalFusionError(
            "no_qt",
            f"napari's window needs Qt, which is not installed ({error})",
            remedy='Run: pip install "napari-renal-fusion[all]"',
        ) from error
    from ..viewer import open_workspace

    viewer = napari.Viewer(title="Renal fusion (research use only)")
    open_workspace(viewer, path)
    napari.run()
