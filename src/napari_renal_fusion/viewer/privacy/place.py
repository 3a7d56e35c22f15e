"""Privacy in the workspace: a quiet link to what is stored where, and the intended use once per user and version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Qt
from qtpy.QtWidgets import QDialog, QPushButton, QVBoxLayout

from ...compute import intended_use
from .intended_use_page import IntendedUsePage
from .stored_page import StoredPage

if TYPE_CHECKING:
    from ..workspace import Workspace


class PrivacyPlace(QObject):
    """Owned by the workspace; adds a link below the worklist."""

    def __init__(self, workspace: Workspace):
        super().__init__(workspace)
        self._workspace: Workspace | None = workspace
        self.window: QDialog | None = None
        self.page: StoredPage | None = None
        self.notice: IntendedUsePage | None = None
        self.link = QPushButton("What is stored where")
        self.link.setProperty("role", "link")
        self.link.setStyleSheet("text-align: left;")
        self.link.setToolTip("Every place where this program keeps something, and how to delete it")
        self.link.clicked.connect(self.show)
        workspace.worklist.column.addWidget(self.link)
        if intended_use.must_be_shown():
            workspace.docks.afterwards(self.show_notice)

    def show(self) -> None:
        """Open the page in a window of its own, or bring it to the front with fresh numbers."""
        workspace = self._workspace
        if workspace is None:
            return
        if self.window is None:
            self.window = QDialog(workspace.window())
            self.window.setWindowTitle("What is stored where")
            self.page = StoredPage(workspace.writing, workspace.work, self._open_code, self.window)
            self.page.work_folder_chosen.connect(lambda folder: workspace.preferences.set(work_folder=folder))
            self.page.purged.connect(lambda _: workspace.case_list.refresh_states())
            column = QVBoxLayout(self.window)
            column.setContentsMargins(0, 0, 0, 0)
            column.addWidget(self.page)
            self.window.resize(720, 640)
        else:
            self.page.refresh()
        self.window.setStyleSheet(workspace.reader.styleSheet())
        self.window.show()
        self.window.raise_()

    def show_notice(self) -> None:
        """Show the intended use; it does not block the window."""
        workspace = self._workspace
        if workspace is None or self.notice is not None:
            return
        self.notice = IntendedUsePage(workspace.window())
        self.notice.setStyleSheet(workspace.reader.styleSheet())
        self.notice.setWindowModality(Qt.WindowModality.NonModal)
        self.notice.read.connect(lambda: workspace.writing.run(intended_use.mark_read, _ignore, _ignore))
        self.notice.finished.connect(self._notice_closed)
        self.notice.destroyed.connect(self._notice_closed)
        self.notice.show()

    def shut(self) -> None:
        self._workspace = None
        for window in (self.window, self.notice):
            if window is not None:
                window.close()
                window.deleteLater()
        self.window = self.notice = self.page = None

    def _open_code(self) -> str:
        case = self._workspace.case if self._workspace is not None else None
        return "" if case is None else case.code

    def _notice_closed(self, *_: object) -> None:
        self.notice = None


def _ignore(_: object) -> None:
    """Whether it was written or not, there is nothing to do."""
