"""Images of a case made ready for export: read once, freed of burnt-in legends, made smaller by a whole number."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, replace

import numpy as np

from ..cases import Box, Case, ImageItem, Modality
from ..cases.legend import exported
from ..errors import RenalFusionError
from ..explain.explanation import Explanation, HeatMap
from ..figures import HeatStyle, covers_all, draw_heat, whole_zoom, zoom_box, zoom_image, zoom_placement
from ..inference.prediction import Prediction
from ..inputs.pixels import to_rgb8
from ..inputs.selection import keyed_images
from .privacy import case_name


@dataclass(frozen=True)
class Picture:
    """One image as it may be written.

    ``pixels`` is uint8 [h, w] or [h, w, 3]; ``zoom`` its pixels per pixel of the original; ``shape``
    the original's (height, width); ``pixel_um`` the original's pixel size, None if uncalibrated.
    """

    key: str
    modality: Modality
    pixels: np.ndarray
    zoom: float
    shape: tuple[int, int]
    pixel_um: float | None

    @property
    def dark(self) -> bool:
        """Immunofluorescence and electron images keep a black surround, light images a white one."""
        return self.modality != Modality.OM

    def smaller(self, width: int) -> Picture:
        """The same picture at most ``width`` pixels wide (by a whole number)."""
        step = math.ceil(self.pixels.shape[1] / width)
        if step <= 1:
            return self
        return replace(self, pixels=zoom_image(self.pixels, 1 / step), zoom=self.zoom / step)

    def with_heat(
        self,
        heat_map: HeatMap | None,
        limits: tuple[float, float],
        style: HeatStyle = "contours",
        *,
        unit: float | None = None,
    ) -> np.ndarray:
        """RGB pixels, uint8 [h, w, 3], with the map on top and the outline of what the model saw.

        ``unit`` is the base line width in pixels, by default by the picture's width.
        """
        if heat_map is None:
            return to_rgb8(self.pixels)
        raw = heat_map.raw
        scale, translate = (1.0, 1.0), (0.0, 0.0)
        if raw is not None:
            place = heat_map.placement
            scale, translate = zoom_placement(place.scale, place.translate, self.zoom)
        return draw_heat(
            self.pixels,
            raw,
            scale,
            translate,
            limits=limits,
            dark=self.dark,
            style=style,
            box=zoom_box(_sides(heat_map.box), self.zoom),
            unit=unit,
        )

    def outlined(self, heat_map: HeatMap | None) -> bool:
        """Whether the model saw only part of this image, so that its outline is drawn."""
        return heat_map is not None and not covers_all(_sides(heat_map.box), self.shape)


def read_picture(
    case: Case, prediction: Prediction, explanation: Explanation | None, key: str, *, least: int = 800
) -> Picture:
    """Read one image of the case without its burnt-in legend, which often holds a name.

    Electron images are also black outside of what the model saw.

    Raises
    ------
    RenalFusionError
        If the case has no such image (``image_unknown``) or it cannot be read.
    """
    item = keyed_images(case).get(key)
    if item is None:
        raise RenalFusionError(
            "image_unknown",
            f"Case {case_name(case)} has no image {key}",
            remedy="Give the case that the prediction was made for.",
        )
    array = exported(item)
    if item.modality == Modality.TEM and (seen := _seen(item, key, prediction, explanation)) is not None:
        array = _only(array, seen)
    shape = array.shape[:2]
    zoom = whole_zoom(shape, least=least)
    if array.dtype != np.uint8:
        array = to_rgb8(array)
    size = item.pixel_size
    return Picture(
        key=key,
        modality=item.modality,
        pixels=zoom_image(array, zoom),
        zoom=zoom,
        shape=shape,
        pixel_um=None if size is None else size.um,
    )


def encode_png(pixels: np.ndarray) -> bytes:
    """PNG of uint8 pixels and nothing else: no EXIF, no text."""
    return _encode(pixels, "PNG", compress_level=3)


def encode_jpeg(pixels: np.ndarray, *, most_bytes: int | None = None) -> bytes:
    """JPEG of uint8 pixels, full colour resolution; smaller in quality, then size, to keep ``most_bytes``.

    Without Pillow's ``optimize``, whose one buffer is too small for very noisy pictures ("broken data stream").
    """
    for step in (1, 2, 4):
        small = zoom_image(pixels, 1 / step)
        for quality in (86, 74, 60):
            data = _encode(small, "JPEG", quality=quality, subsampling=0)
            if most_bytes is None or len(data) <= most_bytes:
                return data
    return data


def thumbnail(picture: Picture, *, height: int = 96) -> bytes:
    """A small JPEG, ``height`` pixels high and at most twice as wide."""
    from PIL import Image

    image = Image.fromarray(to_rgb8(picture.pixels))
    image.thumbnail((2 * height, height), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return _encode(np.asarray(image), "JPEG", quality=80)


def _encode(pixels: np.ndarray, kind: str, **how) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, kind, **how)
    return buffer.getvalue()


def _seen(item: ImageItem, key: str, prediction: Prediction, explanation: Explanation | None) -> Box | None:
    heat_map = explanation.heat_map(key) if explanation is not None else None
    if heat_map is not None:
        return heat_map.box
    boxes = getattr(prediction._session, "boxes", {})
    return boxes.get(key) or item.crop


def _only(array: np.ndarray, seen: Box) -> np.ndarray:
    top, left = max(0, math.ceil(seen.top)), max(0, math.ceil(seen.left))
    bottom, right = math.floor(seen.top + seen.height), math.floor(seen.left + seen.width)
    clean = np.zeros_like(array)
    clean[top:bottom, left:right] = array[top:bottom, left:right]
    return clean


def _sides(box: Box) -> tuple[float, float, float, float]:
    return box.top, box.left, box.height, box.width
