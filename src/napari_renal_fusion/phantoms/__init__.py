"""Synthetic biopsies with known truth: images and truth only, no medicine."""

from .electron import render_tem
from .files import save_image, save_mask
from .findings import electron_findings, fluorescence_findings, light_findings
from .fluorescence import render_im
from .legend import LEGEND_SHARE, legend_rows
from .light import render_om
from .render import count_images, render_biopsy
from .sample import SAMPLE, sample_patient
from .spec import (
    ANTIBODIES,
    KNOWN,
    STAINS,
    UNKNOWN,
    VERSION,
    BiopsySpec,
    Disease,
    Outlier,
    PhantomImage,
    random_spec,
)
from .stamp import is_phantom, stamp
from .write import write_biopsy, write_cohort

__all__ = [
    "ANTIBODIES",
    "KNOWN",
    "LEGEND_SHARE",
    "SAMPLE",
    "STAINS",
    "UNKNOWN",
    "VERSION",
    "BiopsySpec",
    "Disease",
    "Outlier",
    "PhantomImage",
    "count_images",
    "electron_findings",
    "fluorescence_findings",
    "is_phantom",
    "legend_rows",
    "light_findings",
    "random_spec",
    "render_biopsy",
    "render_im",
    "render_om",
    "render_tem",
    "sample_patient",
    "save_image",
    "save_mask",
    "stamp",
    "write_biopsy",
    "write_cohort",
]
