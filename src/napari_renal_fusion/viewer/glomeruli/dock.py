"""The dock "Glomeruli": tools, the list, class and lock, undo, and GeoJSON in and out."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ...glomeruli.classes import CLASSES
from ...glomeruli.measures import count_by_class
from ..theme import RHYTHM, label, say
from .editor import Editor
from .table import OutlineTable
from .tool_bar import ToolBar
from .tools import KEYS

_NO_CLASS = "No class"
_EMPTY = "No outlines yet. Take a tool and draw around a glomerulus, or drop a .geojson file here."
_NO_IMAGE = "Open a light or fluorescence image, or a slide, to mark its glomeruli."


class GlomeruliDock(QWidget):
    """Shows one editor; makes no edit by itself."""

    import_wanted = Signal(Path)
    export_wanted = Signal(Path)

    def __init__(self, editor: Editor, parent: QWidget | None = None):
        super().__init__(parent)
        self._editor = editor
        self.setAcceptDrops(True)
        self.title = label("Glomeruli", "title", wrap=False)
        self.subtitle = label("", "secondary")
        self.tools = ToolBar(editor.gestures.diameter)
        self.table = OutlineTable()
        self.empty = label(_EMPTY, "secondary")
        self.classes = QComboBox()
        self.classes.setEditable(True)
        self.classes.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.classes.addItem(_NO_CLASS)
        for number, name in enumerate(CLASSES, start=1):
            self.classes.addItem(name)
            if number < 10:
                self.classes.setItemData(number, f"Key {number}", Qt.ItemDataRole.ToolTipRole)
        self.classes.setAccessibleName("Class of the chosen outlines")
        self.classes.lineEdit().setPlaceholderText("Class")
        self.previous, self.next = self._button("Previous", "P"), self._button("Next", "N")
        self.delete = self._button("Delete", "Del")
        self.undo, self.redo = self._button("Undo", "Ctrl+Z"), self._button("Redo", "Ctrl+Shift+Z")
        self.import_button, self.export_button = self._button("Import…"), self._button("Export…")
        self.import_button.setToolTip(
            "Outlines from a GeoJSON file, such as QuPath's. A file can be dropped here too."
        )
        self.export_button.setToolTip("Outlines of this image as a GeoJSON file that QuPath opens.")
        self.counts = label("", "secondary")
        self.model_line = label("", "secondary")
        self.message = label("", "")
        self.message.hide()
        self.model_line.hide()
        self._lay_out()
        self._connect()
        self.follow()

    def sizeHint(self) -> QSize:
        return QSize(344, 600)

    def minimumSizeHint(self) -> QSize:
        return QSize(300, 300)

    def follow(self) -> None:
        """Show the editor's image, outlines and what can be done now."""
        editor = self._editor
        subject, outlines, there = editor.subject, editor.outlines, editor.drawing is not None
        self.subtitle.setText(_NO_IMAGE if subject is None else self._what(subject, len(outlines)))
        self.table.outlines.show(outlines, subject.pixel_size if subject else None)
        self.table.fit_columns()
        self.table.choose(editor.chosen)
        self.empty.setVisible(there and not outlines)
        self.tools.setEnabled(there)
        self.undo.setEnabled(there and editor.drawing.undoable is not None)
        self.redo.setEnabled(there and editor.drawing.redoable is not None)
        self.import_button.setEnabled(there)
        for button in (self.export_button, self.previous, self.next):
            button.setEnabled(bool(outlines))
        counted = count_by_class(outlines)
        classes = ", ".join(
            f"{number} {name[0].lower()}{name[1:]}" for name, number in counted.items() if name[0] != "("
        )
        self.counts.setText(classes)
        self.counts.setVisible(bool(classes))
        self.follow_choice()

    def follow_choice(self) -> None:
        """Show the class of what is chosen."""
        chosen = self._editor.chosen_outlines
        if self._editor.chosen != self._in_table():
            self.table.choose(self._editor.chosen)
        free = bool(chosen) and not any(one.locked for one in chosen)
        self.classes.setEnabled(free)
        self.delete.setEnabled(free)
        names = {one.class_name or _NO_CLASS for one in chosen}
        self.classes.setCurrentText(names.pop() if len(names) == 1 else "")

    def show_message(self, sentence: str, role: str = "") -> None:
        """Say one sentence below the list; "" takes it away."""
        say(self.message, sentence, role)

    def show_model_rule(self, sentence: str) -> None:
        """Say what the chosen model does with glomeruli."""
        self.model_line.setText(sentence)
        self.model_line.setVisible(bool(sentence))

    def keyPressEvent(self, event) -> None:
        if not self._key(event):
            super().keyPressEvent(event)

    def dragEnterEvent(self, event) -> None:
        if self._editor.drawing is not None and self._dropped(event):
            event.acceptProposedAction()

    def dropEvent(self, event) -> None:
        path = self._dropped(event)
        if path is not None:
            event.acceptProposedAction()
            self.import_wanted.emit(path)

    @staticmethod
    def _dropped(event) -> Path | None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        fits = [path for path in paths if path.suffix.lower() in (".geojson", ".json")]
        return fits[0] if len(fits) == 1 and len(paths) == 1 else None

    def _key(self, event) -> bool:
        """Keys of the list: the tools, digits for classes, n and p, undo and redo."""
        editor, text = self._editor, event.text().lower()
        modifiers = event.modifiers()
        control = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        if control and event.key() == Qt.Key.Key_Z:
            (editor.redo if modifiers & Qt.KeyboardModifier.ShiftModifier else editor.undo)()
            return True
        if control or modifiers & Qt.KeyboardModifier.AltModifier:
            return False
        by_key = {key.lower(): tool for tool, key in KEYS.items()}
        if text in by_key:
            editor.set_tool("" if editor.tool == by_key[text] else by_key[text])
        elif text in ("n", "p"):
            editor.step(1 if text == "n" else -1)
        elif text and text in "0123456789":
            editor.classify_chosen(class_of_digit(int(text)))
        elif text and text in "[]":
            self.resize_brush(1.25 if text == "]" else 0.8)
        else:
            return False
        return True

    def resize_brush(self, factor: float) -> None:
        gestures = self._editor.gestures
        gestures.resize(
            max(gestures.diameter * factor, gestures.diameter + 1)
            if factor > 1
            else gestures.diameter * factor
        )
        self.tools.show_brush(gestures.diameter)

    def _what(self, subject, count: int) -> str:
        outlines = "1 outline" if count == 1 else f"{count:,} outlines"
        calibrated = "" if subject.pixel_size else " · uncalibrated, areas in px²"
        return f"{subject.title} · {outlines}{calibrated}"

    def _in_table(self) -> tuple[str, ...]:
        rows = sorted({index.row() for index in self.table.selectionModel().selectedRows()})
        return tuple(self.table.outlines.id_of(row) for row in rows)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(RHYTHM, RHYTHM, RHYTHM, RHYTHM)
        column.setSpacing(RHYTHM)
        column.addWidget(self.title)
        column.addWidget(self.subtitle)
        column.addWidget(self.tools)
        column.addWidget(self.empty)
        column.addWidget(self.table, 1)
        column.addWidget(self.counts)
        column.addWidget(self.classes)
        column.addLayout(_row(self.previous, self.next, self.delete))
        column.addLayout(_row(self.undo, self.redo, self.import_button, self.export_button))
        column.addWidget(self.model_line)
        column.addWidget(self.message)

    def _connect(self) -> None:
        editor, table = self._editor, self.table
        editor.changed.connect(self.follow)
        editor.chosen_changed.connect(self.follow_choice)
        editor.tool_changed.connect(self.tools.show_tool)
        editor.said.connect(self.show_message)
        self.tools.tool_wanted.connect(editor.set_tool)
        self.tools.brush_resized.connect(editor.gestures.resize)
        table.chosen_changed.connect(lambda ids: editor.choose(ids, bring_into_view=True))
        table.delete_wanted.connect(editor.delete_chosen)
        table.outlines.renamed.connect(editor.rename)
        table.outlines.locked.connect(lambda one, on: editor.lock((one,), on))
        table.outlines.excluded.connect(lambda one, on: editor.exclude((one,), on))
        self.classes.activated.connect(lambda _: self._classify())
        self.classes.lineEdit().returnPressed.connect(self._classify)
        self.previous.clicked.connect(lambda: editor.step(-1))
        self.next.clicked.connect(lambda: editor.step(1))
        self.delete.clicked.connect(editor.delete_chosen)
        self.undo.clicked.connect(editor.undo)
        self.redo.clicked.connect(editor.redo)
        self.import_button.clicked.connect(self._ask_import)
        self.export_button.clicked.connect(self._ask_export)

    def _classify(self) -> None:
        name = self.classes.currentText().strip()
        self._editor.classify_chosen(None if name in ("", _NO_CLASS) else name[:200])

    def _ask_import(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Outlines", "", "GeoJSON (*.geojson *.json)")
        if path:
            self.import_wanted.emit(Path(path))

    def _ask_export(self) -> None:
        subject = self._editor.subject
        name = f"{subject.key}.geojson" if subject else "outlines.geojson"
        path, _ = QFileDialog.getSaveFileName(self, "Outlines", name, "GeoJSON (*.geojson)")
        if path:
            target = Path(path)
            self.export_wanted.emit(target if target.suffix else target.with_suffix(".geojson"))

    @staticmethod
    def _button(text: str, key: str = "") -> QPushButton:
        button = QPushButton(text)
        if key:
            button.setToolTip(key)
        return button


def class_of_digit(digit: int) -> str | None:
    """The class that a digit key stands for; 0 takes the class away."""
    return None if digit == 0 else list(CLASSES)[digit - 1]


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(RHYTHM // 2)
    for widget in widgets:
        row.addWidget(widget, 1)
    return row
