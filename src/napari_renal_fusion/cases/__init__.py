"""What a patient is: cases, their images, cohorts, and where things sit on an image."""

from .case import Case, ImageItem
from .cohort import Cohort
from .folders import open_cases
from .modality import Modality
from .omics import OmicsBlock, OmicsRow, OmicsTable, read_omics_table
from .omics_of_cases import with_omics
from .pixel_size import PixelSize
from .placement import Box, Placement, placement
from .slide_item import SlideItem
from .survival_outcome import SurvivalOutcome, survival_outcomes

__all__ = [
    "Box",
    "Case",
    "Cohort",
    "ImageItem",
    "Modality",
    "OmicsBlock",
    "OmicsRow",
    "OmicsTable",
    "PixelSize",
    "Placement",
    "SlideItem",
    "SurvivalOutcome",
    "open_cases",
    "placement",
    "read_omics_table",
    "survival_outcomes",
    "with_omics",
]
