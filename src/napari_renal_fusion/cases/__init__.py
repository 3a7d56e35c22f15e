"""What a patient is: cases, their images, cohorts, and where things sit on an image."""

from .case import Case, ImageItem
from .cohort import Cohort
from .folders import open_cases
from .modality import Modality
from .pixel_size import PixelSize
from .placement import Box, Placement, placement
from .slide_item import SlideItem

__all__ = [
    "Box",
    "Case",
    "Cohort",
    "ImageItem",
    "Modality",
    "PixelSize",
    "Placement",
    "SlideItem",
    "open_cases",
    "placement",
]
