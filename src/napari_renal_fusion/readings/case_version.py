"""The version of a case: a hash over everything about it that may change what a model answers."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from ..cases import Case, ImageItem, SlideItem
from ..cases.record import CaseRecord, ImageRecord
from ..inputs.selection import keyed_images


def case_version(case: Case, record: CaseRecord | None = None) -> str:
    """SHA-256 in hexadecimal; equal as long as no answer about the case can have changed.

    Hashed are, of every image that is not excluded, its id, its content (the record's SHA-256; bytes and time of
    change of the file where nobody hashed it), page, modality, stain, magnification, crop and outline, legend,
    intensity and stated pixel size; of slides their file, stain and pixel size; and the omics row. Chosen glomeruli
    count as images, so they must be in the case. No image is opened. A display range, a sure sorting, a pattern or
    a name change nothing.
    """
    known = record.images if record is not None else {}
    content: dict[str, Any] = {
        "images": [
            _image(key, item, known.get(key.partition(".")[0]))
            for key, item in sorted(keyed_images(case).items())
        ],
        "slides": [_slide(one) for one in case.slides],
        "omics": {name: dict(block) for name, block in case.omics.blocks.items()} if case.omics else None,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def _image(key: str, item: ImageItem, known: ImageRecord | None) -> list[Any]:
    crop = item.crop
    stated = item.stated_pixel_size
    return [
        key, _content(item, known), item.page, item.modality.value, item.stain, item.magnification,
        [crop.top, crop.left, crop.height, crop.width] if crop else None,
        repr(getattr(item, "cut_out", None)), item.legend, item.intensity,
        [stated.value, stated.unit] if stated else None,
    ]  # fmt: skip


def _content(item: ImageItem, known: ImageRecord | None) -> str:
    if item.pixels is not None:
        return hashlib.sha256(item.pixels.tobytes()).hexdigest()
    return known.sha256 if known is not None and known.sha256 else _stamp(item)


def _slide(item: SlideItem) -> list[Any]:
    size = item.stated_pixel_size
    return [_stamp(item), item.stain, [size.value, size.unit] if size else None]


def _stamp(item: ImageItem | SlideItem) -> str:
    try:
        found = item.path.stat()
    except OSError:
        return "missing"
    return f"{found.st_size} {found.st_mtime_ns}"
