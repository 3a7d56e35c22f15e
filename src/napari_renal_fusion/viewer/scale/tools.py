"""The tools on the canvas: two clicks on a scale bar, the ruler, the upper edge of a legend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from ...cases import PixelSize
from .canvas_clicks import CanvasClicks
from .facts import ImageFacts
from .marks import Mark, Marks, canvas_of
from .measurements import Line, Measurements, Place
from .words import NO_RULER, measured, measured_both

if TYPE_CHECKING:
    from napari.layers import Layer

    from ..scale_section import ScaleSection
    from ..workspace import Workspace

_REACH = 12.0  # pixels of the screen: how far from a click the end of a bar may lie
_TITLES = {
    "bar": "Click on one end of the scale bar, then on the other. Esc leaves.",
    "ruler": "Click on two places to measure between them. Esc leaves.",
    "edge": "Click on the upper edge of the legend. Esc leaves.",
}


class Tools(QObject):
    """At most one tool is on; it is left by its button, by Escape, or when another image comes."""

    bar_clicked = Signal(object, object, float)
    """Two places on the image and how many of its pixels a bar's end may lie away from them."""
    edge_clicked = Signal(object)
    """Rows below the place that was clicked."""

    def __init__(self, workspace: Workspace, section: ScaleSection, parent: QObject):
        super().__init__(parent)
        self._workspace, self._section = workspace, section
        self._clicks = CanvasClicks(workspace.viewer, self)
        self._marks: Marks | None = None
        self.measurements = Measurements()
        self._key, self._layer, self._size = "", None, None
        self._facts: ImageFacts | None = None
        self._tool = ""
        self._first: Place | None = None
        self._pending: Line | None = None
        self._bar: tuple[Place, Place] | None = None
        self._buttons = {
            "bar": section.image.bar_button,
            "ruler": section.ruler.button,
            "edge": section.legend.edge_button,
        }
        section.image.bar_wanted.connect(lambda on: self._use("bar" if on else ""))
        section.ruler.ruler_wanted.connect(lambda on: self._use("ruler" if on else ""))
        section.legend.place_wanted.connect(lambda on: self._use("edge" if on else ""))
        section.ruler.delete_wanted.connect(self._delete)
        self._clicks.clicked.connect(self._clicked)
        self._clicks.moved.connect(self._moved)
        self._clicks.ended.connect(self._ended)

    @property
    def _image(self) -> tuple[str, str]:
        case = self._workspace.case
        return (case.code if case is not None else "", self._key)

    @property
    def tool(self) -> str:
        """``bar``, ``ruler``, ``edge``, or "" while the mouse moves the image as always."""
        return self._tool

    @property
    def marks(self) -> tuple[Mark, ...]:
        """What is painted over the canvas now."""
        return self._marks.marks if self._marks is not None else ()

    def follow(
        self, key: str, layer: Layer | None, size: PixelSize | None, facts: ImageFacts | None = None
    ) -> None:
        """Another image is on the canvas, or its pixel size or legend is another now."""
        if key != self._key or layer is not self._layer:
            self.leave()
            self._bar = None
        self._key, self._layer, self._size, self._facts = key, layer, size, facts
        if size is not None:
            self._section.ruler.show_message("")
        elif self._tool == "ruler":
            self.leave()
        self._draw()

    def forget(self) -> None:
        """Another case is open."""
        self.leave()
        self.follow("", None, None)

    def leave(self) -> None:
        """Give the mouse back to napari."""
        self._clicks.end()

    def shut(self) -> None:
        self.leave()
        if self._marks is not None:
            self._marks.shut()
            self._marks = None

    def bar_by_key(self) -> None:
        if self._facts is not None and self._section.image.ways.isVisible():
            self._use("" if self._tool == "bar" else "bar")

    def ruler_by_key(self) -> None:
        if self._layer is not None:
            self._use("" if self._tool == "ruler" else "ruler")

    def mark_bar(self, first: Place | None, second: Place | None) -> None:
        """Show where the bar that is being measured begins and ends; None takes the mark away."""
        self._bar = None if first is None or second is None else (first, second)
        self._draw()

    def _use(self, tool: str) -> None:
        self.leave()
        if tool == "ruler" and self._size is None:
            self._section.ruler.show_message(NO_RULER)
            tool = ""
        if tool and self._layer is not None and self._layer in self._workspace.viewer.layers:
            self._tool = tool
            self._clicks.begin(self._layer, _TITLES[tool])
        self._show_buttons()

    def _ended(self) -> None:
        self._tool, self._first, self._pending = "", None, None
        self._show_buttons()
        self._draw()

    def _show_buttons(self) -> None:
        for tool, button in self._buttons.items():
            button.setChecked(tool == self._tool)

    def _clicked(self, place: Place) -> None:
        if self._tool == "edge":
            height = self._layer.data.shape[0]
            rows = height - round(place[0] + 0.5)
            self.leave()
            if 0 < rows < height:
                self.edge_clicked.emit(rows)
        elif self._first is None:
            self._first = place
        else:
            first, self._first, self._pending = self._first, None, None
            if self._tool == "ruler":
                if first != place:
                    self.measurements.add(self._image, Line(first, place))
                self._draw()
            else:
                reach = _REACH * self._clicks.pixels_per_screen()
                self.leave()
                self.bar_clicked.emit(first, place, reach)

    def _moved(self, place: Place) -> None:
        if self._first is not None:
            self._pending = Line(self._first, place)
            self._draw()

    def _delete(self, place: int) -> None:
        self.measurements.delete(self._image, place)
        self._draw()

    def _draw(self) -> None:
        """Paint what belongs to the image, and list its measurements."""
        lines = self.measurements.of(self._image) if self._size is not None else ()
        self._section.ruler.show_measured([measured_both(line.um(self._size)) for line in lines])
        marks = [Mark(line.start, line.end, measured(line.um(self._size))) for line in lines]
        if self._pending is not None:
            words = measured(self._pending.um(self._size)) if self._tool == "ruler" and self._size else ""
            marks.append(Mark(self._pending.start, self._pending.end, words))
        if self._bar is not None:
            marks.append(Mark(*self._bar, "Scale bar"))
        marks += self._legend_mark()
        if marks and self._marks is None:
            canvas = canvas_of(self._workspace.viewer)
            if canvas is None:
                return
            self._marks = Marks(self._workspace.viewer, canvas)
        if self._marks is not None:
            self._marks.show_marks(self._layer, tuple(marks))

    def _legend_mark(self) -> list[Mark]:
        """A thin line along the upper edge of the legend that is cut for the model."""
        facts = self._facts
        if facts is None:
            return []
        rows = facts.legend.rows if facts.legend is not None else 0
        rows = rows if facts.item.legend is None else facts.item.legend
        if not rows:
            return []
        edge = facts.shape[0] - rows - 0.5
        return [Mark((edge, -0.5), (edge, facts.shape[1] - 0.5), "Legend: not for the model", quiet=True)]
