"""The attention dock: choose what is looked at, the map on the slide, top patches, genes, answers without a part."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import napari.viewer
from qtpy.QtCore import QEvent, QSize, Qt, Signal
from qtpy.QtGui import QImage
from qtpy.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from ...cases import Box, SlideItem
from ...errors import RenalFusionError
from ...explain.attention import SlideAttention, TokenAttention
from ...explain.attention_grid import AttentionGrid, attention_grid
from ...figures import NOT_SEGMENTATION, length_text
from ..pictures import to_qimage
from ..theme import RHYTHM, dock_style, label
from ..threads import Threads
from ..words import RESEARCH_USE
from .choice_section import ChoiceSection
from .host import Host
from .map_layer import AttentionLayers
from .parts import AttentionParts, Choice
from .questions import AttentionQuestions
from .sections import PatchSection, SkipSection, SurvivalSection
from .token_bars import TokenBars

if TYPE_CHECKING:
    from napari.layers import Layer

TOP = 12
_TILE = 192
"""Pixels of a read patch; twice what is drawn, for fine screens."""

NO_CASE = "Open a case that has slides or a row of omics."
NOTHING_HERE = (
    "This case has no slides and no omics. Put slides into its folder WSI, or one row of omics into omics.csv; "
    "then open it again."
)
NOT_ASKED = "Attention is what the model looked at while it answered. Press Run to ask it about this case."


class AttentionDock(QWidget):
    """Follows a :class:`Host`; what is not there is said, with what to do about it."""

    closed = Signal()

    def __init__(self, viewer: napari.viewer.Viewer, host: Host):
        super().__init__()
        self._viewer = getattr(viewer, "__wrapped__", viewer)
        self._closed = False
        self.host = host
        host.setParent(self)
        self.threads = Threads(2, self)
        self.questions = AttentionQuestions(host.engine, self)
        self.layers = AttentionLayers(self._viewer, self)
        self.attention: SlideAttention | TokenAttention | None = None
        self._grid: AttentionGrid | None = None
        self._opacity = 0.6
        self._to_choose: int | None = None
        self.choice, self.patches, self.tokens = ChoiceSection(), PatchSection(), TokenBars()
        self.skip, self.survival = SkipSection(), SurvivalSection()
        self.empty = label("", "")
        self.run_button = QPushButton("Run")
        self.run_button.setProperty("role", "main")
        self.message = label("", "warning")
        self._assemble()
        self._connect()
        self._apply_theme()
        self._show_case()

    def sizeHint(self) -> QSize:
        return QSize(344, 640)

    def minimumSizeHint(self) -> QSize:
        return QSize(332, 300)

    @property
    def busy(self) -> bool:
        return self.questions.busy or self.threads.busy or self.layers.busy

    def choose_patch(self, place: int) -> None:
        """Fly to a top patch and outline it; its slide comes onto the canvas first if it is not there."""
        if not isinstance(self.attention, SlideAttention):
            return
        self.patches.gallery.set_current(place)
        layer = self._layer()
        if layer is None:
            item = self._item(self.attention)
            if item is not None:
                self._to_choose = place
                self.host.show_slide(item)
            return
        self.layers.choose(self.attention.box(self.attention.top(TOP)[place]), layer)

    def shut(self) -> None:
        """Let go of viewer, threads and host; safe at any moment, also twice."""
        if self._closed:
            return
        self._closed = True
        self._viewer.events.theme.disconnect(self._apply_theme)
        # napari destroys a dock with what is in it, so that some of these may be gone already.
        for close in (
            self.host.close, self.questions.close, self.threads.close, self.layers.remove_now, self.closed.emit,
        ):  # fmt: skip
            with contextlib.suppress(RuntimeError):
                close()
        self._viewer = None

    def event(self, event: QEvent) -> bool:
        """Napari takes a closed dock's widget out of its frame and keeps it: that is where this one ends."""
        if event.type() == QEvent.Type.ParentChange and self.parentWidget() is None:
            self.shut()
        return super().event(event)

    def _assemble(self) -> None:
        inside = QWidget()
        self.column = column = QVBoxLayout(inside)
        column.setContentsMargins(RHYTHM, RHYTHM, RHYTHM, RHYTHM)
        column.setSpacing(RHYTHM + RHYTHM // 2)
        row = QHBoxLayout()
        row.addWidget(self.run_button)
        row.addStretch(1)
        column.addWidget(self.empty)
        column.addLayout(row)
        for part in (
            self.message, self.choice, self.tokens, self.patches, self.skip, self.survival,
        ):  # fmt: skip
            column.addWidget(part)
        column.addStretch(1)
        self.scroll = QScrollArea()
        self.scroll.setWidgetResizable(True)
        self.scroll.setFrameShape(QFrame.Shape.NoFrame)
        self.scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroll.setWidget(inside)
        foot = QHBoxLayout()
        foot.setContentsMargins(RHYTHM, RHYTHM // 2, RHYTHM, RHYTHM)
        foot.addStretch(1)
        foot.addWidget(label(RESEARCH_USE, "secondary", wrap=False))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.scroll, 1)
        outer.addLayout(foot)
        self.choice.opacity.setValue(round(100 * self._opacity))

    def _connect(self) -> None:
        self.host.case_changed.connect(self._show_case)
        self.host.slide_changed.connect(self._slide_changed)
        self.questions.parts_ready.connect(self._show_parts)
        self.questions.attention_ready.connect(self._show_attention)
        self.questions.failed.connect(self._fail)
        self.questions.nuclei_ready.connect(self._show_count)
        self.questions.nuclei_progressed.connect(self.patches.report)
        self.questions.nuclei_ended.connect(self.patches.finish_counting)
        self.choice.chosen.connect(self._ask)
        self.choice.opacity_changed.connect(self._set_opacity)
        self.patches.gallery.chosen.connect(self.choose_patch)
        self.patches.count_wanted.connect(self._count)
        self.patches.cancel_wanted.connect(self.questions.stop_counting)
        self.run_button.clicked.connect(self._run)
        self._viewer.events.theme.connect(self._apply_theme)

    def _show_case(self) -> None:
        """Another case or answer: begin anew, or say what is missing."""
        case, answer = self.host.case, self.host.answer
        self._tell("")
        if case is None or not (case.slides or case.omics is not None):
            self._show_nothing(NO_CASE if case is None else NOTHING_HERE)
        elif (
            answer is None or not answer.prediction_id
        ):  # of a stored answer the model holds nothing to look into
            self._show_nothing(NOT_ASKED, run=True)
        else:
            self.survival.show_answer(answer.prediction.survival)
            self.questions.set_answer(answer.prediction_id)
            return
        self.questions.set_answer(None)
        self.survival.show_answer(None)

    def _show_nothing(self, sentence: str, *, run: bool = False) -> None:
        self.attention = self._grid = None
        self.threads.drop()
        self.layers.remove()
        self.empty.setText(sentence)
        self.empty.setVisible(bool(sentence))
        self.run_button.setVisible(run)
        for part in (self.choice, self.tokens, self.patches, self.skip):
            part.hide()

    def _show_parts(self, parts: AttentionParts) -> None:
        self._show_nothing(parts.reason)
        if parts.reason:
            return
        self.choice.show()
        self.choice.show_parts(parts.parts)
        self.skip.show_table(parts.skip)
        self._ask(self.choice.choice)

    def _ask(self, choice: Choice | None) -> None:
        self._tell("")
        part = self.choice.part
        if part is None or choice is None:
            return
        if part.reason:
            self.attention = self._grid = None
            self.layers.remove()
            self.choice.show_reason(part.reason)
            self.tokens.hide()
            self.patches.hide()
            return
        self.questions.ask(choice)

    def _show_attention(self, choice: Choice, attention: SlideAttention | TokenAttention) -> None:
        self.questions.stop_counting()
        self.attention, self._grid, self._to_choose = attention, None, None
        slide = isinstance(attention, SlideAttention)
        self.patches.setVisible(slide)
        self.tokens.show_attention(None if slide else attention)
        if not slide:
            self.choice.show_tokens(attention)
            self.layers.remove()
            return
        self._show_legend()
        self.patches.show_patches(attention.top(TOP), attention.even, slide=bool(attention.slides))
        self._read_tiles(attention)
        self.threads.run(
            lambda: attention_grid(attention), lambda grid: self._take_grid(attention, grid), self._fail,
            urgent=True,
        )  # fmt: skip

    def _take_grid(self, attention: SlideAttention, grid: AttentionGrid) -> None:
        if attention is self.attention:
            self._grid = grid
            self._slide_changed()

    def _slide_changed(self) -> None:
        """Lay the map if its slide is on the canvas, else take it away."""
        layer = self._layer()
        if layer is None:
            self.layers.remove()
            return
        self._show_legend()
        if self._grid is not None:
            title = map_title(self.attention, layer)
            self.layers.lay(self._grid, layer, self.attention.raw_range, self._opacity, title)
        if self._to_choose is not None:
            place, self._to_choose = self._to_choose, None
            self.choose_patch(place)

    def _show_legend(self) -> None:
        """The size of a patch is only known where the slide is."""
        self.choice.show_slide(self.attention, patch_text(self.attention.patch_level0, self._layer()))

    def _read_tiles(self, attention: SlideAttention) -> None:
        item = self._item(attention)
        if item is None:
            return
        for tile in self.patches.gallery.tiles:
            box = attention.box(tile.patch)
            self.threads.run(
                lambda box=box: read_tile(item, box), tile.set_picture,
                lambda error, tile=tile: tile.set_problem(str(error)),
            )  # fmt: skip

    def _count(self) -> None:
        item = self._item(self.attention) if isinstance(self.attention, SlideAttention) else None
        if item is None:
            return
        todo = [self.attention.box(tile.patch) for tile in self.patches.gallery.tiles if tile.count is None]
        self._tell("")
        self.patches.start_counting()
        self.questions.count_nuclei(item, todo)
        if not todo:
            self.patches.finish_counting()

    def _show_count(self, box: Box, count: object) -> None:
        for tile in self.patches.gallery.tiles:
            if isinstance(self.attention, SlideAttention) and self.attention.box(tile.patch) == box:
                tile.set_count(count)
        self.patches.show_method(count)

    def _item(self, attention: SlideAttention) -> SlideItem | None:
        """The slide of the case that an attention belongs to; None for features without a slide."""
        if self.host.case is None or attention.slide >= len(attention.slides):
            return None
        wanted = Path(attention.slides[attention.slide])
        return next((item for item in self.host.case.slides if item.path == wanted), None)

    def _layer(self) -> Layer | None:
        """The layer of the slide that the attention belongs to, if it is on the canvas."""
        shown = self.host.shown
        if shown is None or not isinstance(self.attention, SlideAttention):
            return None
        return shown.layer if shown.item == self._item(self.attention) else None

    def _set_opacity(self, opacity: float) -> None:
        self._opacity = opacity
        self.layers.set_opacity(opacity)

    def _run(self) -> None:
        if self.host.can_run:
            self._tell("")
            self.host.run()
        else:
            self._tell("Choose a model first, or wait until the run under way is done.")

    def _fail(self, error: RenalFusionError) -> None:
        self.patches.finish_counting()
        self._tell(str(error))

    def _tell(self, sentence: str) -> None:
        self.message.setText(sentence)
        self.message.setVisible(bool(sentence))

    def _apply_theme(self, _: object = None) -> None:
        self.setStyleSheet(dock_style(self._viewer.theme))


def map_title(attention: SlideAttention, layer: Layer) -> str:
    """The two lines that lie on the slide."""
    patch = patch_text(attention.patch_level0, layer)
    return f"Attention to {attention.modality} {NOT_SEGMENTATION}\n{attention.label} · patch {patch}"


def patch_text(side: int, layer: Layer | None) -> str:
    """Side of a patch on the slide: ``112 µm``, or in pixels where the slide's scale is not known."""
    if layer is None or str(layer.units[-1]) == "pixel":
        return f"{side} px"
    um = (side * float(layer.scale[-1]) * layer.units[-1]).to("micrometer").magnitude
    return length_text(um)


def read_tile(item: SlideItem, box: Box) -> QImage:
    """Read a patch for the gallery; touches the file, so this runs in a thread."""
    from ...explain.slide_patches import read_patch

    with item.open() as slide:
        return to_qimage(read_patch(slide, box, _TILE))
