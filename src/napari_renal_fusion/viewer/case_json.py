"""A case as plain JSON and back, so that another process can read the same images."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ..cases import Box, Case, ImageItem, Modality, OmicsRow, PixelSize, SlideItem


def case_to_json(case: Case, pixel_files: Mapping[int, Path] | None = None) -> dict[str, Any]:
    """Describe a case by paths and metadata.

    Parameters
    ----------
    pixel_files
        For images that exist in memory only: index in ``case.images`` -> ``.npy`` file with their pixels.
    """
    pixel_files = pixel_files or {}
    return {
        "case_id": case.case_id,
        "code": case.code,
        "patient_id": case.patient_id,
        "biopsy_date": case.biopsy_date.isoformat() if case.biopsy_date else None,
        "folder": str(case.folder) if case.folder else None,
        "images": [_image_to_json(image, pixel_files.get(place)) for place, image in enumerate(case.images)],
        "slides": [_slide_to_json(slide) for slide in case.slides],
        "omics": asdict(case.omics) if case.omics else None,
    }


def case_from_json(data: Mapping[str, Any]) -> Case:
    """Rebuild what :func:`case_to_json` described; pixel files are read whole and deleted."""
    date = data.get("biopsy_date")
    return Case(
        case_id=data["case_id"],
        code=data.get("code", ""),
        patient_id=data["patient_id"],
        biopsy_date=dt.date.fromisoformat(date) if date else None,
        folder=Path(data["folder"]) if data.get("folder") else None,
        images=tuple(_image_from_json(one) for one in data["images"]),
        slides=tuple(_slide_from_json(one) for one in data.get("slides", ())),
        omics=OmicsRow(**data["omics"]) if data.get("omics") else None,
    )


def _slide_to_json(slide: SlideItem) -> dict[str, Any]:
    stated = slide.stated_pixel_size
    return {
        "path": str(slide.path),
        "stain": slide.stain,
        "stated_pixel_size": stated.model_dump() if stated else None,
    }


def _slide_from_json(data: Mapping[str, Any]) -> SlideItem:
    stated = data["stated_pixel_size"]
    return SlideItem(Path(data["path"]), data["stain"], PixelSize(**stated) if stated else None)


def _image_to_json(image: ImageItem, pixel_file: Path | None) -> dict[str, Any]:
    stated = image.stated_pixel_size
    return {
        "path": str(image.path),
        "modality": image.modality.value,
        "stain": image.stain,
        "magnification": image.magnification,
        "page": image.page,
        "image_id": image.image_id,
        "intensity": image.intensity,
        "stated_pixel_size": stated.model_dump() if stated else None,
        "crop": asdict(image.crop) if image.crop else None,
        "cut_out": asdict(image.cut_out) if image.cut_out else None,
        "is_cut": image.is_cut,
        "pixels": str(pixel_file) if pixel_file else None,
        "legend": image.legend,
    }


def _image_from_json(data: Mapping[str, Any]) -> ImageItem:
    pixels = None
    if data["pixels"]:
        file = Path(data["pixels"])
        pixels = np.load(file, allow_pickle=False)
        file.unlink(missing_ok=True)
    return ImageItem(
        path=Path(data["path"]),
        modality=Modality(data["modality"]),
        stain=data["stain"],
        magnification=data["magnification"],
        page=data["page"],
        image_id=data.get("image_id", ""),
        intensity=data["intensity"],
        stated_pixel_size=PixelSize(**data["stated_pixel_size"]) if data["stated_pixel_size"] else None,
        crop=Box(**data["crop"]) if data["crop"] else None,
        pixels=pixels,
        legend=data.get("legend"),
    )
