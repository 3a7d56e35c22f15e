"""The sorter: which of a folder's files belong to which biopsy, and what each of them shows."""

from .accept import accept, join, sort_source
from .guess import DOUBTFUL, Correction, Guess, OtherFile, SortedFile
from .look import Look, look_at
from .opening import Opening, open_or_sort
from .pattern import LabPattern
from .pattern_file import load_pattern, save_pattern
from .sorter import sort_files
from .sorting import Sorting
from .thumbnails import small_picture

__all__ = [
    "DOUBTFUL",
    "Correction",
    "Guess",
    "LabPattern",
    "Look",
    "Opening",
    "OtherFile",
    "SortedFile",
    "Sorting",
    "accept",
    "join",
    "load_pattern",
    "look_at",
    "open_or_sort",
    "save_pattern",
    "small_picture",
    "sort_files",
    "sort_source",
]
