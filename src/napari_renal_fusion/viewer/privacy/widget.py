"""The page "What is stored where" from napari's menus, without the workspace."""

from __future__ import annotations

from qtpy.QtWidgets import QWidget

from ...cases.work_folder import WorkFolder
from ...compute.settings import load_settings, save_settings
from ..threads import Threads
from .stored_page import StoredPage


class StoredWidget(StoredPage):
    """The page with a thread of its own; a change of the work folder is written at once."""

    def __init__(self, parent: QWidget | None = None):
        self._own = Threads(1)
        super().__init__(self._own, WorkFolder(), parent=parent)
        self.work_folder_chosen.connect(self._save)
        self.destroyed.connect(self._own.close)

    def _save(self, folder: str) -> None:
        def save() -> None:
            save_settings(load_settings().model_copy(update={"work_folder": folder}))

        self._own.run(save, lambda _: None, self._fail)
