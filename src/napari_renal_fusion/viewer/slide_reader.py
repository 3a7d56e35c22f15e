"""File > Open for slides: what npe2 asks of a reader, and the layer that is drawn from what is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari.types import LayerData


def get_reader(path: str | Sequence[str]) -> Callable[[str | Sequence[str]], list[LayerData]] | None:
    """The reader for one slide or several; None if one of the paths does not end as slides do."""
    from ..cases.slide_files import SLIDE_SUFFIXES

    paths = _paths(path)
    known = SLIDE_SUFFIXES | {".tif", ".tiff"}
    return read_slides if paths and all(one.suffix.lower() in known for one in paths) else None


def read_slides(path: str | Sequence[str]) -> list[LayerData]:
    """Open slides as multiscale layers; the tiles are read when they are looked at.

    A slide whose pixel size is missing or cannot be true counts in pixels, and napari shows the question.

    Raises
    ------
    RenalFusionError
        If one cannot be opened.
    """
    from napari import current_viewer
    from napari.utils.notifications import show_info

    from ..cases.slide import open_slide
    from .slide_layer import slide_arguments, slide_levels

    layers = []
    for one in _paths(path):
        slide = open_slide(one)
        if slide.doubt is not None:
            show_info(
                f"{slide.doubt.message} Until then it counts in pixels. Answer in the renal fusion workspace, "
                "or with: renal-fusion slide PATH --um-per-pixel ..."
            )
        arguments = slide_arguments(slide, slide.pixel_size, one.stem.removesuffix(".ome"))
        layers.append((slide_levels(slide), arguments, "image"))
    viewer = current_viewer()
    if viewer is not None:
        _attach_when_added(viewer, [levels for levels, _, _ in layers])
    return layers


def _attach_when_added(viewer: Any, waiting: list[Sequence[Any]]) -> None:
    """Napari makes the layers itself, after this reader has returned."""
    from .slide_layer import attach, tiles_of

    expected = [levels[0].tiles for levels in waiting]

    def added(event: Any) -> None:
        tiles = tiles_of(event.value)
        if tiles in expected:
            expected.remove(tiles)
            attach(viewer, event.value)
        if not expected:
            viewer.layers.events.inserted.disconnect(added)

    viewer.layers.events.inserted.connect(added)


def _paths(path: str | Sequence[str]) -> list[Path]:
    return [Path(one) for one in ([path] if isinstance(path, str | Path) else path)]
