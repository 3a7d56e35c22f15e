"""One patient's biopsy: a case, its images, and how an image is read, all lazily."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..notices import Notice
from .cut_out import CutOut
from .modality import Modality
from .omics import OmicsRow
from .pixel_size import PixelSize
from .placement import Box
from .slide_item import SlideItem

if TYPE_CHECKING:
    from .calibration import Calibration

_MODEL = r"(?:model|models|model's|ai|algorithm|bundle|renal-fusion)"
_AFTER_MODEL = re.compile(
    rf"(?P<no>\b(?:not|no|never|without|before)\b.*?)?(?:"
    rf"\bafter (?:\w+ ){{0,4}}{_MODEL}\b|\b{_MODEL}(?: \w+){{0,2}} (?:seen|assisted|suggested|shown)\b"
    rf"|^{_MODEL}$|模型后|看过模型)"
)


def _says_after_model(source: str) -> bool:
    words = " ".join(unicodedata.normalize("NFKC", source).casefold().replace("_", " ").split())
    found = _AFTER_MODEL.search(words.replace("’", "'").replace("model-", "model ").replace("ai-", "ai "))
    return found is not None and not found["no"]


@dataclass(frozen=True)
class ImageItem:
    """One image of a case; nothing is opened until it is asked for.

    Attributes
    ----------
    path
        The original file. It is never changed or moved.
    modality
        Light, immunofluorescence or electron microscopy.
    stain
        Stain of a light image (PASM, HE, PAS, Masson) or antibody of an immunofluorescence image
        (IgA, IgG, C3, ...); None if unknown.
    magnification
        Magnification as written in a table, None if unknown.
    page
        Which page of a multi-page file, counted from 0.
    intensity
        Intensity of an antibody from 0 to 3 as a person graded it, None if nobody did.
    stated_pixel_size
        Pixel size from a table or a person; it takes precedence over the file's own.
    crop
        The part that a person or a table asks to use, in pixels; None means all of it.
    scanner
        Device that took the image, as a table states it; None if unknown.
    pixels
        Pixels given directly, for an image that exists in memory only (a napari layer).
    legend
        Rows at the bottom that a person says are a burnt-in legend, 0 for none; None: as it looks
        (:func:`.legend.legend_rows`).
    image_id
        Name of the image in a sorted case, given once and for all ("OM-1"); "" in a case that was not sorted.
        A glomerulus on it that may enter the model is an image of its own, "OM-1.3".
    cut_out
        The glomerulus that this item is about, None if it is about the whole image.
    is_cut
        Whether the file itself shows one glomerulus that was cut out before, as a table states it.
    """

    path: Path
    modality: Modality
    stain: str | None = None
    magnification: float | None = None
    page: int = 0
    intensity: float | None = None
    stated_pixel_size: PixelSize | None = None
    crop: Box | None = None
    scanner: str | None = None
    pixels: np.ndarray | None = field(default=None, compare=False, repr=False)
    image_id: str = ""
    legend: int | None = None
    cut_out: CutOut | None = None
    is_cut: bool = False

    @property
    def name(self) -> str:
        """What the image is called: stain or antibody if known, else its id if it was sorted, else the file's name.

        A glomerulus on it is called ``PASM, glomerulus 3``, by its number in the list of its image.
        """
        if self.cut_out is not None:
            return f"{self.stain or self.parent_id}, glomerulus {self.image_id.partition('.')[2]}"
        return self.stain or self.image_id or self.path.stem.removesuffix(".ome")

    @property
    def parent_id(self) -> str:
        """Id of the whole image: "OM-1" for "OM-1.3" and for "OM-1"."""
        return self.image_id.partition(".")[0]

    @cached_property
    def _stated_by_file(self) -> Calibration:
        from .image_files import read_calibration

        return read_calibration(self.path, self.page)

    @property
    def pixel_size(self) -> PixelSize | None:
        """Pixel size as stated by a person, a table, the file itself, or the laboratory; None means uncalibrated.

        The laboratory's (:mod:`.lab_scales`) holds for images of the same modality, magnification and size
        whose files state nothing; ``source`` says so.
        """
        if self.stated_pixel_size is not None or self.pixels is not None:
            return self.stated_pixel_size
        stated = self._stated_by_file
        if stated.pixel_size is not None or stated.notice is not None:  # what is no length gets none
            return stated.pixel_size
        from .lab_scales import scale_for

        known = scale_for(self)
        return None if known is None else known.stated

    @property
    def scale_notice(self) -> Notice | None:
        """What the file states as its scale and was refused as a length (1/nm); None if nothing was.

        Raises
        ------
        RenalFusionError
            If the file cannot be read.
        """
        if self.stated_pixel_size is not None or self.pixels is not None:
            return None
        return self._stated_by_file.notice

    def read(self) -> np.ndarray:
        """Read the whole image as shown: uint8 or uint16, [height, width] or [height, width, 3].

        Raises
        ------
        RenalFusionError
            If the file is missing, truncated, not an image, or has no usable pixels.
        """
        if self.pixels is not None:
            return self.pixels
        from .image_files import read_image

        return read_image(self.path, self.page)


@dataclass(frozen=True)
class Case:
    """One biopsy of one patient: any number of images of each modality and of whole slides, and omics.

    ``notices`` are the things noticed while the case was put together (a skipped file, a doubt),
    which the person must be told. ``label_source`` says who gave the label and how, ``hospital`` where the
    patient was seen. ``code`` is the random case code ("7K2F") that stands for the case in everything that is
    written; "" for a case that was not sorted.
    """

    case_id: str
    patient_id: str
    images: tuple[ImageItem, ...] = ()
    biopsy_date: dt.date | None = None
    label: str | None = None
    label_source: str | None = None
    hospital: str | None = None
    folder: Path | None = None
    notices: tuple[Notice, ...] = ()
    slides: tuple[SlideItem, ...] = ()
    omics: OmicsRow | None = None
    code: str = ""

    def of(self, modality: Modality) -> tuple[ImageItem, ...]:
        """All images of one modality, in the order of the case."""
        return tuple(image for image in self.images if image.modality == modality)

    @property
    def labelled_after_model(self) -> bool:
        """Whether ``label_source`` says that the label was entered after seeing a model's answer.

        Such a label may train, but must not validate, test or calibrate: it would measure agreement with
        the model. Said by ``after model`` (also "after seeing the model's opinion"), ``model seen``, ``model
        assisted``, or a source that is ``model`` or ``AI`` itself; "before model" and "not ..." say no.
        """
        return any(_says_after_model(part) for part in (self.label_source or "").split(";"))

    @classmethod
    def from_folder(cls, path: Path | str) -> Case:
        """Read one case folder (OM, IM, TEM, WSI subfolders or their synonyms, or the authors' layout)."""
        from .folders import read_case_folder

        return read_case_folder(Path(path))
