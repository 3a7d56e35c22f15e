"""A slide as a napari layer that pans smoothly: several levels, in their places, drawn from what is there."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from ..cases import Box, PixelSize, SlideItem, placement
from ..cases.slide import Slide
from .slide_arrays import LevelArray, drawing
from .slide_tiles import SlideTiles

if TYPE_CHECKING:
    import napari
    from napari.layers import Image, Layer

SURROUND = "#FFFFFF"
"""White, as glass is: a slide has no edge."""


def slide_levels(slide: Slide) -> list[Any]:
    """The levels of an open slide as napari wants them, finest first; the coarsest of several is in memory."""
    tiles = SlideTiles(slide)
    levels = [LevelArray(slide, level, tiles) for level in range(len(slide.levels))]
    return [*levels[:-1], tiles.overview] if len(levels) > 1 else levels


def slide_arguments(slide: Slide, pixel_size: PixelSize | None, name: str) -> dict[str, Any]:
    """Arguments of ``add_image``: scale, translate and units of level 0; napari derives the other levels.

    napari takes each level to cover the whole slide, with centres moved by half of the difference in pixel
    size, as :func:`..cases.placement` does. The file's name and path are not among them.
    """
    whole = Box(0, 0, *map(float, slide.levels[0].shape))
    scale, translate, units = placement(slide.levels[0].shape, whole).to_world(pixel_size)
    return {
        "name": name, "rgb": True, "multiscale": True, "scale": scale, "translate": translate, "units": units,
    }  # fmt: skip


def add_slide(viewer: napari.Viewer, item: SlideItem) -> Image:
    """Open a slide and add it as a layer; only headers are read here, the tiles come by themselves.

    Raises
    ------
    RenalFusionError
        If the slide cannot be opened.
    """
    return add_open_slide(viewer, item.open(), item.name)


def add_open_slide(viewer: napari.Viewer, slide: Slide, name: str) -> Image:
    """Add a slide that is open already; it stays open as long as its layer is in the viewer."""
    levels = slide_levels(slide)
    layer = viewer.add_image(levels, **slide_arguments(slide, slide.pixel_size, name))
    attach(viewer, layer)
    return layer


def attach(viewer: napari.Viewer, layer: Layer) -> SlideTiles | None:
    """Let a layer made of :func:`slide_levels` be drawn from what is there, and follow it until it is removed.

    napari cuts what it draws by a request object of its own. Ours is the same with a mark set while it cuts;
    if a later napari has no such class, tiles are waited for, and nothing else changes.
    """
    tiles = tiles_of(layer)
    if tiles is None:
        return None
    state = getattr(layer, "_slicing_state", None)
    kind = getattr(state, "_slice_request_class", None)
    if kind is not None and not issubclass(kind, _Drawn):
        state._slice_request_class = type("SlideSliceRequest", (_Drawn, kind), {})
    here = weakref.ref(layer)

    def draw() -> None:
        shown = here()
        if shown is not None and shown.visible:
            shown.refresh(thumbnail=False, highlight=False, extent=False)

    def thumbnail() -> None:
        shown = here()
        if shown is not None:
            shown._update_thumbnail()

    def removed(event: Any) -> None:
        if event.value is here():
            viewer.layers.events.removed.disconnect(removed)
            tiles.close()

    tiles.arrived.connect(draw)
    tiles.overview_ready.connect(thumbnail)
    viewer.layers.events.removed.connect(removed)
    return tiles


def tiles_of(layer: Layer) -> SlideTiles | None:
    """The tiles behind a layer, None if it is no slide."""
    first = layer.data[0] if getattr(layer, "multiscale", False) else None
    return first.tiles if isinstance(first, LevelArray) else None


def set_pixel_size(layer: Layer, pixel_size: PixelSize | None) -> None:
    """Give a slide's layer another pixel size, as after a person's answer."""
    slide = layer.data[0].slide
    arguments = slide_arguments(slide, pixel_size, layer.name)
    layer.scale, layer.translate, layer.units = (arguments[key] for key in ("scale", "translate", "units"))


class _Drawn:
    """Marks the time in which napari cuts out what it draws."""

    def __call__(self):
        with drawing():
            return super().__call__()
