"""A path on one line, shortened in its middle so that the end, which people know it by, stays."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QLabel, QSizePolicy, QWidget


class PathLine(QLabel):
    """Shows a path or a long name in the room there is; the whole stands in the tooltip."""

    def __init__(self, role: str = "", parent: QWidget | None = None):
        super().__init__(parent)
        self._whole = ""
        self.setProperty("role", role)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def show_path(self, path: Path | str) -> None:
        home = str(Path.home())
        whole = str(path)
        self._whole = "~" + whole[len(home) :] if home != "/" and whole.startswith(home + "/") else whole
        self.setToolTip(whole)
        self._shorten()

    def minimumSizeHint(self) -> QSize:
        return QSize(60, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._shorten()

    def _shorten(self) -> None:
        self.setText(
            self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideMiddle, max(60, self.width()))
        )


class Hint(QLabel):
    """Grey words beside an input: the whole sentence, its first part, or nothing, whichever fits uncut."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._whole = ""
        self.setProperty("role", "secondary")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def show_hint(self, sentence: str) -> None:
        self._whole = sentence.rstrip(".")
        self.setToolTip(sentence)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        parts = (self._whole, self._whole.split(";")[0])
        width = self.fontMetrics().horizontalAdvance
        self.setText(next((one for one in parts if width(one) <= self.width()), ""))
