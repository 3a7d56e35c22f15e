"""Selection rules: how a bundle wants its images chosen, one rule a modality."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ..cases import Modality


class SlotRule(BaseModel):
    """Which images of one modality enter the model, and what happens if there are none.

    ``choose``
        ``preferred_stain``: one image, the first stain of ``stains`` that the case has, else the first image;
        ``brightest``: one image, the antibody with the strongest signal (graded intensity if a person
        gave one, else measured); ``all``: every image.
    ``if_missing``
        ``refuse``, or ``mean_tokens``: answer with the average of the training images in their place.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    modality: Modality
    choose: Literal["preferred_stain", "brightest", "all"]
    stains: tuple[str, ...] = ()
    if_missing: Literal["refuse", "mean_tokens"] = "refuse"
    expects: str = Field("", description="What a suitable image is, for people.")

    @property
    def takes_one(self) -> bool:
        return self.choose != "all"


class SelectionRules(BaseModel):
    """The rules of every modality that a bundle uses."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slots: tuple[SlotRule, ...]

    @property
    def modalities(self) -> tuple[Modality, ...]:
        return tuple(slot.modality for slot in self.slots)

    def of(self, modality: Modality) -> SlotRule | None:
        return next((slot for slot in self.slots if slot.modality == modality), None)
