"""From an image as stored to the 8-bit RGB picture that a network gets, and where it lies on the image."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from ..cases import Box, ImageItem, Modality
from ..cases.legend import legend_rows
from ..errors import RenalFusionError
from ..notices import Notice
from .outline_mask import with_background

_Side = Annotated[int, Field(ge=16, le=4096)]
_Positive = Annotated[float, Field(gt=0)]
_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)


class Preprocessing(BaseModel):
    """How one modality's images are prepared.

    ``size`` is (height, width) of the network's input; ``resize`` is ``squash`` (the published way) or
    ``pad`` (keep the aspect, pad with the image's median colour); ``cut_bottom`` is the fraction of
    the height that is cut from below, where electron microscopes burn in their legend, of images in which
    none is found (see :func:`.cases.legend.find_legend`) and of which no person said how many rows it takes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: tuple[_Side, _Side] = (224, 224)
    resize: Literal["squash", "pad"] = "squash"
    cut_bottom: float = Field(0.0, ge=0.0, lt=0.5)
    mean: tuple[float, float, float] = _IMAGENET_MEAN
    std: tuple[_Positive, _Positive, _Positive] = _IMAGENET_STD


@dataclass(frozen=True)
class PreparedImage:
    """One image, ready for a network.

    ``pixels`` is uint8 [height, width, 3], the picture that the model sees; ``box`` the part of the
    original that it covers; ``image_sha256`` identifies the decoded original, ``input_sha256`` the
    prepared picture; ``synthetic`` tells whether the original carries the phantom stamp.
    """

    pixels: np.ndarray
    box: Box
    image_shape: tuple[int, int]
    image_sha256: str
    input_sha256: str
    notices: tuple[Notice, ...] = ()


def prepare_image(
    image: ImageItem, preprocessing: Preprocessing, array: np.ndarray | None = None
) -> PreparedImage:
    """Read and prepare one image; ``array`` spares reading it again.

    Raises
    ------
    RenalFusionError
        If the image cannot be read, or its crop leaves nothing.
    """
    array = image.read() if array is None else array
    notices = []
    if array.min() == array.max():
        notices.append(
            Notice(
                code="image_blank",
                path=image.path,
                message=f"{image.path.name} is one flat colour; it carries no information.",
            )
        )
    height, width = array.shape[:2]
    part, top, left = _part(image, preprocessing, array)
    rgb = to_rgb8(array[part], full_scale=full_scale_of(array))
    box = Box(top, left, rgb.shape[0], rgb.shape[1])
    rgb = _around_cut_out(image, rgb, box)
    if preprocessing.resize == "pad":
        rgb, box = _pad(rgb, box, preprocessing.size)
    resized = Image.fromarray(rgb).resize(preprocessing.size[::-1], Image.Resampling.BICUBIC)
    pixels = np.asarray(resized)
    return PreparedImage(
        pixels=pixels,
        box=box,
        image_shape=(height, width),
        image_sha256=array_sha256(array),
        input_sha256=array_sha256(pixels),
        notices=tuple(notices),
    )


def to_rgb8(array: np.ndarray, full_scale: int | None = None) -> np.ndarray:
    """Turn uint8 or uint16, [H, W] or [H, W, 3], into uint8 [H, W, 3].

    A 16-bit image is divided by its full scale, the smallest of 8, 10, 12, 14 and 16 bits that holds
    all but its brightest thousandth: cameras store 12 bits in 16, and dividing those by 65535 would show
    black; a few hot pixels must not decide.
    """
    if array.dtype == np.uint16:
        scale = full_scale or full_scale_of(array)
        array = np.minimum(array.astype(np.float32) * (255.0 / scale) + 0.5, 255).astype(np.uint8)
    if array.ndim == 2:
        array = np.repeat(array[..., None], 3, axis=2)
    return np.ascontiguousarray(array)


def array_sha256(array: np.ndarray) -> str:
    """SHA-256 of an array's shape, type and content."""
    digest = hashlib.sha256(f"{array.shape}{array.dtype.str}".encode())
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def full_scale_of(array: np.ndarray) -> int:
    """The value that is white: 255, or of 16 bits the smallest of 8, 10, 12, 14 and 16 bits that holds nearly all."""
    if array.dtype == np.uint8:
        return 255
    largest = int(np.quantile(array.ravel()[:: max(1, array.size // 200_000)], 0.999, method="higher"))
    return next(2**bits - 1 for bits in (8, 10, 12, 14, 16) if largest < 2**bits)


def _part(image: ImageItem, preprocessing: Preprocessing, array: np.ndarray):
    height, width = array.shape[:2]
    legend = legend_rows(image, array)
    top, left, bottom, right = 0, 0, height - legend, width
    if image.crop is not None:  # by a person, who excludes what they do not want: nothing is cut blindly
        top, left = max(0, round(image.crop.top)), max(0, round(image.crop.left))
        bottom = min(bottom, round(image.crop.top + image.crop.height))
        right = min(width, round(image.crop.left + image.crop.width))
    elif image.legend is None and not legend:
        bottom = height - round(height * preprocessing.cut_bottom)
    if bottom - top < 8 or right - left < 8:
        raise RenalFusionError(
            "crop_empty",
            f"The crop of {image.path.name} leaves less than 8 x 8 pixels",
            path=image.path,
            remedy="Draw a larger crop or remove it.",
        )
    return np.s_[top:bottom, left:right], top, left


def _around_cut_out(image: ImageItem, rgb: np.ndarray, box: Box) -> np.ndarray:
    """What a bundle asks of the background of a glomerulus; removed, it is white in light microscopy, else black."""
    cut = image.cut_out
    if cut is None or cut.background == "keep":
        return rgb
    fill = (image.modality is Modality.OM) * 1.0 if cut.fill is None else cut.fill
    rings = [ring for part in cut.parts for ring in part]
    side = max(cut.bounds.height, cut.bounds.width)
    return with_background(rgb, rings, box, cut.background, fill, longer_side=side)


def _pad(rgb: np.ndarray, box: Box, size: tuple[int, int]) -> tuple[np.ndarray, Box]:
    height, width = rgb.shape[:2]
    aspect = size[1] / size[0]
    full_height, full_width = max(height, round(width / aspect)), max(width, round(height * aspect))
    above, before = (full_height - height) // 2, (full_width - width) // 2
    padded = np.empty((full_height, full_width, 3), dtype=np.uint8)
    padded[:] = np.median(rgb[::16, ::16].reshape(-1, 3), axis=0).astype(np.uint8)
    padded[above : above + height, before : before + width] = rgb
    return padded, Box(box.top - above, box.left - before, full_height, full_width)
