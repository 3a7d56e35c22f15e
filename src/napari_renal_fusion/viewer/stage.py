"""Which image is on the canvas, and its heat map: between board, reader and canvas."""

from __future__ import annotations

import base64
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QObject, Signal
from qtpy.QtGui import QImage

from ..cases import Box, Case, ImageItem, Modality, PixelSize, SlideItem
from ..cases.slide import Slide
from ..cases.slide_item import keyed_slides
from ..compute.settings import Settings
from ..errors import RenalFusionError
from ..explain.explanation import Explanation
from ..inputs.selection import keyed_images
from .board import Board
from .canvas import Canvas
from .model_runs import ModelRuns
from .pictures import Picture, read_picture
from .reader import Reader
from .slide_layer import tiles_of
from .threads import Threads
from .words import SET_ASIDE, SLIDE_TITLE, cell_size, heat_map_title

if TYPE_CHECKING:
    from napari.layers import Image

_KEPT_PICTURES = 6
"""Decoded images kept for going back and forth; a light image takes 19 MB."""


class Stage(QObject):
    """Shows one image of the open case at a time, with the heat map of the chosen class on it."""

    shown = Signal()
    """An image is on the canvas, or it became clear that it cannot be."""
    slide_changed = Signal()
    """A slide came onto the canvas, left it, or has another pixel size; see :attr:`shown_slide`."""

    def __init__(
        self, canvas: Canvas, threads: Threads, runs: ModelRuns, reader: Reader, board: Board, parent: QObject
    ):
        super().__init__(parent)
        self._canvas, self._threads, self._runs = canvas, threads, runs
        self._reader, self._board = reader, board
        self._place = -1
        self._items: dict[str, ImageItem] = {}
        self._slides: dict[str, SlideItem] = {}
        self._slide: tuple[int, str, Slide] | None = None
        self._pictures: OrderedDict[tuple[int, str], Picture] = OrderedDict()
        self._wanted = ""
        self._settings = Settings()

    @property
    def key(self) -> str:
        """Key of the image that is on the canvas, or about to be."""
        return self._wanted

    @property
    def shown_slide(self) -> tuple[str, SlideItem, Image] | None:
        """Key, item and layer of the slide on the canvas; None while something else is, or nothing."""
        layer = self._canvas.shown_layer
        if self.open_slide is None or layer is None or layer is not self._canvas.slide_layer:
            return None
        return self._wanted, self._slides[self._wanted], layer

    @property
    def open_slide(self) -> Slide | None:
        """The open slide that is on the canvas, or about to be."""
        if self._slide is None or self._slide[:2] != (self._place, self._wanted):
            return None
        return self._slide[2]

    @property
    def picture(self) -> Picture | None:
        """The image on the canvas, or about to be, once it is read; None for a slide."""
        return self._pictures.get((self._place, self._wanted))

    def key_of_slide(self, item: SlideItem) -> str | None:
        """The key on the board of a slide of the open case."""
        return next((key for key, one in self._slides.items() if one == item), None)

    @property
    def explanation(self) -> Explanation | None:
        """The explanation for the class and method that the reader shows."""
        answer = self._runs.answer(self._place)
        if answer is None:
            return None
        return answer.explanations.get((self._reader.heat_map.class_index, self._reader.heat_map.method))

    def show_case(self, place: int, case: Case) -> None:
        """Show the first image of another case."""
        self._place, self._items, self._slides = place, keyed_images(case), keyed_slides(case.slides)
        self._pictures.clear()
        self._wanted = ""
        first = next(iter((*self._items, *self._slides)), None)
        if first is not None:
            self.show_image(first)
        else:
            self._canvas.clear()
            self.slide_changed.emit()

    def follow_case(self, case: Case) -> None:
        """What is known of the open case's images changed: the image on the canvas takes over its pixel size."""
        before, self._items = self._items, keyed_images(case)
        for key, item in self._items.items():
            ready = self._pictures.get((self._place, key))
            if ready is None or item == before.get(key):
                continue
            if item.stated_pixel_size is None:  # the file's own, which is read in a thread
                del self._pictures[self._place, key]
            else:
                self._pictures[self._place, key] = replace(ready, pixel_size=item.stated_pixel_size)
        if self._wanted in self._items and self._items[self._wanted] != before.get(self._wanted):
            self.show_image(self._wanted)

    def reread(self) -> None:
        """Read the image on the canvas anew: what is said of images of its kind changed."""
        self._pictures.clear()
        if self._wanted in self._items:
            self.show_image(self._wanted)

    def show_image(self, key: str) -> None:
        """Show an image or slide; it is read in another thread, and the last one asked for wins."""
        if key in self._slides:
            self._show_slide(key)
        if key not in self._items:
            return
        self._wanted = key
        self._board.set_current(key)
        place, item = self._place, self._items[key]
        ready = self._pictures.get((place, key))
        if ready is not None:
            self._show(place, ready)
            return
        self._threads.run(
            lambda: read_picture(key, item),
            lambda picture: self._keep_and_show(place, picture),
            lambda error: self._unreadable(place, key, error),
            urgent=True,
        )

    def _show_slide(self, key: str) -> None:
        self._wanted = key
        self._board.set_current(key)
        place, item = self._place, self._slides[key]
        if self.open_slide is not None:
            self._slide_opened(place, key, self.open_slide)
            return
        self._threads.run(
            item.open,
            lambda slide: self._slide_opened(place, key, slide),
            lambda error: self._unreadable(place, key, error),
            urgent=True,
        )

    def _slide_opened(self, place: int, key: str, slide: Slide) -> None:
        if (place, key) != (self._place, self._wanted):
            slide.close()
            return
        self._slide = place, key, slide
        self._canvas.show_slide(slide, SLIDE_TITLE, self._slide_title(key, slide))
        self._canvas.afterwards(self._slide_shown)

    def _slide_shown(self) -> None:
        shown = self.shown_slide
        tiles = tiles_of(shown[2]) if shown is not None else None
        if tiles is not None and not tiles.property("told"):
            tiles.setProperty("told", True)
            key = shown[0]
            tiles.problem.connect(lambda sentence: self._board.set_problem(key, sentence))
        self.shown.emit()
        self.slide_changed.emit()

    def rescale(self, pixel_size: PixelSize | None) -> None:
        """The slide on the canvas has another pixel size: a person said it, or took it back."""
        slide = self.open_slide
        if slide is None:
            return
        slide.take_answer(pixel_size)
        self._canvas.rescale_slide(slide, self._slide_title(self._wanted, slide))
        self._canvas.afterwards(self.slide_changed.emit)

    def _slide_title(self, key: str, slide: Slide) -> str:
        size = slide.pixel_size
        scale = f"{size.um:.4g} µm a pixel" if size else "uncalibrated"
        return f"{SLIDE_TITLE} · {self._slides[key].stain or key} · {scale}"

    def step(self, by: int) -> None:
        """Go along the board."""
        order = self._board.order
        if not order:
            return
        now = order.index(self._wanted) if self._wanted in order else 0
        self.show_image(order[(now + by) % len(order)])

    def show_explanation(self) -> None:
        """An explanation arrived: fill the reader's lower parts, order the board, lay the heat map."""
        answer = self._runs.answer(self._place)
        if answer is None or not answer.explanations:
            return
        section = self._reader.heat_map
        names = answer.prediction.class_names
        asked = [key for key in answer.explanations if key[1] == section.method] or list(answer.explanations)
        if section.classes.count() != len(names) or self.explanation is None:
            section.show_classes(names, asked[-1][0])
        explanation = self.explanation or answer.explanations[asked[-1]]
        section.show_methods(explanation.methods, explanation.method)
        index, name = explanation.class_index, explanation.class_name
        if explanation.contributions is not None:
            self._reader.contributions.show_contributions(
                explanation.contributions, answer.prediction.probabilities, index, name
            )
        if explanation.bag is not None:
            self._board.show_bag(explanation.bag, index, name)
            self._board.set_current(self._wanted)
        self.lay_heat_map()

    def lay_heat_map(self) -> None:
        """Lay the heat map of the image that is shown, or say why it has none."""
        picture = self._pictures.get((self._place, self._wanted))
        explanation = self.explanation
        if picture is None or explanation is None:
            return
        name = self._items[self._wanted].name
        heat_map = explanation.heat_map(self._entered() or self._wanted)
        if heat_map is None or heat_map.raw is None:
            aside = heat_map is not None and not heat_map.used
            self._canvas.hide_heat_map()
            self._canvas.set_title(f"{name} · {SET_ASIDE if aside else 'did not enter the model'}")
            return
        cell = cell_size(heat_map, picture.pixel_size)
        settings = self._settings
        self._canvas.show_heat_map(
            heat_map, explanation.range_for(heat_map), style=settings.overlay, opacity=settings.overlay_opacity,
            title=heat_map_title(explanation.class_name, explanation.method, cell),
        )  # fmt: skip
        dark = heat_map.modality != Modality.OM
        self._reader.heat_map.show_legend(explanation.range_for(heat_map), dark=dark, cell=cell)

    def forget_answer(self) -> None:
        """An answer may not be shown: a heat map of an earlier one does not stay on the canvas."""
        overlay = self._canvas.overlay
        if overlay is not None and overlay.visible and self.picture is not None:
            self.show_image(self._wanted)

    def apply(self, settings: Settings) -> None:
        """Take over another style or opacity."""
        before, self._settings = self._settings, settings
        if (before.overlay, before.overlay_opacity) != (settings.overlay, settings.overlay_opacity):
            self.lay_heat_map()

    def toggle_model_input(self) -> None:
        """Show the picture that the model saw in place of the image, or the image again."""
        if self._canvas.model_input_shown:
            self._canvas.hide_model_input()
            self.lay_heat_map()
            return
        key, place, entered = self._wanted, self._place, self._entered()
        if entered is None:
            if key not in self._slides:
                self._canvas.set_title(
                    f"{self._items[key].name} · did not enter the model" if key in self._items else ""
                )
            return
        self._runs.model_input(place, entered, lambda result: self._lay_model_input(place, key, result))

    def _entered(self) -> str | None:
        """Key of what the model saw of the image on the canvas: the whole of it, or a glomerulus on it."""
        answer = self._runs.held(self._place)
        return answer.prediction.selection.on_image(self._wanted) if answer is not None else None

    def _lay_model_input(self, place: int, key: str, result: dict) -> None:
        if (place, key) != (self._place, self._wanted):
            return
        image = QImage.fromData(base64.b64decode(result["png"])).convertToFormat(QImage.Format.Format_RGB888)
        rows = np.frombuffer(image.constBits().asarray(image.sizeInBytes()), np.uint8)
        rows = rows.reshape(image.height(), image.bytesPerLine())[:, : 3 * image.width()]
        pixels = rows.reshape(image.height(), image.width(), 3).copy()
        self._canvas.show_model_input(pixels, Box(*result["box"]))
        height, width = pixels.shape[:2]
        self._canvas.set_title(f"{self._items[key].name} · what the model saw: {width} x {height} pixels")

    def _keep_and_show(self, place: int, picture: Picture) -> None:
        self._pictures[place, picture.key] = picture
        while len(self._pictures) > _KEPT_PICTURES:
            self._pictures.popitem(last=False)
        self._show(place, picture)

    def _show(self, place: int, picture: Picture) -> None:
        if (place, picture.key) != (self._place, self._wanted):
            return
        self._pictures.move_to_end((place, picture.key))
        item = self._items[picture.key]
        calibrated = "" if picture.pixel_size else " · uncalibrated"
        self._canvas.show(item.modality, picture, f"{item.modality.title} · {item.name}{calibrated}")
        self.lay_heat_map()
        self._canvas.afterwards(self.shown.emit)
        self._canvas.afterwards(self.slide_changed.emit)

    def _unreadable(self, place: int, key: str, error: RenalFusionError) -> None:
        if (place, key) == (self._place, self._wanted):
            self._canvas.set_title(str(error))
        self._board.set_problem(key, str(error))
        self.shown.emit()
