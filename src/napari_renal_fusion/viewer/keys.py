"""The keys of the workspace: one table that parts add to, and the sheet that shows it on ``?``."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QKeyEvent, QKeySequence
from qtpy.QtWidgets import QApplication, QWidget

if TYPE_CHECKING:
    import napari

    from .workspace import Workspace

KEY_TABLE: tuple[tuple[str, str, Callable[[Workspace], object]], ...] = (
    ("Alt-N", "open a patient's folder", lambda one: one.worklist.open_button.click()),
    ("Alt-Right", "next image", lambda one: one.step_image(1)),
    ("Alt-Left", "previous image", lambda one: one.step_image(-1)),
    ("Alt-Down", "next case", lambda one: one.step_case(1)),
    ("Alt-Up", "previous case", lambda one: one.step_case(-1)),
    ("Alt-R", "run the model", lambda one: one.run()),
    ("Alt-H", "heat map on or off", lambda one: one.canvas.toggle_heat_map()),
    ("Alt-M", "what the model saw", lambda one: one.stage.toggle_model_input()),
    ("Alt-A", "attention over slides and omics", lambda one: one.attention.bring_to_front()),
    ("Alt-W", "write the report", lambda one: one.reader.report_button.click()),
    ("Alt-T", "train a model", lambda one: one.train()),
    ("Alt-L", "napari's layer list", lambda one: one.toggle_layer_list()),
    ("Alt-P", "bring back closed panels", lambda one: one.docks.arrange()),
    ("Alt-F", "search the worklist", lambda one: one.worklist.filter.search.setFocus()),
)
"""Key as napari writes it, what it does, and the action on the workspace."""

GENERAL = "Cases and images"


@dataclass(frozen=True)
class KeyRow:
    """One line of the sheet; ``key`` as napari writes it ("Alt-R")."""

    key: str
    what: str
    group: str


class KeyTable(QObject):
    """The keys of one workspace.

    A key acts wherever the focus is in napari's window: without the guard here, a line edit would write the
    letter of Alt+R, and Alt+H would open napari's Help menu.
    """

    def __init__(self, viewer: napari.Viewer, parent: QObject):
        super().__init__(parent)
        self._viewer = viewer
        self._actions: dict[str, Callable[[], object]] = {}
        self._held: tuple[QWidget, str] | None = None
        self.rows: list[KeyRow] = []
        self.show_sheet: Callable[[], object] = lambda: None
        window = getattr(viewer, "window", None)  # a model of a viewer has none
        self._window: QWidget | None = getattr(window, "_qt_window", None)
        if self._window is not None:
            self._window.installEventFilter(self)

    def add(self, rows: Iterable[tuple[str, str, Callable[[], object]]], group: str) -> None:
        """Add keys; one that is there already gets the new meaning."""
        for key, what, action in rows:
            self.rows = [one for one in self.rows if one.key != key] + [KeyRow(key, what, group)]
            self._actions[_sign(key)] = action
            self._viewer.bind_key(key, lambda _, action=action: _ignore(action()), overwrite=True)

    def release(self) -> None:
        """Take every key away again."""
        if self._viewer is None:
            return
        for row in self.rows:
            self._viewer.bind_key(row.key, None, overwrite=True)
        if self._window is not None:
            self._window.removeEventFilter(self)
        self._let_go()
        self.rows, self._actions, self._viewer, self._window = [], {}, None, None
        self.show_sheet = lambda: None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # Qt asks first whether anybody claims a key before menus get it, then sends it to whoever has the focus.
        if event.type() == QEvent.Type.ShortcutOverride and watched is self._window:
            return self._claim(event)
        if event.type() == QEvent.Type.KeyPress and self._held is not None and watched is self._held[0]:
            sign = self._held[1]
            self._let_go()
            if isinstance(event, QKeyEvent) and _sign_of(event) == sign:
                self._act(sign)
                return True
        return False

    def _claim(self, event: QKeyEvent) -> bool:
        # PyQt may hand over the wrapper of an older event that lay at the same address.
        sign = _sign_of(event) if isinstance(event, QKeyEvent) else ""
        if sign not in self._actions and sign != "?":
            return False
        event.accept()
        focus = QApplication.focusWidget()
        self._let_go()
        if focus is not None:
            focus.installEventFilter(self)
            self._held = focus, sign
        return True

    def _act(self, sign: str) -> None:
        if sign == "?":
            self.show_sheet()
        else:
            self._actions[sign]()

    def _let_go(self) -> None:
        if self._held is not None:
            self._held[0].removeEventFilter(self)
            self._held = None


def table_of(workspace: Workspace) -> KeyTable:
    """The table of a workspace, made when it is first asked for."""
    table = getattr(workspace, "key_table", None)
    if table is None:
        table = KeyTable(workspace._viewer, workspace)
        workspace.key_table = table
    return table


def register(
    workspace: Workspace, rows: Iterable[tuple[str, str, Callable[[], object]]], group: str = GENERAL
) -> None:
    """Add keys of a part: ``(key as napari writes it, what it does, function without arguments)``.

    They stand on the sheet under ``group``, act wherever the focus is, and go with the workspace.
    """
    table_of(workspace).add(rows, group)


def bind_keys(viewer: napari.Viewer, workspace: Workspace) -> None:
    """Bind the workspace's own keys.

    The bindings hold the workspace weakly: napari keeps key maps longer than docks.
    """
    here = weakref.ref(workspace)

    def bound(action: Callable[[Workspace], object]) -> Callable[[], object]:
        def act() -> None:
            open_workspace = here()
            if open_workspace is not None:
                action(open_workspace)

        return act

    table = table_of(workspace)
    parts = table.rows  # parts are made first; on the sheet the general keys stand before theirs
    table.rows = []
    table.add(((key, what, bound(action)) for key, what, action in KEY_TABLE), GENERAL)
    table.rows += [one for one in parts if one.key not in {row.key for row in table.rows}]
    table.show_sheet = bound(_show_sheet)


def unbind_keys(workspace: Workspace) -> None:
    """Take the keys away again."""
    table_of(workspace).release()


def _show_sheet(workspace: Workspace) -> None:
    from .key_sheet import KeySheet

    KeySheet.toggle(workspace)


def _ignore(_: object) -> None:
    return None


def _sign(key: str) -> str:
    return QKeySequence(key.replace("-", "+")).toString()


def _sign_of(event: QKeyEvent) -> str:
    """How a key event is written: only keys with Alt alone, and the question mark however it is typed."""
    plain = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    if event.text() in ("?", "？") and not plain & ~Qt.KeyboardModifier.ShiftModifier:
        return "?"
    if plain != Qt.KeyboardModifier.AltModifier:
        return ""
    return QKeySequence(event.keyCombination()).toString().replace("Num+", "")
