"""Which images of a case enter a model, which do not, and why."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from ..cases import Case, ImageItem, Modality
from ..notices import Notice


class SelectedImage(BaseModel):
    """One image that enters the model.

    ``key`` names it everywhere in an answer: the modality and its place among the case's images of
    that modality, counted from 1 ("OM-1", "IM-3", "TEM-7"). ``by`` says who chose it.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    modality: Modality
    name: str
    reason: str
    by: Literal["rule", "person"] = "rule"


class LeftOutImage(BaseModel):
    """One image that does not enter the model, and why."""

    model_config = ConfigDict(frozen=True)

    key: str
    modality: Modality
    name: str
    reason: str


class Selection(BaseModel):
    """The images of one case that enter one bundle; ``missing`` lists modalities with none.

    Of the modalities in ``takes_one`` the model reads a single image.
    """

    model_config = ConfigDict(frozen=True)

    images: tuple[SelectedImage, ...]
    left_out: tuple[LeftOutImage, ...] = ()
    missing: tuple[Modality, ...] = ()
    notices: tuple[Notice, ...] = ()
    takes_one: tuple[Modality, ...] = (Modality.OM, Modality.IM)

    def of(self, modality: Modality) -> tuple[SelectedImage, ...]:
        return tuple(image for image in self.images if image.modality == modality)

    def also_left_out(self, left_out: tuple[LeftOutImage, ...]) -> Selection:
        """The same with further images that stayed out."""
        return self.model_copy(update={"left_out": self.left_out + left_out}) if left_out else self

    def get(self, key: str) -> SelectedImage:
        return next(image for image in self.images if image.key == key)

    def on_image(self, key: str) -> str | None:
        """Key of what entered of an image: its own, or that of the glomerulus on it; None if nothing did."""
        return next((one for one in self.keys if key in (one, parent_of(one))), None)

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(image.key for image in self.images)


def keyed_images(case: Case) -> dict[str, ImageItem]:
    """Every image of a case under its key, in the order of the case.

    An image of a sorted case has its id as key for good; others are counted, past the ids that are taken.
    """
    taken = {image.image_id for image in case.images}
    keyed, counts = {}, dict.fromkeys(Modality, 0)
    for image in case.images:
        key = image.image_id
        while not key or (not image.image_id and key in taken):
            counts[image.modality] += 1
            key = f"{image.modality.value}-{counts[image.modality]}"
        keyed[key] = image
    return keyed


def parent_of(key: str) -> str:
    """Key of the whole image that an image lies on: "OM-1" for a glomerulus "OM-1.3", else the key itself."""
    return key.partition(".")[0]
