"""A line for a diagnosis: what is typed is found among the entities, and anything else is kept as it is written."""

from __future__ import annotations

from qtpy.QtCore import QModelIndex, Qt, Signal
from qtpy.QtGui import QKeyEvent, QStandardItem, QStandardItemModel
from qtpy.QtWidgets import QCompleter, QLineEdit, QWidget

from ...readings import Entity, find_entities, full_name
from ...readings.entities import plain

_SHOWN = 8
_NAME = Qt.ItemDataRole.UserRole


class DiagnosisField(QLineEdit):
    """Type a name, an abbreviation or Chinese; Enter takes the marked suggestion, or the text as it stands.

    A suggestion is marked by itself only where a name or abbreviation begins with what was typed, so that free
    text never turns into something else unseen.
    """

    committed = Signal(str)
    """The full name, or the free text, after Enter or a choice; "" when the line was emptied."""

    def __init__(self, placeholder: str = "", parent: QWidget | None = None):
        super().__init__(parent)
        self.setPlaceholderText(placeholder)
        self.setClearButtonEnabled(True)
        self._model = QStandardItemModel(self)
        self._completer = QCompleter(self._model, self)
        self._completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self._completer.setMaxVisibleItems(_SHOWN + 1)
        self._completer.setWidget(self)  # not setCompleter: that would write into the line while one looks
        self._completer.activated[QModelIndex].connect(self._take)
        self.textEdited.connect(self._suggest)
        self.returnPressed.connect(self._commit)

    @property
    def diagnosis(self) -> str:
        """What the line says, as a full name where it means an entity."""
        return full_name(self.text())

    @property
    def suggestions(self) -> list[str]:
        """Names that are offered now."""
        rows = range(self._model.rowCount())
        return (
            [self._model.item(row).data(_NAME) for row in rows] if self._completer.popup().isVisible() else []
        )

    def set_diagnosis(self, name: str) -> None:
        """Write a diagnosis without telling anybody."""
        self._completer.popup().hide()
        self.setText(name)
        self.setCursorPosition(0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Alt with a letter is a key of the workspace; a line edit would write the letter.
        if event.modifiers() & Qt.KeyboardModifier.AltModifier:
            event.ignore()
            return
        if event.key() == Qt.Key.Key_Down and not self._completer.popup().isVisible():
            self._suggest(self.text())
            return
        super().keyPressEvent(event)

    def _suggest(self, text: str) -> None:
        found = find_entities(text, _SHOWN)
        self._model.clear()
        for entity in found:
            self._add(_row(entity), entity.name)
        if found and plain(text) and full_name(text) != found[0].name:
            self._add(f"“{text.strip()}”, as it is written", " ".join(text.split()))
        popup = self._completer.popup()
        if not found:
            popup.hide()
            return
        self._completer.complete()
        popup.setStyleSheet(f"{self.window().styleSheet()}\nQListView::item {{ padding: 4px 6px; }}")
        marked = self._model.index(0, 0) if _begins(found[0], text) else QModelIndex()
        popup.setCurrentIndex(marked)

    def _add(self, text: str, name: str) -> None:
        item = QStandardItem(text)
        item.setData(name, _NAME)
        item.setEditable(False)
        self._model.appendRow(item)

    def _take(self, index: QModelIndex) -> None:
        self.set_diagnosis(index.data(_NAME))
        self.committed.emit(self.diagnosis)

    def _commit(self) -> None:
        self.set_diagnosis(self.diagnosis)
        self.committed.emit(self.diagnosis)


def _row(entity: Entity) -> str:
    """English first, then the abbreviation, then Chinese."""
    return "   ".join([entity.name, *entity.short[:1], *entity.chinese[:1]])


def _begins(entity: Entity, text: str) -> bool:
    typed = plain(text)
    return bool(typed) and any(plain(word).startswith(typed) for word in entity.words)
