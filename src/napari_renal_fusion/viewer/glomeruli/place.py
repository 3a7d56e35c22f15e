"""Glomeruli in the reading workspace: outlines follow the image on the canvas, the dock comes when it is asked for."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject

from ...bundles import find, read_config
from ...cases import Case, ImageItem, Modality, PixelSize, SlideItem
from ...cases.slide_item import keyed_slides
from ...errors import RenalFusionError
from ...glomeruli.drawing import Drawing, content_of, journal_path, stored_outlines
from ...glomeruli.edits import Add, Outlines
from ...glomeruli.geojson import read_geojson, write_geojson
from ...inputs.selection import keyed_images
from ...notices import Notice
from .. import keys
from ..threads import Threads
from ..words import SHORT_TITLES
from .editor import Editor
from .subject import Subject

if TYPE_CHECKING:
    from napari.layers import Layer, Shapes

    from ..workspace import Workspace
    from .dock import GlomeruliDock

DOCK_NAME = "Glomeruli"
_UNDO = {"Control-Z": lambda place: place.editor.undo(), "Control-Shift-Z": lambda place: place.editor.redo()}
_SHEET = (
    ("Control-Z", "undo on the outlines"), ("Control-Shift-Z", "redo"), ("N", "next outline"), ("P", "previous outline"),
    ("G", "polygon"), ("B", "brush"), ("E", "eraser"), ("X", "box"), ("S", "select"), ("V", "points"),
    ("1", "class: normal; 2 to 9 the others, 0 none"), ("Delete", "delete the chosen outlines"),
)  # fmt: skip
"""Keys that act while the list or the canvas has the keyboard."""
_KEPT = 12
"""Drawings that stay open, so that going back and forth between images costs nothing."""


class GlomeruliPlace(QObject):
    """Owned by the workspace. Journals are read, opened and imported to in a thread; one edit is one line, at once."""

    def __init__(self, workspace: Workspace):
        super().__init__(workspace)
        self._workspace: Workspace | None = workspace
        self._threads = Threads(1, self)
        self._open: OrderedDict[tuple[str, str], Drawing] = OrderedDict()
        self._opening: set[tuple[str, str]] = set()
        self._shown: tuple[str, str] | None = None
        self._subject: Subject | None = None
        self.dock: GlomeruliDock | None = None
        self.editor = Editor(workspace.viewer, self)
        self.editor.on_layer = self._bind_layer_keys
        workspace.canvas.guests[DOCK_NAME] = self._layers
        workspace.canvas.leaving.append(self._leave)
        workspace.canvas.front = self._front
        workspace.case_opened.connect(self._case_opened)
        workspace.case_changed.connect(lambda _: self._show(self._workspace.stage.key))
        workspace.image_shown.connect(self._show)
        workspace.stage.slide_changed.connect(lambda: self._show(self._workspace.stage.key))
        workspace.reader.run.bundle_chosen.connect(lambda _: self._tell_rule())
        # The antibodies' cells have an undo of their own, so ours is no key of the whole window.
        for key, action in _UNDO.items():
            workspace.viewer.bind_key(key, lambda _, action=action: action(self), overwrite=True)
        keys.register(workspace, [("Alt-G", "list of glomeruli", self.bring_to_front)], DOCK_NAME)
        keys.table_of(workspace).rows += [keys.KeyRow(key, what, DOCK_NAME) for key, what in _SHEET]

    @property
    def busy(self) -> bool:
        return self._threads.busy

    def bring_to_front(self) -> None:
        """Open the dock, or show it where another one covers it."""
        if self.dock is None:
            from .dock import GlomeruliDock

            self.dock = GlomeruliDock(self.editor)
            self.dock.import_wanted.connect(self.import_outlines)
            self.dock.export_wanted.connect(self.export_outlines)
            self.dock.installEventFilter(self)
        docks = self._workspace.docks
        docks.show_part(DOCK_NAME, self.dock, "right")
        reader = docks._dock_of(self._workspace)
        if reader is not None:
            reader.setWindowTitle("Reader")  # what its tab says
        self.dock.table.setFocus()
        self._tell_rule()
        self._show(self._workspace.stage.key)

    def import_outlines(self, path: Path) -> None:
        """Add the outlines of a GeoJSON file to the image on the canvas, as one edit; those already there stay as they are."""
        editor = self.editor
        drawing, subject = editor.drawing, editor.subject
        if drawing is None or editor.waiting:
            return
        editor.settle()

        def read() -> tuple[Notice, ...]:
            found = read_geojson(path, subject.shape)
            known = {one.id for one in drawing.outlines}
            fresh = tuple(one for one in found.outlines if one.id not in known)
            notices = list(found.notices)
            if len(fresh) < len(found.outlines):
                there = len(found.outlines) - len(fresh)
                notices.append(
                    Notice(
                        code="outlines_known",
                        message=f"{there} of the file's outlines are here already.",
                        severity="info",
                    )
                )
            if fresh:
                notices += drawing.do(Add(outlines=fresh))
                editor.lines.prepare(drawing.outlines)
            return tuple(notices)

        def done(notices: tuple[Notice, ...]) -> None:
            editor.lent.remove(drawing)
            if editor.drawing is not drawing:  # its outlines are shown when the image comes again
                return
            editor.follow()
            sentences = list(dict.fromkeys(notice.message for notice in notices))
            warned = any(notice.severity != "info" for notice in notices)
            more = f" And {len(sentences) - 3} more." if len(sentences) > 3 else ""
            editor.said.emit(" ".join(sentences[:3]) + more, "warning" if warned else "")

        def failed(error: RenalFusionError) -> None:
            editor.lent.remove(drawing)
            editor.said.emit(str(error), "error")

        editor.lent.append(drawing)
        editor.said.emit("Reading the outlines…", "")
        self._threads.run(read, done, failed, urgent=True)

    def export_outlines(self, path: Path) -> None:
        """Write the outlines of the image on the canvas for QuPath."""
        outlines = self.editor.outlines
        self._workspace.writing.run(
            lambda: write_geojson(path, outlines),
            lambda _: self.editor.said.emit(f"{len(outlines):,} outlines are in {path.name}.", ""),
            lambda error: self.editor.said.emit(str(error), "error"),
        )

    def shut(self) -> None:
        """Keep what is being drawn, close the journals and let go; safe at any moment, also twice."""
        workspace, self._workspace = self._workspace, None
        if workspace is None:
            return
        self.editor.close()
        self._threads.close()
        self._close_drawings()
        for key in _UNDO:
            workspace.viewer.bind_key(key, None, overwrite=True)
        workspace.canvas.guests.pop(DOCK_NAME, None)
        with contextlib.suppress(ValueError):
            workspace.canvas.leaving.remove(self._leave)
        workspace.canvas.front = lambda: None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.dock and self._workspace is not None:
            if event.type() == QEvent.Type.Hide:
                self.editor.set_tool("")
            elif event.type() == QEvent.Type.Show:
                self._show(self._workspace.stage.key)
        return False

    @property
    def _editing(self) -> bool:
        """Whether the person wants to change outlines: the dock is there, and no other one covers it."""
        return self.dock is not None and self.dock.isVisible()

    def _case_opened(self, case: Case) -> None:
        self._shown = None
        self.editor.show(None, None)
        self._threads.drop()
        self._close_drawings()

    def _leave(self) -> None:
        """Another image comes: what is being drawn is kept, and no outline lies on an image that is not its own."""
        self.editor.settle()
        self._shown = None
        self.editor.show(None, None, keep_tool=True)

    def _show(self, key: str) -> None:
        """Show the outlines of the image on the canvas, once their journal was read in a thread."""
        workspace = self._workspace
        case = workspace.case if workspace is not None else None
        layer = self._layer_of(key) if workspace is not None else None
        item = {**keyed_images(case), **keyed_slides(case.slides)}.get(key) if case is not None else None
        if item is None or layer is None or not case.code or not _may_be_marked(item):
            self._shown = None
            self.editor.show(None, None)
            return
        place = case.code, key
        subject = Subject(key, _title(key, item), layer, _shape_of(layer), _pixel_size_of(layer))
        self._shown, self._subject = place, subject
        drawing = self._open.get(place)
        if drawing is not None and self._editing:
            self._open.move_to_end(place)
            self.editor.show(subject, drawing)
            return
        if self._editing and place in self._opening:
            return  # its journal can be opened once only
        editing, editor = self._editing, self.editor

        def read() -> tuple[Drawing | None, Outlines]:
            content = content_of(item)
            opened, stored = None, ()
            if editing:
                opened = Drawing.of_case(
                    *place, work=workspace.work, content=content, image_shape=subject.shape
                )
            else:
                stored = stored_outlines(journal_path(workspace.work, *place), content)
            editor.lines.prepare(opened.outlines if opened is not None else stored)
            return opened, stored

        def done(found: tuple[Drawing | None, Outlines]) -> None:
            opened, stored = found
            if opened is not None:
                self._opening.discard(place)
                self._keep(place, opened)
            # Looked at only: the person may have begun to edit meanwhile.
            if self._shown == place and (opened is not None or not self._editing):
                self.editor.show(self._subject, opened, stored)

        def failed(error: RenalFusionError) -> None:
            self._opening.discard(place)
            if self._shown == place:
                self.editor.show(self._subject, None)
                self.editor.said.emit(str(error), "error")

        if editing:
            self._opening.add(place)
        self._threads.run(read, done, failed, urgent=True)

    def _layer_of(self, key: str) -> Layer | None:
        """The layer of an image that really is on the canvas; none for one that could not be read."""
        slide, canvas = self._workspace.stage.shown_slide, self._workspace.canvas
        if slide is not None:
            return slide[2] if slide[0] == key else None
        return canvas.shown_layer if canvas.shown_key == key else None

    def _tell_rule(self) -> None:
        """Say in the dock what the chosen model does with glomeruli."""
        name = self._workspace.reader.run.bundle
        if self.dock is None or name is None:
            return

        def read() -> str:
            # It brings the formats of bundles, of which opening the workspace needs none.
            from .model_rule import rule_in_words

            return rule_in_words(read_config(find(name)))

        self._threads.run(read, self.dock.show_model_rule, lambda error: self.dock.show_model_rule(""))

    def _keep(self, place: tuple[str, str], drawing: Drawing) -> None:
        self._open[place] = drawing
        while len(self._open) > _KEPT:
            oldest = next(one for one in self._open if one != self._shown)
            self._open.pop(oldest).close()

    def _close_drawings(self) -> None:
        for drawing in self._open.values():
            drawing.close()
        self._open.clear()
        self._opening.clear()
        self.editor.lent.clear()  # whoever worked on one was forgotten with it

    def _layers(self) -> list[Layer]:
        return [one for one in (self.editor.lines.layer, self.editor.shapes.layer) if one is not None]

    def _front(self) -> Layer | None:
        return self.editor.shapes.layer if self.editor.tool else None

    def _bind_layer_keys(self, layer: Shapes) -> None:
        """The dock's keys, also while the canvas has the keyboard; napari's own for shapes give way."""
        from .layer_keys import bind_layer_keys

        bind_layer_keys(layer, self.editor, lambda: self.dock)


def _may_be_marked(item: ImageItem | SlideItem) -> bool:
    return isinstance(item, SlideItem) or item.modality in (Modality.OM, Modality.IM)


def _title(key: str, item: ImageItem | SlideItem) -> str:
    """What the image is called here; never by its file."""
    what = "Slide" if isinstance(item, SlideItem) else SHORT_TITLES[item.modality]
    return f"{what} · {item.stain} · {key}" if item.stain else f"{what} · {key}"


def _shape_of(layer: Layer) -> tuple[int, int]:
    first = layer.data[0] if getattr(layer, "multiscale", False) else layer.data
    return int(first.shape[0]), int(first.shape[1])


def _pixel_size_of(layer: Layer) -> PixelSize | None:
    """The size by which napari shows the image, so that areas agree with the scale bar."""
    if str(layer.units[-1]) == "pixel":
        return None
    um = float((float(layer.scale[-1]) * layer.units[-1]).to("micrometer").magnitude)
    return PixelSize(value=um, unit="um", source="image")
