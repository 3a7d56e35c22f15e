"""The canvas: one image at a time with its heat map, scale bar and title, and few layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject

from ..cases import Box, Modality, PixelSize, placement
from ..cases.slide import Slide
from ..explain.explanation import HeatMap
from .fit import fit_layer
from .overlays import LAYER_NAME, cell_arguments, contour_arguments
from .pictures import Picture
from .slide_layer import SURROUND, add_open_slide, set_pixel_size, tiles_of
from .turns import Turns

if TYPE_CHECKING:
    import napari
    from napari.layers import Image, Layer

MODEL_INPUT_NAME = "What the model saw"
_CLEAR = 54
"""Pixels kept free above and below an image."""
_SURROUND = {Modality.OM: "#F4F3F1", Modality.IM: "#000000", Modality.TEM: "#000000"}


class Canvas(QObject):
    """Owns the layers of the workspace: OM, IM, one TEM, one slide, one overlay, and what the model saw.

    ``layer.data`` is replaced rather than layers added. A layer that the person removed is made again
    when its image is shown next. Images without a pixel size count in pixels; because one such layer
    would make napari drop the units of all others, layers of the other kind leave the list meanwhile.
    """

    def __init__(self, viewer: napari.Viewer, parent: QObject | None = None):
        super().__init__(parent)
        self._viewer = viewer
        self._turns = Turns(self)
        self._images: dict[Modality, Image] = {}
        self._overlay: Layer | None = None
        self._input: Image | None = None
        self._slide: Image | None = None
        self._shown: tuple[Modality, Picture] | None = None
        self._slide_shown = False
        self._displays: dict[Modality, tuple[float, float, int, str]] = {}
        self._title = ""
        self.guests: dict[str, Callable[[], list[Layer]]] = {}
        """Layers that others lay over ours, by who they are; those of the other kind leave with ours."""
        self.leaving: list[Callable[[], None]] = []
        """Called before another image comes, so that nothing stays that belongs to the one before."""
        self.front: Callable[[], Layer | None] = lambda: None
        """The layer that has the mouse while somebody draws; with None it is the image."""
        text, bar = viewer.canvas.overlays.text, viewer.canvas.overlays.scale_bar
        text.position, text.font_size, text.box = "top_left", 9, True
        bar.font_size, bar.box = 9, True

    @property
    def busy(self) -> bool:
        return self._turns.busy

    @property
    def shown_layer(self) -> Image | None:
        """Layer of the image or slide that is shown now, None if the person removed it."""
        if self._slide_shown:
            return self.slide_layer
        if self._shown is None:
            return None
        layer = self._images.get(self._shown[0])
        return layer if self._alive(layer) else None

    @property
    def shown_key(self) -> str:
        """Key of the image that is shown, "" for a slide or nothing."""
        return self._shown[1].key if self._shown is not None else ""

    @property
    def slide_layer(self) -> Image | None:
        """The slide's layer, shown or not."""
        return self._slide if self._alive(self._slide) else None

    @property
    def overlay(self) -> Layer | None:
        """The heat map's layer, if there is one."""
        return self._overlay if self._alive(self._overlay) else None

    def show(self, modality: Modality, picture: Picture, title: str) -> None:
        """Show an image alone; a heat map of the image before it goes."""
        changed = self._shown is None or self._shown[1].key != picture.key or self.shown_layer is None
        self._shown, self._slide_shown = (modality, picture), False
        self._turns.drop()
        if changed:
            self._turns.add(*self.leaving)
        self._turns.add(self._hide_overlays)
        for layer in self._of_other_kind(picture.pixel_size):
            self._turns.add(self._removal(layer))
        self._turns.add(lambda: self._place(modality, picture))
        self._turns.add(lambda: self._only(modality), self._show_scale_bar)
        if changed:
            self._turns.add(self._fit)
        self.set_title(title)

    def show_slide(self, slide: Slide, name: str, title: str) -> None:
        """Show a slide alone on white; the layer of another slide goes, that of the same one is shown again."""
        layer = self.slide_layer
        same = layer is not None and layer.data[0].slide is slide
        changed = not (same and self._slide_shown)
        self._shown, self._slide_shown = None, True
        self._turns.drop()
        if changed:
            self._turns.add(*self.leaving)
        self._turns.add(self._hide_overlays)
        for other in self._of_other_kind(slide.pixel_size):
            self._turns.add(self._removal(other))
        if not same:
            if layer is not None:
                self._turns.add(self._removal(layer))
            self._turns.add(lambda: self._place_slide(slide, name))
        self._turns.add(lambda: self._only(None), self._show_scale_bar)
        if changed:
            self._turns.add(self._fit)
        self.set_title(title)

    def rescale_slide(self, slide: Slide, title: str) -> None:
        """The slide that is shown has another pixel size now."""
        for other in self._of_other_kind(slide.pixel_size):
            if other is not self._slide:
                self._turns.add(self._removal(other))
        self._turns.add(lambda: self._rescale(slide), self._fit)
        self.set_title(title)

    def show_heat_map(
        self, heat_map: HeatMap, raw_range: tuple[float, float], *, style: str, opacity: float, title: str
    ) -> None:
        """Lay a heat map over the image that is shown (it must be the map's own image)."""
        if self._shown is None:
            return
        modality, picture = self._shown
        if style == "contours":
            dark = modality != Modality.OM
            arguments = contour_arguments(heat_map, raw_range, picture.pixel_size, dark=dark)
            self._turns.add(lambda: self._lay_contours(arguments, opacity))
        else:
            arguments = cell_arguments(heat_map, raw_range, picture.pixel_size)
            self._turns.add(lambda: self._lay_cells(arguments, opacity))
        self._turns.add(self._activate_image)
        self.set_title(title)

    def hide_heat_map(self) -> None:
        """Hide the heat map, for example of an image that the model set aside."""
        self._turns.add(self._hide_overlays)

    def toggle_heat_map(self) -> bool | None:
        """Switch the heat map off or on; returns whether it is on now, None if there is none."""
        if self.overlay is None:
            return None
        self.overlay.visible = not self.overlay.visible
        return self.overlay.visible

    def set_opacity(self, opacity: float) -> None:
        if self.overlay is not None:
            self.overlay.opacity = opacity

    def show_model_input(self, pixels: np.ndarray, box: Box) -> None:
        """Show the picture that the model saw, in its place over the image."""
        if self._shown is None:
            return
        scale, translate, units = placement(pixels.shape[:2], box).to_world(self._shown[1].pixel_size)
        self._turns.add(lambda: self._lay_input(pixels, scale, translate, units))

    def hide_model_input(self) -> None:
        if self._alive(self._input):
            self._input.visible = False

    @property
    def model_input_shown(self) -> bool:
        return self._alive(self._input) and self._input.visible

    def set_display(self, modality: Modality, low: float, high: float, white: int, note: str = "") -> None:
        """Show images of a modality between two shares of their full scale; ``white`` is that of 16-bit ones.

        A number on the layer: pixels stay as they are. ``note`` stands under the title of such images.
        """
        self._displays[modality] = low, high, white, note
        self._turns.add(lambda: self._limit(modality), lambda: self._write(self._title))

    def set_title(self, title: str) -> None:
        """Write a line onto the image's upper left corner."""
        self._turns.add(lambda: self._write(title))

    def afterwards(self, function: Callable[[], None]) -> None:
        """Call ``function`` when everything asked for so far is on the canvas."""
        self._turns.add(function)

    def clear(self) -> None:
        """Remove every layer of ours."""
        self._turns.drop()
        self._turns.add(*self.leaving)
        self._shown, self._slide_shown = None, False
        for layer in self._ours():
            self._turns.add(self._removal(layer))
        self.set_title("")

    def close(self) -> None:
        """Stop touching the viewer and give the canvas its own background back."""
        self._turns.drop()
        self._viewer.canvas.background_color_override = None
        self._write("")
        for layer in (self._slide,):
            if layer is not None:
                tiles_of(layer).close()
        self._images, self._overlay, self._input, self._shown, self._slide = {}, None, None, None, None
        self._viewer = None

    def _limit(self, modality: Modality) -> None:
        """Lay the display range of a modality on its layer; the graphics card does the rest, of RGB too."""
        layer = self._images.get(modality)
        if modality in self._displays and self._alive(layer):
            low, high, white, _ = self._displays[modality]
            full = white if layer.data.dtype == np.uint16 else 255
            layer.contrast_limits = (low * full, high * full)

    def _write(self, title: str) -> None:
        text, self._title = self._viewer.canvas.overlays.text, title
        note = self._displays[self._shown[0]][3] if self._shown and self._shown[0] in self._displays else ""
        # Two lines keep clear of the image (:data:`_CLEAR`), a third would not.
        between = " · " if "\n" in title else "\n"
        text.text, text.visible = f"{title}{between}{note}" if title and note else title, bool(title)

    def _show_scale_bar(self) -> None:
        bar = self._viewer.canvas.overlays.scale_bar
        if not bar.visible:
            bar.visible = True

    def _place(self, modality: Modality, picture: Picture) -> None:
        layer = self._images.get(modality)
        size, unit = _world(picture.pixel_size)
        if self._alive(layer) and layer.rgb == picture.rgb and layer.data.dtype == picture.pixels.dtype:
            layer.data = picture.pixels
            layer.scale, layer.units = (size, size), (unit, unit)
            if not picture.rgb:
                layer.contrast_limits = picture.limits
            self._limit(modality)
            return
        if self._alive(layer):
            self._viewer.layers.remove(layer)
        limits = {} if picture.rgb else {"contrast_limits": picture.limits, "colormap": "gray"}
        made = self._viewer.add_image(
            picture.pixels,
            rgb=picture.rgb,
            name=modality.title,
            scale=(size, size),
            units=(unit, unit),
            **limits,
        )
        self._images[modality] = made
        self._limit(modality)
        # New images go below what lies over them.
        for above in (self._overlay, self._input):
            if self._alive(above):
                self._viewer.layers.move(self._viewer.layers.index(above), len(self._viewer.layers))

    def _place_slide(self, slide: Slide, name: str) -> None:
        self._slide = add_open_slide(self._viewer, slide, name)
        for above in (self._overlay, self._input):
            if self._alive(above):
                self._viewer.layers.move(self._viewer.layers.index(above), len(self._viewer.layers))

    def _rescale(self, slide: Slide) -> None:
        if self.slide_layer is not None and self._slide.data[0].slide is slide:
            set_pixel_size(self._slide, slide.pixel_size)

    def _only(self, modality: Modality | None) -> None:
        """Show the layer of a modality, or with None the slide, and no other image."""
        for other, layer in [*self._images.items(), (None, self._slide)]:
            if self._alive(layer):
                layer.visible = other == modality
        self._viewer.canvas.background_color_override = _SURROUND[modality] if modality else SURROUND
        self._activate_image()

    def _fit(self) -> None:
        layer = self.shown_layer
        if layer is not None:
            fit_layer(self._viewer, layer, _CLEAR)  # the title above and the scale bar below keep clear

    def _lay_contours(self, arguments: dict[str, Any], opacity: float) -> None:
        from napari.layers import Surface

        if self.overlay is not None and not isinstance(self._overlay, Surface):
            self._viewer.layers.remove(self._overlay)
        if self.overlay is None:
            self._overlay = self._viewer.add_surface(
                name=LAYER_NAME, shading="none", blending="translucent_no_depth", opacity=opacity, **arguments
            )
            return
        layer = self._overlay
        # Colours of another number of vertices cannot be drawn, not even for a moment.
        layer.vertex_colors = None
        layer.data = arguments["data"]
        layer.vertex_colors = arguments["vertex_colors"]
        self._take_over(layer, arguments, opacity)

    def _lay_cells(self, arguments: dict, opacity: float) -> None:
        from napari.layers import Image

        if self.overlay is not None and not isinstance(self._overlay, Image):
            self._viewer.layers.remove(self._overlay)
        if self.overlay is None:
            self._overlay = self._viewer.add_image(
                name=LAYER_NAME, colormap="cividis", interpolation2d="nearest", opacity=opacity,
                blending="translucent", **arguments,
            )  # fmt: skip
            return
        layer = self._overlay
        layer.data = arguments["data"]
        layer.contrast_limits = arguments["contrast_limits"]
        self._take_over(layer, arguments, opacity)

    @staticmethod
    def _take_over(layer: Layer, arguments: dict[str, Any], opacity: float) -> None:
        layer.scale, layer.translate, layer.units = (
            arguments[name] for name in ("scale", "translate", "units")
        )
        layer.metadata = arguments.get("metadata", {})
        layer.opacity, layer.visible = opacity, True

    def _lay_input(self, pixels: np.ndarray, scale: tuple, translate: tuple, units: tuple) -> None:
        if not self._alive(self._input):
            self._input = self._viewer.add_image(
                pixels, rgb=True, name=MODEL_INPUT_NAME, scale=scale, translate=translate, units=units,
                interpolation2d="nearest",
            )  # fmt: skip
        else:
            self._input.data = pixels
            self._input.scale, self._input.translate, self._input.units = scale, translate, units
            self._input.visible = True
        self._activate_image()

    def _hide_overlays(self) -> None:
        for layer in (self._overlay, self._input):
            if self._alive(layer):
                layer.visible = False

    def _activate_image(self) -> None:
        front = self.front() or self.shown_layer
        if front is not None and self._viewer.layers.selection.active is not front:
            self._viewer.layers.selection.active = front

    def _of_other_kind(self, pixel_size: PixelSize | None) -> list[Layer]:
        calibrated = pixel_size is not None
        guests = [layer for theirs in self.guests.values() for layer in theirs()]
        others = (*self._ours(), *(layer for layer in guests if self._alive(layer)))
        return [layer for layer in others if (str(layer.units[-1]) != "pixel") != calibrated]

    def _ours(self) -> list[Layer]:
        candidates = [*self._images.values(), self._slide, self._overlay, self._input]
        return [layer for layer in candidates if self._alive(layer)]

    def _removal(self, layer: Layer) -> Callable[[], None]:
        def remove() -> None:
            if self._alive(layer):
                self._viewer.layers.remove(layer)

        return remove

    def _alive(self, layer: Layer | None) -> bool:
        return layer is not None and layer in self._viewer.layers


def _world(pixel_size: PixelSize | None) -> tuple[float, str]:
    return (pixel_size.value, pixel_size.unit) if pixel_size else (1.0, "pixel")
