"""One kind of stored things: what, where, how much, whether names are in it; opened and deleted from here."""

from __future__ import annotations

from qtpy.QtCore import Qt, QUrl, Signal
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from ...cases.storage import Amount, Kind, size_text
from ..theme import RHYTHM, label
from .confirm_button import ConfirmButton


class PathLine(QLabel):
    """A path that is shortened in its middle where it does not fit; whole in the tooltip."""

    def __init__(self, path: str):
        super().__init__()
        self._path = path
        self.setProperty("role", "secondary")
        self.setToolTip(path)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setText(path)

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        mode = Qt.TextElideMode.ElideMiddle
        self.setText(self.fontMetrics().elidedText(self._path, mode, max(40, self.width())))


class KindRow(QWidget):
    """``purge_wanted`` carries the kind's key."""

    purge_wanted = Signal(str)

    def __init__(self, kind: Kind, parent: QWidget | None = None):
        super().__init__(parent)
        self.kind = kind
        self.amount = label("…", "secondary", wrap=False)
        self.names = label(
            "names patients" if kind.holds_names else "no names", "warning" if kind.holds_names else "secondary",
            wrap=False,
        )  # fmt: skip
        self.open_button = QPushButton("Open folder")
        self.open_button.setProperty("role", "link")
        self.open_button.clicked.connect(self._open)
        self.delete = ConfirmButton("Delete…", kind.verb) if kind.verb else None
        self.loses = label(kind.loses, "warning")
        self.loses.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(RHYTHM // 2)
        column.addWidget(label(kind.what))
        for path in kind.paths:
            column.addWidget(PathLine(str(path)))
        row = QHBoxLayout()
        row.setSpacing(2 * RHYTHM)
        row.addWidget(self.amount)
        row.addWidget(self.names)
        row.addStretch(1)
        row.addWidget(self.open_button)
        if self.delete is not None:
            row.addWidget(self.delete)
            self.delete.confirmed.connect(lambda: self.purge_wanted.emit(kind.key))
            self.delete.asked.connect(self.loses.setVisible)
        column.addLayout(row)
        column.addWidget(self.loses)

    def show_amount(self, amount: Amount) -> None:
        """Say how much there is; where there is nothing, nothing is opened or deleted."""
        files = f"{amount.files} {'file' if amount.files == 1 else 'files'}"
        self.amount.setText(f"{files}, {size_text(amount.size)}" if amount.files else "nothing")
        self.names.setVisible(bool(amount.files))
        self.open_button.setVisible(bool(amount.files))
        if self.delete is not None:
            self.delete.setVisible(bool(amount.files))

    def _open(self) -> None:
        path = next((one for one in self.kind.paths if one.exists()), None)
        if path is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path if path.is_dir() else path.parent)))
