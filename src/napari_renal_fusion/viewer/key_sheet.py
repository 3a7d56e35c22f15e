"""The sheet of all keys, over the window, on ``?``."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeyEvent, QShowEvent
from qtpy.QtWidgets import (
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from .keys import KeyRow, table_of
from .theme import RHYTHM, label

if TYPE_CHECKING:
    from .workspace import Workspace


class KeySheet(QDialog):
    """Closes with ``?``, Esc, or a click elsewhere on the window's frame."""

    def __init__(self, rows: list[KeyRow], parent: QWidget, style: str):
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self.setStyleSheet(style)
        groups = [
            (name, list(some))
            for name, some in groupby(sorted(rows, key=lambda one: _order(rows, one)), lambda one: one.group)
        ]
        pages = QWidget()
        columns = QHBoxLayout(pages)
        columns.setContentsMargins(2 * RHYTHM, 2 * RHYTHM, 2 * RHYTHM, 2 * RHYTHM)
        columns.setSpacing(4 * RHYTHM)
        for some in _in_columns(groups, parent.height() // 26):
            column = QVBoxLayout()
            column.setSpacing(2 * RHYTHM)
            for name, lines in some:
                column.addLayout(_group(name, lines))
            column.addStretch(1)
            columns.addLayout(column)
        self._pages = pages
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(pages)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scroll)

    def showEvent(self, event: QShowEvent) -> None:
        # Only now the style sheet has given every label its size.
        for one in self._pages.findChildren(QLabel):
            one.ensurePolished()
        self._pages.layout().invalidate()
        wanted, room = self._pages.sizeHint(), self.parentWidget().size()
        self.resize(
            min(wanted.width() + 20, room.width() - 40), min(wanted.height() + 20, room.height() - 40)
        )
        super().showEvent(event)

    @classmethod
    def toggle(cls, workspace: Workspace) -> None:
        """Show the sheet, or put it away."""
        shown: KeySheet | None = getattr(workspace, "key_sheet", None)
        if shown is not None and shown.isVisible():
            shown.close()
            return
        sheet = cls(table_of(workspace).rows, workspace.window(), workspace.styleSheet())
        sheet.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        workspace.key_sheet = sheet
        sheet.destroyed.connect(lambda: setattr(workspace, "key_sheet", None))
        sheet.show()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.text() in ("?", "？"):
            self.close()
            return
        super().keyPressEvent(event)


def shown_key(key: str) -> str:
    """``Alt-Right`` as people write it."""
    return key.replace("-", "+")


def _group(name: str, rows: list[KeyRow]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(2 * RHYTHM)
    grid.setVerticalSpacing(RHYTHM // 2)
    grid.addWidget(label(name, "heading", wrap=False), 0, 0, 1, 2)
    for place, row in enumerate(rows, 1):
        grid.addWidget(label(shown_key(row.key), "secondary", wrap=False), place, 0)
        grid.addWidget(label(row.what, "", wrap=False), place, 1)
    grid.setColumnStretch(1, 1)
    return grid


def _order(rows: list[KeyRow], row: KeyRow) -> int:
    """Groups in the order of their first key."""
    return next(i for i, one in enumerate(rows) if one.group == row.group)


def _in_columns(groups: list[tuple[str, list[KeyRow]]], tall: int) -> list[list[tuple[str, list[KeyRow]]]]:
    """Groups one below the other as far as the window reaches, then in a new column."""
    columns: list[list[tuple[str, list[KeyRow]]]] = [[]]
    used = 0
    for name, rows in groups:
        if used and used + len(rows) + 2 > min(tall, 22):
            columns.append([])
            used = 0
        columns[-1].append((name, rows))
        used += len(rows) + 2
    return columns
