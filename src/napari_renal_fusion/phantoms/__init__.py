"""Synthetic biopsies with known truth: images and truth only, no medicine.

A name is imported when it is first used: asking whether an image is a phantom must not load what draws them.
"""

from __future__ import annotations

from importlib import import_module

# Not lazily: a lazy function `stamp` would be hidden by its module of the same name.
from .stamp import is_phantom, stamp

_HOME = {
    "ANTIBODIES": "spec",
    "BiopsySpec": "spec",
    "Disease": "spec",
    "KNOWN": "spec",
    "LEGEND_SHARE": "legend",
    "Outlier": "spec",
    "PhantomImage": "spec",
    "PhantomSlide": "slide",
    "PlantedTruth": "slide",
    "Region": "slide_spec",
    "SAMPLE": "sample",
    "SLIDE_CLASSES": "slide_spec",
    "STAINS": "spec",
    "SlideSpec": "slide_spec",
    "UNKNOWN": "spec",
    "VERSION": "spec",
    "count_images": "render",
    "electron_findings": "findings",
    "fluorescence_findings": "findings",
    "is_phantom_slide": "slide_stamp",
    "legend_rows": "legend",
    "light_findings": "findings",
    "random_slide_spec": "slide_spec",
    "random_spec": "spec",
    "render_biopsy": "render",
    "render_im": "fluorescence",
    "render_om": "light",
    "render_slide": "slide",
    "render_tem": "electron",
    "sample_patient": "sample",
    "save_image": "files",
    "save_mask": "files",
    "write_biopsy": "write",
    "write_cohort": "write",
    "messy_pictures": "messy",
    "write_messy": "messy",
    "write_slide": "slide",
    "write_slide_cohort": "slide_cohort",
    "write_sparse_slide": "slide_sparse",
}

__all__ = [
    "ANTIBODIES",
    "KNOWN",
    "LEGEND_SHARE",
    "SAMPLE",
    "SLIDE_CLASSES",
    "STAINS",
    "UNKNOWN",
    "VERSION",
    "BiopsySpec",
    "Disease",
    "Outlier",
    "PhantomImage",
    "PhantomSlide",
    "PlantedTruth",
    "Region",
    "SlideSpec",
    "count_images",
    "electron_findings",
    "fluorescence_findings",
    "is_phantom",
    "is_phantom_slide",
    "legend_rows",
    "light_findings",
    "messy_pictures",
    "random_slide_spec",
    "random_spec",
    "render_biopsy",
    "render_im",
    "render_om",
    "render_slide",
    "render_tem",
    "sample_patient",
    "save_image",
    "save_mask",
    "stamp",
    "write_biopsy",
    "write_cohort",
    "write_messy",
    "write_slide",
    "write_slide_cohort",
    "write_sparse_slide",
]


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
