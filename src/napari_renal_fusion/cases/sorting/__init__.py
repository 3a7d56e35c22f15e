"""The sorter: which of a folder's files belong to which biopsy, and what each of them shows."""

from .guess import DOUBTFUL, Correction, Guess, OtherFile, SortedFile
from .look import Look, look_at
from .pattern import LabPattern
from .sorter import sort_files
from .sorting import Sorting
from .thumbnails import small_picture

__all__ = [
    "DOUBTFUL",
    "Correction",
    "Guess",
    "LabPattern",
    "Look",
    "OtherFile",
    "SortedFile",
    "Sorting",
    "look_at",
    "small_picture",
    "sort_files",
]
