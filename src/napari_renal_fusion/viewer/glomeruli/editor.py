"""Outlines of the image on the canvas: chosen, drawn, changed, undone; between the drawing, the layers and the dock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer, Signal

from ...errors import RenalFusionError
from ...glomeruli.drawing import Drawing
from ...glomeruli.edits import Add, Classify, Delete, Edit, Exclude, Lock, Outlines, Rename
from ...glomeruli.outline import Outline
from ...notices import Notice
from .edit_layer import EditLayer
from .gestures import Gestures
from .line_layer import LineLayer
from .subject import Subject
from .tools import TOOLS
from .view import View

if TYPE_CHECKING:
    import napari
    from napari.layers import Shapes


class Editor(QObject):
    """One drawing at a time. Every change goes through :meth:`do`, which writes it before anybody sees it."""

    changed = Signal()
    """Other outlines, or another image."""
    chosen_changed = Signal()
    tool_changed = Signal(str)
    """Name of a tool of :data:`.tools.TOOLS`, "" for none."""
    said = Signal(str, str)
    """A sentence for the person and its role: "" (plain), ``warning`` or ``error``."""

    def __init__(self, viewer: napari.viewer.ViewerModel, parent: QObject | None = None):
        super().__init__(parent)
        self._viewer = viewer
        self.lines = LineLayer(viewer, self)
        self.shapes = EditLayer(viewer, self)
        self.gestures = Gestures(self)
        self.subject: Subject | None = None
        self.drawing: Drawing | None = None
        self._stored: Outlines = ()
        self._arranged = False
        self.chosen: tuple[str, ...] = ()
        self.tool = self._tool_later = ""
        self.lent: list[Drawing] = []
        """Drawings that another thread works on, shown or not."""
        self.on_layer: Callable[[Shapes], None] = lambda layer: None
        """Called with every Shapes layer that is made, to bind keys."""
        self.shapes.on_made = self._layer_made
        self.shapes.wanted_edit.connect(self._edit_from_canvas)
        self.shapes.chosen_changed.connect(self._chosen_on_canvas)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self.follow)
        viewer.layers.selection.events.active.connect(self._active_changed)
        viewer.scene.camera.events.zoom.connect(self._zoomed)

    @property
    def viewer(self) -> napari.viewer.ViewerModel:
        return self._viewer

    @property
    def waiting(self) -> bool:
        """Whether another thread works on the drawing that is shown, which takes no edit meanwhile."""
        return any(one is self.drawing for one in self.lent)

    @property
    def outlines(self) -> Outlines:
        """Those of the image, also where they are only looked at."""
        return self.drawing.outlines if self.drawing is not None else self._stored

    @property
    def chosen_outlines(self) -> tuple[Outline, ...]:
        """The chosen ones, in the order of the list."""
        chosen = set(self.chosen)
        return tuple(one for one in self.outlines if one.id in chosen)

    def show(
        self,
        subject: Subject | None,
        drawing: Drawing | None,
        stored: Outlines = (),
        *,
        keep_tool: bool = False,
    ) -> None:
        """Take another image and its drawing; what is being drawn on the one before is kept there first.

        Without a drawing the outlines ``stored`` are looked at. ``keep_tool``: the next image comes at once, and the
        tool in hand stays in hand.
        """
        before = self.drawing
        if drawing is not before:
            self.settle()
        tool = self.tool or self._tool_later
        self._tool_later = tool if keep_tool else ""
        self.subject, self.drawing, self._stored = subject, drawing, stored
        if drawing is not before:
            self.chosen = ()
        if drawing is None:
            self.set_tool("")
            self.shapes.clear()
        self.follow()
        if tool and drawing is not None:
            self.set_tool(tool)
        if drawing is not None and drawing is not before:
            self.say_notices(drawing.notices)

    def settle(self) -> None:
        """Keep what is being drawn at this moment: half a polygon, a stroke, a point on its way."""
        self.gestures.settle()
        self.shapes.settle()

    def follow(self) -> None:
        """Let both layers and the list show what the drawing holds now."""
        self._soon.stop()
        layer = self.subject.layer if self.subject is not None else None
        known = {one.id for one in self.outlines}
        if any(one not in known for one in self.chosen):
            self.chosen = tuple(one for one in self.chosen if one in known)
            self.chosen_changed.emit()
        with self._arranging():
            self.lines.show(layer, self.outlines, self.chosen)
            if self.shapes.layer is not None and layer is not None and layer in self._viewer.layers:
                self.shapes.make(layer)
                self.shapes.follow(self.outlines, self.chosen)
        self.changed.emit()

    def do(self, edit: Edit) -> bool:
        """Do one edit; what cannot be done is said, and nothing has changed then."""
        if self.drawing is None or self.waiting:
            return False
        return self._try(lambda: self.drawing.do(edit))

    def draw(self, outlines: Sequence[Outline]) -> bool:
        """Add new outlines and choose them."""
        if not outlines or not self.do(Add(outlines=tuple(outlines))):
            return False
        self.choose([one.id for one in outlines])
        return True

    def undo(self) -> None:
        """Take the last edit back; while a polygon is being drawn, that polygon."""
        self.gestures.settle()
        if self.drawing is not None and not self.waiting and not self.shapes.cancel():
            self._try(lambda: self.drawing.undo())

    def redo(self) -> None:
        if self.drawing is not None and not self.waiting and not self.shapes.busy:
            self._try(lambda: self.drawing.redo())

    def choose(self, ids: Iterable[str], *, bring_into_view: bool = False) -> None:
        """Choose outlines of the list and the canvas."""
        chosen = tuple(dict.fromkeys(ids))
        if bring_into_view and chosen:
            self._bring_into_view(chosen[-1])
        if chosen == self.chosen:
            return
        self.chosen = chosen
        self.lines.show(self.subject.layer if self.subject else None, self.outlines, chosen)
        self.shapes.follow(self.outlines, chosen)
        self.chosen_changed.emit()

    def step(self, by: int) -> None:
        """Choose the next or previous outline of the list, round and round."""
        ids = [one.id for one in self.outlines]
        if ids:
            now = (
                ids.index(self.chosen[-1])
                if self.chosen and self.chosen[-1] in ids
                else (-1 if by > 0 else 0)
            )
            self.choose([ids[(now + by) % len(ids)]], bring_into_view=True)

    def delete_chosen(self) -> None:
        if self.chosen:
            ids = [one.id for one in self.outlines]
            after = next(
                (one for one in ids[ids.index(self.chosen[-1]) + 1 :] if one not in self.chosen), None
            )
            if self.do(Delete(ids=self.chosen)) and after is not None:
                self.choose([after])

    def classify_chosen(self, class_name: str | None) -> None:
        if self.chosen:
            self.do(Classify(ids=self.chosen, class_name=class_name))

    def lock(self, ids: Sequence[str], locked: bool) -> None:
        if ids:
            self.do(Lock(ids=tuple(ids), locked=locked))

    def exclude(self, ids: Sequence[str], excluded: bool) -> None:
        """Keep outlines from the model, or let them in again."""
        if ids:
            self.do(Exclude(ids=tuple(ids), excluded=excluded))

    def rename(self, one: str, name: str) -> None:
        if any(outline.id == one and outline.name != name.strip() for outline in self.outlines):
            self.do(Rename(id=one, name=name.strip()[:200]))

    def set_tool(self, tool: str) -> None:
        """Take a tool in hand, or with "" none; the Shapes layer is made when it is first needed."""
        if tool and (self.drawing is None or self.subject is None):
            tool = ""
        if tool != self.tool:
            self.settle()
        self.tool = tool
        if tool:
            with self._arranging():
                self.lines.make(self.subject.layer)
                layer = self.shapes.make(self.subject.layer)
                self._viewer.layers.selection.active = layer
            layer.mode = TOOLS[tool].mode
            layer.help = self._viewer.help = TOOLS[
                tool
            ].tip  # napari's speaks of keys that mean something else here
            self.shapes.widths(View.of(self._viewer, layer).pixel)
            self.shapes.follow(self.outlines, self.chosen)
            self.gestures.take(layer, tool)
        elif self.shapes.layer is not None:
            self.gestures.take(self.shapes.layer, "")
            self.shapes.layer.mode = "pan_zoom"
            if self._viewer.layers.selection.active is self.shapes.layer and self.subject is not None:
                self._viewer.layers.selection.active = self.subject.layer
        self.tool_changed.emit(tool)

    def say_notices(self, notices: Iterable[Notice]) -> None:
        for notice in notices:
            self.said.emit(notice.message, "" if notice.severity == "info" else "warning")

    def close(self) -> None:
        """Keep what is being drawn and let go of the viewer."""
        self.settle()
        self._soon.stop()
        self._viewer.layers.selection.events.active.disconnect(self._active_changed)
        self._viewer.scene.camera.events.zoom.disconnect(self._zoomed)
        self.lines.close()
        self.subject = self.drawing = None

    def _try(self, action: Callable[[], object]) -> bool:
        try:
            notices = action()
        except RenalFusionError as error:
            self.said.emit(str(error), "error")
            self._soon.start(0)  # what napari shows may be what was refused
            return False
        self.said.emit("", "")
        self.say_notices(notices or ())
        self._soon.start(0)  # napari may be in the middle of its own gesture
        return True

    def _edit_from_canvas(self, edit: Edit | None) -> None:
        if isinstance(edit, Add):
            self.draw(edit.outlines)
        elif edit is not None:
            self.do(edit)
        self._soon.start(0)

    def _chosen_on_canvas(self, ids: tuple[str, ...]) -> None:
        # Locked outlines and those beyond the layer's number are chosen by our own hand, see Gestures.
        if self.gestures.choosing:
            return
        if ids != self.chosen:
            self.chosen = ids
            self.lines.show(self.subject.layer if self.subject else None, self.outlines, ids)
            self.chosen_changed.emit()

    def _layer_made(self, layer: Shapes) -> None:
        self.gestures.attach(layer)
        self.on_layer(layer)

    def _active_changed(self, event: object) -> None:
        """Another layer takes the mouse: our tool is not in hand any more."""
        layer = self.shapes.layer
        if self._arranged or not self.tool or layer is None:
            return
        if self._viewer.layers.selection.active is not layer:
            self.settle()
            self.tool = ""
            self.tool_changed.emit("")

    @contextmanager
    def _arranging(self) -> Iterator[None]:
        """While layers are made and moved, napari hands the mouse to and fro; that lays no tool down."""
        before, self._arranged = self._arranged, True
        try:
            yield
        finally:
            self._arranged = before
            layer, layers = self.shapes.layer, self._viewer.layers
            if not before and self.tool and layer is not None and layers.selection.active is not layer:
                layers.selection.active = layer

    def _zoomed(self, event: object = None) -> None:
        layer = self.shapes.layer
        if layer is None or self.subject is None or self.shapes.busy:
            return
        pixel = View.of(self._viewer, layer).pixel
        if not 0.8 < pixel / self.shapes.pixel < 1.25:
            self.shapes.widths(pixel)
        self.gestures.zoomed()

    def _bring_into_view(self, one: str) -> None:
        """Move the camera to an outline that is not wholly seen; the zoom stays unless it is larger than the canvas."""
        outline = next((outline for outline in self.outlines if outline.id == one), None)
        if outline is None or self.subject is None or self.subject.layer not in self._viewer.layers:
            return
        layer, box = self.subject.layer, outline.bounds
        view = View.of(self._viewer, layer)
        low = (box.top - 0.5, box.left - 0.5)
        high = (low[0] + box.height, low[1] + box.width)
        if all(a >= b for a, b in zip(low, view.low, strict=True)) and all(
            a <= b for a, b in zip(high, view.high, strict=True)
        ):
            return
        centre = [(a + b) / 2 for a, b in zip(low, high, strict=True)]
        camera = self._viewer.scene.camera
        fits = min((view.high[i] - view.low[i]) / max(high[i] - low[i], 1e-9) for i in range(2))
        if fits < 1.25:
            camera.zoom *= fits / 1.25
        camera.center = (0.0, *view.world(self._viewer, layer, centre))
