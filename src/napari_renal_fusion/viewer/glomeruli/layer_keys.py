"""Keys of the Shapes layer: the dock's, in place of napari's own for shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .dock import class_of_digit
from .tools import KEYS

if TYPE_CHECKING:
    from napari.layers import Shapes

    from .dock import GlomeruliDock
    from .editor import Editor


def bind_layer_keys(layer: Shapes, editor: Editor, dock: Callable[[], GlomeruliDock | None]) -> None:
    """Bind tools, classes, next and previous, delete and the brush's size; copies are not pasted by napari.

    napari's own delete and paste would change the layer behind the journal.
    """

    def bind(key: str, action: Callable[[], object]) -> None:
        layer.bind_key(key, lambda _: action() and None, overwrite=True)

    def resize(factor: float) -> None:
        there = dock()
        if there is not None:
            there.resize_brush(factor)

    for tool, key in KEYS.items():
        bind(key, lambda tool=tool: editor.set_tool("" if editor.tool == tool else tool))
    for digit in range(10):
        bind(str(digit), lambda digit=digit: editor.classify_chosen(class_of_digit(digit)))
    bind("N", lambda: editor.step(1))
    bind("P", lambda: editor.step(-1))
    for key in ("Delete", "Backspace"):
        bind(key, editor.delete_chosen)
    for key in ("Control-C", "Control-V", "R", "L", "I", "D", "A", "Control-A"):
        bind(key, lambda: None)
    bind("[", lambda: resize(0.8))
    bind("]", lambda: resize(1.25))
