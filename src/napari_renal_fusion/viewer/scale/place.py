"""The image scale in the workspace: facts of the image that is shown, calibrating it, its legend, the ruler."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject

from ...cases import Case, ImageItem, PixelSize
from ...cases.calibration import LARGEST_UM, SMALLEST_UM
from ...cases.lab_scales import LabScale, forget_scale, remember_scale
from ...cases.record import CaseRecord
from ...cases.scale_bar import Bar, bar_near, pixel_size_of
from ...cases.sidecar import forget_answer, write_answer
from ...cases.slide_scale import check_answer
from ...errors import RenalFusionError
from ...inputs.selection import keyed_images
from .. import keys
from .facts import ImageFacts, read_facts, with_equal_legend
from .tools import Tools
from .words import measured

if TYPE_CHECKING:
    from ..workspace import Workspace


class ScalePlace(QObject):
    """Owned by the workspace; fills the section *Image scale* and does what its buttons ask for."""

    def __init__(self, workspace: Workspace):
        super().__init__(workspace)
        self._workspace: Workspace | None = workspace
        self.section = section = workspace.reader.scale
        self.facts: ImageFacts | None = None
        self._bar: Bar | None = None
        self._bar_pixels = 0.0
        self._others: tuple[str, ...] = ()
        self.tools = Tools(workspace, section, self)
        self.tools.bar_clicked.connect(self._bar_clicked)
        self.tools.edge_clicked.connect(self._say_legend)
        section.answered.connect(self._answer_slide)
        section.forget_wanted.connect(self._forget)
        section.image.found_bar_wanted.connect(self._take_found_bar)
        section.image.size_given.connect(self._take_size)
        section.image.length_given.connect(self._take_length)
        section.image.spread_wanted.connect(self._spread)
        section.image.remember_wanted.connect(self._remember)
        section.legend.rows_wanted.connect(self._say_legend)
        workspace.case_opened.connect(self._case_opened)
        workspace.case_changed.connect(lambda _: self.follow())
        workspace.image_shown.connect(lambda _: self.follow())
        workspace.stage.slide_changed.connect(self.follow)
        keys.register(
            workspace,
            [
                ("Alt-B", "calibrate: two clicks on the scale bar", self.tools.bar_by_key),
                ("Alt-E", "ruler", self.tools.ruler_by_key),
            ],
            group="Image scale",
        )

    @property
    def item(self) -> ImageItem | None:
        """The image on the canvas; None while a slide is, or nothing."""
        workspace = self._workspace
        if workspace is None or workspace.case is None or workspace.stage.open_slide is not None:
            return None
        return keyed_images(workspace.case).get(workspace.stage.key)

    def follow(self) -> None:
        """Another image or slide is on the canvas, or more is known of it."""
        workspace = self._workspace
        if workspace is None:
            return
        slide, shown = workspace.stage.open_slide, workspace.stage.shown_slide
        if slide is not None and shown is not None:
            self.facts = None
            self.section.show_slide(slide, shown[1])
            self.tools.follow(shown[0], shown[2], slide.pixel_size)
            return
        item, key, picture = self.item, workspace.stage.key, workspace.stage.picture
        if item is None or picture is None or slide is not None:
            self.facts = None
            self.section.show_nothing()
            self.tools.follow("", None, None)
            return
        if self.facts is not None and (self.facts.key, self.facts.item) == (key, item):
            self._show(self.facts)
            return
        workspace.threads.run(
            lambda: read_facts(key, item, picture.pixels),
            self._facts_read,
            lambda error: self._facts_unread(key, item),
        )

    def shut(self) -> None:
        self.tools.shut()
        self._workspace = None

    def _case_opened(self, case: Case) -> None:
        self.facts, self._others = None, ()
        self.tools.forget()
        self.section.show_nothing()

    def _facts_read(self, facts: ImageFacts) -> None:
        workspace = self._workspace
        if workspace is None or self.item != facts.item or workspace.stage.key != facts.key:
            return
        self._bar, self._others = None, ()
        before, self.facts = self.facts, facts
        self._show(facts)
        calibrated = before is None or before.pixel_size != facts.pixel_size
        if facts.stated and facts.bar is not None and calibrated:
            self._look_for_others(facts)

    def _facts_unread(self, key: str, item: ImageItem) -> None:
        """Nothing is said of an image that cannot be looked at; another one that came meanwhile keeps its section."""
        if self._workspace is not None and (self.item, self._workspace.stage.key) == (item, key):
            self.section.show_nothing()

    def _show(self, facts: ImageFacts) -> None:
        if self._bar is None:
            self.section.show_image(facts)
            self.section.image.offer_others(len(self._others))
        self.tools.follow(facts.key, self._workspace.canvas.shown_layer, facts.pixel_size, facts)

    def _look_for_others(self, facts: ImageFacts) -> None:
        """Which other images carry the same legend; each must be read, so the person is told when that is known."""
        images = keyed_images(self._workspace.case)

        def found(keys: tuple[str, ...]) -> None:
            if self.facts is facts:
                self._others = keys
                self.section.image.offer_others(len(keys))

        self._workspace.threads.run(lambda: with_equal_legend(facts.key, images), found, lambda error: None)

    def _take_found_bar(self) -> None:
        """The bar that was found in the legend is the right one."""
        if self.facts is not None and self.facts.bar is not None:
            self._measure(self.facts.bar, self.facts.bar.length)

    def _bar_clicked(self, first: tuple, second: tuple, reach: float) -> None:
        """Both ends were clicked: the bar beside the clicks is looked for, its ends are better than any click."""
        picture = self._workspace.stage.picture
        if self.facts is None or picture is None:
            return
        bar = bar_near(picture.pixels, first, second, reach)
        pixels = ((first[0] - second[0]) ** 2 + (first[1] - second[1]) ** 2) ** 0.5
        self._measure(bar, bar.length if bar is not None else pixels)
        if bar is None:
            self.tools.mark_bar(first, second)

    def _measure(self, bar: Bar | None, pixels: float) -> None:
        self._bar, self._bar_pixels = bar, pixels
        if bar is not None:
            self.tools.mark_bar((bar.row, bar.left), (bar.row, bar.right))
        self.section.show_message("")
        self.section.image.ask_length(bar, pixels)

    def _take_length(self, length: float, unit: str) -> None:
        if self.facts is None:  # the image is just being looked at anew
            return
        try:
            size = pixel_size_of(self._bar_pixels, length, unit)
        except RenalFusionError as error:
            self.section.show_message(str(error))
            return
        self._calibrate((self.facts.key,), size)

    def _take_size(self, value: float, unit: str) -> None:
        if self.facts is None:
            return
        um = value / 1000 if unit == "nm" else value
        if not SMALLEST_UM <= um <= LARGEST_UM:
            self.section.show_message(f"No microscope image has {measured(um)} a pixel. Check the unit.")
            return
        self._calibrate((self.facts.key,), PixelSize(value=value, unit=unit, source="person"))

    def _calibrate(self, images: tuple[str, ...], size: PixelSize | None) -> None:
        """Say the pixel size of images; None takes back what a person said."""
        self._bar = None
        self.tools.mark_bar(None, None)
        self._change(images, pixel_size=size)

    def _spread(self) -> None:
        others, self._others = self._others, ()
        if self.facts is not None and others:
            self._calibrate(others, self.facts.pixel_size)
            self.section.image.offer_others(0)

    def _say_legend(self, rows: int | None) -> None:
        if self.facts is not None:
            self._change((self.facts.key,), legend=rows)

    def _change(self, images: tuple[str, ...], **changes: object) -> None:
        """Change the record of images; the case follows once it is written."""

        def change(record: CaseRecord) -> CaseRecord:
            for one in images:
                if one in record.images:
                    record = record.with_image(one, **changes)
            return record

        self._workspace.change_record(change)

    def _forget(self) -> None:
        facts = self.facts
        if facts is None:
            self._answer_slide(None)
        elif facts.stated:
            self._calibrate((facts.key,), None)
        elif facts.lab is not None:
            self._write(lambda: forget_scale(facts.lab.scale_id))

    def _remember(self, magnification: float, device: str) -> None:
        facts = self.facts
        if facts is None or facts.pixel_size is None:
            return
        scale = LabScale(
            modality=facts.item.modality, magnification=magnification, height=facts.shape[0], width=facts.shape[1],
            pixel_size=facts.pixel_size, device=device,
        )  # fmt: skip
        self._write(lambda: remember_scale(scale), f"Remembered: {scale.words()}")

    def _write(self, work: Callable[[], object], said: str = "") -> None:
        """Change the laboratory's list, then look at every image anew."""

        def written(_: object) -> None:
            if self._workspace is None:
                return
            self.facts = None
            self._workspace.stage.reread()
            if said:
                self.section.show_message(said)

        self._workspace.writing.run(work, written, lambda error: self.section.show_message(str(error)))

    def _answer_slide(self, um: float | None) -> None:
        """Remember a person's pixel size of the slide (None: forget it), then show the slide with it."""
        workspace = self._workspace
        slide = workspace.stage.open_slide
        if slide is None:
            return

        def remember() -> PixelSize | None:
            if um is None:
                forget_answer(slide.path)
                return None
            size = check_answer(slide.path, um)
            write_answer(slide.path, size)
            return size

        def show(size: PixelSize | None) -> None:
            if self._workspace is not None and workspace.stage.open_slide is slide:
                workspace.stage.rescale(size)

        workspace.writing.run(remember, show, lambda error: self.section.show_message(str(error)))
