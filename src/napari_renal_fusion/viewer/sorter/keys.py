"""Which key says what in the sorter."""

from __future__ import annotations

from dataclasses import dataclass

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeyEvent

from ...cases import Modality

MODALITY_KEYS = {"L": Modality.OM, "I": Modality.IM, "E": Modality.TEM}
"""Light, IF (or Immunofluorescence), Electron."""


@dataclass(frozen=True)
class Act:
    """What the person does: ``modality`` (with it), ``digit`` (with it), ``name`` (with its first letter),
    ``leave_out``, ``biopsy``, ``undo``, ``redo`` or ``accept``.
    """

    kind: str
    value: object = None


def act_of(event: QKeyEvent) -> Act | None:
    """What a key means, None for one that means nothing here."""
    key, text = event.key(), event.text()
    held = event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
    shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
    if held == Qt.KeyboardModifier.ControlModifier:
        if key == Qt.Key.Key_Z:
            return Act("redo" if shift else "undo")
        return Act("redo") if key == Qt.Key.Key_Y else None
    if held:
        return None
    if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
        return Act("accept")
    if key == Qt.Key.Key_Space:
        return Act("leave_out")
    if text.upper() in MODALITY_KEYS:
        return Act("modality", MODALITY_KEYS[text.upper()])
    if text.isascii() and text.isdigit():
        return Act("digit", int(text))
    if text.upper() == "B":
        return Act("biopsy")
    if text.upper() == "S":
        return Act("name", "")
    return Act("name", text) if text and text.isprintable() and text.isalpha() else None
