"""Ordinary napari image layers as a case, and heat maps as layers that sit on their parents."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..cases import Case, ImageItem, Modality
from ..cases.pixel_values import over_white, whole_range
from ..errors import RenalFusionError
from ..explain.explanation import HeatMap
from .case_json import case_to_json

if TYPE_CHECKING:
    from napari.layers import Image

_SAME = 3.0
"""Grey levels by which a file may differ from its layer: two JPEG decoders round differently."""


@dataclass(frozen=True)
class OpenImage:
    """A layer's pixels and file, taken on the main thread; everything slow happens later in a thread."""

    name: str
    modality: Modality
    data: Any
    rgb: bool
    path: Path | None

    @classmethod
    def of(cls, layer: Image, modality: Modality) -> OpenImage:
        """Look at a layer.

        Raises
        ------
        RenalFusionError
            ``layer_not_flat`` if it has more than two dimensions.
        """
        data = layer.data[0] if layer.multiscale else layer.data
        if layer.ndim != 2:
            raise RenalFusionError(
                "layer_not_flat",
                f"The layer {layer.name} has {layer.ndim} dimensions",
                remedy="Choose a layer with one flat image; a stack can be split in napari's layer menu.",
            )
        path = layer.source.path
        return cls(layer.name, modality, data, layer.rgb, Path(path) if path else None)

    def item(self) -> ImageItem:
        """Describe the image by its file if that still is what the layer shows, else by its pixels.

        The file is preferred because it is read as the command line reads it, with the depth, the
        orientation and the colours that the model expects.
        """
        shown = whole_pixels(np.asarray(self.data), self.rgb, self.path or Path(self.name))
        if self.path is not None and self.path.is_file():
            from_file = ImageItem(path=self.path, modality=self.modality)
            try:
                stored = from_file.read()
            except RenalFusionError:
                stored = None
            if stored is not None and _same_picture(stored, shown):
                return from_file
        return ImageItem(path=Path(self.name), modality=self.modality, pixels=shown)


def request_case(images: Sequence[OpenImage]) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Make the ``case`` and ``choice`` of a request; pixels go through files that the model's process deletes.

    Keys count per modality in the order given ("TEM-1", "TEM-2"), as everywhere.
    """
    case = Case(case_id="open layers", patient_id="open layers", images=tuple(one.item() for one in images))
    files = {}
    for place, item in enumerate(case.images):
        if item.pixels is not None:
            with tempfile.NamedTemporaryFile(prefix="renal-fusion-", suffix=".npy", delete=False) as file:
                np.save(file, item.pixels, allow_pickle=False)
            files[place] = Path(file.name)
    choice = {
        modality.value: [f"{modality.value}-{number + 1}" for number, _ in enumerate(case.of(modality))]
        for modality in Modality
        if case.of(modality)
    }
    return case_to_json(case, files), choice


def whole_pixels(values: np.ndarray, rgb: bool, path: Path) -> np.ndarray:
    """Bring a layer's values to what :meth:`ImageItem.read` gives: uint8 or uint16, grey or RGB."""
    pixels = whole_range(values, path)
    if rgb and pixels.shape[-1] == 4:
        pixels = over_white(pixels[..., :3], pixels[..., 3])
    return np.ascontiguousarray(pixels)


def heat_map_arguments(parent: Image, heat_map: HeatMap, raw_range: tuple[float, float]) -> dict[str, Any]:
    """Arguments of an Image layer of cells on a parent that may be scaled, moved, turned or sheared."""
    placed = heat_map.placement
    # Position of the first cell's centre: through the parent's own transform, without its extra affine.
    world = parent.data_to_world(placed.translate)
    translate = parent.affine.inverse(world)
    low, high = raw_range
    return {
        "data": np.asarray(heat_map.raw, dtype=np.float32),
        "contrast_limits": (low, high if high > low else low + 1.0),
        "scale": tuple(np.asarray(parent.scale) * placed.scale),
        "translate": tuple(np.asarray(translate)),
        "rotate": parent.rotate,
        "shear": parent.shear,
        "affine": parent.affine,
        "units": parent.units,
    }


def _same_picture(stored: np.ndarray, shown: np.ndarray) -> bool:
    if stored.shape[:2] != shown.shape[:2]:
        return False
    first, second = (_grey(one[::7, ::7]) for one in (stored, shown))
    return bool(np.abs(first - second).mean() < _SAME)


def _grey(pixels: np.ndarray) -> np.ndarray:
    levels = pixels.astype(np.float32) * (1 / 257 if pixels.dtype == np.uint16 else 1)
    return levels.mean(axis=2) if levels.ndim == 3 else levels
