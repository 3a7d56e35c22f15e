"""Glomeruli: outlines, their edits and journal, GeoJSON, crops and measures."""

from ..inputs.crop_rule import CropRule, Margin
from .chosen import glomeruli_of, with_glomeruli
from .classes import CLASSES, colour_of
from .crop import Crop, crop_image, crop_slide
from .crop_files import write_crop
from .drawing import Drawing, content_of, journal_path, stored_outlines
from .geojson import ReadOutlines, read_geojson, write_geojson
from .measures import Measures, count_by_class, measure, write_measures
from .mending import mend
from .outline import Outline
from .raster import mask_of, outlines_of_mask

__all__ = [
    "CLASSES",
    "Crop",
    "CropRule",
    "Drawing",
    "Margin",
    "Measures",
    "Outline",
    "ReadOutlines",
    "colour_of",
    "content_of",
    "count_by_class",
    "crop_image",
    "crop_slide",
    "glomeruli_of",
    "journal_path",
    "mask_of",
    "measure",
    "mend",
    "outlines_of_mask",
    "read_geojson",
    "stored_outlines",
    "with_glomeruli",
    "write_crop",
    "write_geojson",
    "write_measures",
]
