"""Every word that a window, its layers and the files behind it hold, seen or not."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDockWidget,
    QLabel,
    QLineEdit,
    QListWidget,
    QMenu,
    QPlainTextEdit,
    QProgressBar,
    QTableWidget,
    QTextEdit,
    QWidget,
)


def words_of_widgets() -> list[str]:
    """Texts, tooltips, titles, descriptions and items of every widget of the program, hidden ones too."""
    found: list[str] = []
    for widget in QApplication.allWidgets():
        found += [
            widget.toolTip(), widget.windowTitle(), widget.accessibleName(), widget.accessibleDescription(),
            widget.statusTip(), widget.whatsThis(), widget.objectName(),
        ]  # fmt: skip
        found += _own_words(widget)
        found += [action.text() + action.toolTip() for action in widget.actions()]
    return [one for one in found if one]


def _own_words(widget: QWidget) -> list[str]:
    if isinstance(widget, (QLabel, QAbstractButton)):
        return [widget.text()]
    if isinstance(widget, QLineEdit):
        return [widget.text(), widget.placeholderText()]
    if isinstance(widget, QComboBox):
        return [widget.itemText(i) for i in range(widget.count())]
    if isinstance(widget, QListWidget):
        return [widget.item(i).text() + widget.item(i).toolTip() for i in range(widget.count())]
    if isinstance(widget, QTableWidget):
        places = [(row, column) for row in range(widget.rowCount()) for column in range(widget.columnCount())]
        return [widget.item(*one).text() for one in places if widget.item(*one) is not None]
    if isinstance(widget, (QTextEdit, QPlainTextEdit)):
        return [widget.toPlainText()]
    if isinstance(widget, (QMenu, QDockWidget)):
        return [widget.windowTitle()]
    return [widget.format()] if isinstance(widget, QProgressBar) else _painted(widget)


def _painted(widget: QWidget) -> list[str]:
    """Plain values that a widget of ours keeps to paint them."""
    return [
        repr(value) for name, value in vars(widget).items() if isinstance(value, (str, tuple, dict, list))
    ]


def words_of_viewer(viewer) -> list[str]:
    """Title, status, text on the canvas, and names and metadata of the layers."""
    found = [viewer.title, str(viewer.status), viewer.help, viewer.canvas.overlays.text.text]
    for layer in viewer.layers:
        found += [layer.name, repr(layer.metadata), str(layer.help), repr(getattr(layer, "features", ""))]
    return found


def words_of_files(*folders: Path) -> list[str]:
    """Names and contents of every file."""
    found = []
    for folder in folders:
        for file in sorted(folder.rglob("*")):
            found.append(str(file.relative_to(folder)))
            if file.is_file():
                found.append(file.read_bytes().decode("utf-8", "replace"))
    return found
