"""What the mouse does on the Shapes layer beyond napari: the brush, choosing locked outlines and those among thousands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ...glomeruli.edits import Delete, Replace
from ...glomeruli.mending import checked
from ...glomeruli.outline import Outline
from .brush import added, erased, new_parts, painted

if TYPE_CHECKING:
    from napari.layers import Shapes

    from .editor import Editor

SMALLEST_BRUSH, LARGEST_BRUSH = 4, 200
"""Diameters in pixels of the screen."""
_PAINT = {"brush": "#56B4E980", "erase": "#00000080"}


class Gestures:
    """Lives beside napari's own callbacks of the layer, and runs before them."""

    def __init__(self, editor: Editor):
        self._editor = editor
        self._tool = ""
        self._stroke: list[tuple[float, float]] = []
        self._preview: int | None = None
        self._ours = False
        self.choosing = False
        """Whether a choice on the canvas is made here, so that napari's own is not taken for one."""
        self.diameter = 28
        """Of the brush, in pixels of the screen: what is painted gets finer as one zooms in."""

    def attach(self, layer: Shapes) -> None:
        """Take part in the mouse of a new layer."""
        layer.mouse_drag_callbacks.insert(0, self._press)

    def take(self, layer: Shapes, tool: str) -> None:
        """Another tool is in hand."""
        self._tool = tool
        self._ours = self.choosing = False
        callbacks = layer.mouse_drag_callbacks
        if self._after_press in callbacks:
            callbacks.remove(self._after_press)
        callbacks.append(self._after_press)  # behind napari's own of this tool
        brush = tool in ("brush", "erase")
        if brush:
            layer.mouse_pan = False
            layer.cursor = "circle"
            self.zoomed()
        elif tool == "":
            layer.cursor, layer.mouse_pan = "standard", True

    def zoomed(self) -> None:
        """The circle at the cursor keeps its size on the screen."""
        layer = self._editor.shapes.layer
        if layer is not None and self._tool in ("brush", "erase"):
            layer.cursor_size = self.diameter / self._editor.viewer.scene.camera.zoom

    def resize(self, diameter: float) -> None:
        """Another diameter for the brush."""
        self.diameter = int(min(max(diameter, SMALLEST_BRUSH), LARGEST_BRUSH))
        self.zoomed()

    def settle(self) -> None:
        """A stroke that is under way becomes what it is by now."""
        if self._stroke:
            self._finish_stroke()

    def _press(self, layer: Shapes, event) -> Iterator[None]:
        if event.button not in (1, None) or self._editor.drawing is None:
            return
        if self._tool in ("brush", "erase"):
            yield from self._paint(layer, event)
        elif self._tool in ("select", "points"):
            self._choose(layer, event)

    def _choose(self, layer: Shapes, event) -> None:
        """Choose what is under the mouse, also where napari's layer does not hold it; Shift adds to the choice."""
        editor = self._editor
        if layer.get_value(event.position, world=True)[1] is not None:
            return  # a handle or a corner, which may lie outside of the outline
        one = self._outline_at(layer.world_to_data(event.position))
        chosen = editor.chosen
        if one is None:
            chosen = chosen if "Shift" in event.modifiers else ()
        elif "Shift" in event.modifiers:
            chosen = tuple(i for i in chosen if i != one.id) if one.id in chosen else (*chosen, one.id)
        elif one.id not in chosen or one.locked:
            chosen = (one.id,)
        self.choosing = True
        editor.choose(chosen)
        # What napari's layer does not hold, it would take for empty ground; Shift it would undo again.
        ours = one is not None and (
            one.locked or one.id not in editor.shapes.ids or "Shift" in event.modifiers
        )
        self._ours, self.choosing = ours, ours

    def _after_press(self, layer: Shapes, event) -> Iterator[None]:
        """Runs behind napari's own callback: a choice that was made here stays as it was made."""
        if not self._ours:
            return
        yield
        while event.type == "mouse_move":
            if not layer._is_moving:  # no box is drawn around other outlines
                layer._is_selecting, layer._drag_box = False, None
                layer._set_highlight()
            yield
        self._ours = self.choosing = False
        self._editor.shapes.follow(self._editor.outlines, self._editor.chosen)

    def _outline_at(self, point) -> Outline | None:
        """The smallest outline whose area holds a point; one in a hole of another is not the other."""
        import shapely

        row, column = point[-2:]
        near = [
            one
            for one in self._editor.outlines
            if 0 <= row + 0.5 - one.bounds.top <= one.bounds.height
            and 0 <= column + 0.5 - one.bounds.left <= one.bounds.width
        ]
        inside = [one for one in near if shapely.contains_xy(one.shape, row, column)]
        return min(inside, key=lambda one: one.bounds.height * one.bounds.width, default=None)

    def _paint(self, layer: Shapes, event) -> Iterator[None]:
        self._editor.shapes.painting = True
        self._stroke = [tuple(layer.world_to_data(event.position)[-2:])]
        self._show_stroke(layer)
        yield
        while event.type == "mouse_move":
            if not self._stroke:  # it was settled meanwhile, because another image came
                return
            point = tuple(layer.world_to_data(event.position)[-2:])
            if np.hypot(*np.subtract(point, self._stroke[-1])) > self._radius / 4:
                self._stroke.append(point)
                self._show_stroke(layer)
            yield
        if self._stroke:
            self._stroke.append(tuple(layer.world_to_data(event.position)[-2:]))
            self._finish_stroke()

    @property
    def _radius(self) -> float:
        return self.diameter / 2 * self._editor.shapes.pixel

    def _show_stroke(self, layer: Shapes) -> None:
        """Show the way of the brush as a thick line."""
        points = np.array(
            self._stroke if len(self._stroke) > 1 else [*self._stroke, np.add(self._stroke[0], 0.01)]
        )
        with self._editor.shapes.muted():
            if self._preview is None:
                layer.add(
                    [points], shape_type="path", edge_width=2 * self._radius, edge_color=_PAINT[self._tool],
                    face_color="#00000000", gui=True,
                )  # fmt: skip
                self._preview = layer.nshapes - 1
            else:
                layer._data_view.edit(self._preview, points)
            layer.refresh(thumbnail=False, highlight=False, extent=False)

    def _finish_stroke(self) -> None:
        stroke, self._stroke, tool = self._stroke, [], self._tool
        editor, layer = self._editor, self._editor.shapes.layer
        if layer is not None and self._preview is not None:
            with editor.shapes.muted():
                layer.remove([self._preview])
        self._preview, editor.shapes.painting = None, False
        area = painted(stroke, self._radius)
        if tool == "brush":
            self._add(area)
        else:
            self._erase(area)

    def _add(self, area) -> None:
        """Join to the chosen outline if the stroke touches it, else make a new one."""
        editor = self._editor
        chosen = editor.chosen_outlines
        if len(chosen) == 1 and (parts := added(chosen[0], area)):
            editor.do(Replace(id=chosen[0].id, parts=parts, kind="brush"))
            return
        parts = new_parts(area)
        if parts:
            editor.draw([checked(parts, kind="brush")])

    def _erase(self, area) -> None:
        """Take from the chosen outline if the stroke touches it, else from the first one that it touches."""
        editor = self._editor
        chosen = editor.chosen_outlines
        others = [one for one in editor.outlines if one not in chosen and not one.locked]
        for outline in (*chosen, *others):
            parts = erased(outline, area)
            if parts is None:
                continue
            gone = Delete(ids=(outline.id,))
            editor.do(Replace(id=outline.id, parts=parts, kind="brush") if parts else gone)
            return
