"""Settings in one place: ``settings.toml``, the forms of our docks, and napari's Preferences page."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from qtpy.QtCore import QObject, Signal

from ..compute.settings import Settings, load_settings, save_settings, settings_path
from ..errors import RenalFusionError
from .threads import Threads

if TYPE_CHECKING:
    from napari.utils.events import EventedModel

_log = logging.getLogger(__name__)

PLUGIN = "napari-renal-fusion"
CATEGORY = "reading"
"""Key of our page under ``contributions.configurations`` in ``napari.yaml``."""


class Preferences(QObject):
    """The settings as docks see them; a change from any side reaches the others.

    ``settings.toml`` is the truth. If napari's own file is newer, a person used the Preferences page
    while none of our docks was open, and that page wins.
    """

    changed = Signal(object)

    def __init__(self, threads: Threads, parent: QObject | None = None):
        super().__init__(parent)
        self._threads = threads
        self._mirroring = False
        self.problem = ""
        try:
            self.settings = load_settings()
        except RenalFusionError as error:
            self.settings, self.problem = Settings(), str(error)
        self._page, newer = _napari_page()
        if self._page is not None:
            if newer:
                self._take_over_page()
            else:
                self._mirror()
            self._page.events.connect(self._page_changed)

    def set(self, **changes: Any) -> None:
        """Change settings by field name, write them, and tell everybody."""
        new = self.settings.model_copy()
        for name, value in changes.items():
            setattr(new, name, value)
        if new == self.settings:
            return
        self.settings = new
        self._write()
        self._mirror()
        self.changed.emit(new)

    def close(self) -> None:
        if self._page is not None:
            self._page.events.disconnect(self._page_changed)
            self._page = None

    def _write(self) -> None:
        new = self.settings
        # The file is flushed to the disk, which may take longer than a frame.
        self._threads.run(lambda: save_settings(new), lambda _: None, lambda error: _log.warning("%s", error))

    def _mirror(self) -> None:
        if self._page is None:
            return
        self._mirroring = True
        try:
            for name in Settings.model_fields:
                if getattr(self._page, name) != getattr(self.settings, name):
                    setattr(self._page, name, getattr(self.settings, name))
        finally:
            self._mirroring = False

    def _page_changed(self, *_: object) -> None:
        if not self._mirroring:
            self._take_over_page()

    def _take_over_page(self) -> None:
        assert self._page is not None
        try:
            self.set(**{name: getattr(self._page, name) for name in Settings.model_fields})
        except ValidationError as error:
            _log.warning("a preference was not taken over: %s", error)


def _napari_page() -> tuple[EventedModel | None, bool]:
    """Our page of napari's Preferences, and whether its file is newer than ours."""
    from napari.settings import get_plugin_settings

    try:
        plugin = get_plugin_settings(PLUGIN)
    except KeyError:  # napari runs without this plugin being registered (a notebook, a test)
        return None, False
    file, ours = plugin.config_path, settings_path()
    newer = (
        file is not None and file.exists() and ours.exists() and file.stat().st_mtime > ours.stat().st_mtime
    )
    if file is not None and file.exists() and not ours.exists():
        newer = True
    return getattr(plugin, CATEGORY), newer
