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
        ``refuse``; ``mean_tokens``: answer with the average of the training images in their place; or
        ``without``: answer from the images of the other modalities, for a network that can.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    modality: Modality
    choose: Literal["preferred_stain", "brightest", "all"]
    stains: tuple[str, ...] = ()
    if_missing: Literal["refuse", "mean_tokens", "without"] = "refuse"
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

    def check_for(self, whole_panel: bool) -> None:
        """Check that a network can do what the rules say for modalities without an image.

        Raises
        ------
        ValueError
            Only a network that reads the ``whole_panel`` answers without a modality, and it knows no mean tokens.
        """
        for slot in self.slots:
            if slot.if_missing == ("mean_tokens" if whole_panel else "without"):
                able = "refuse or without" if whole_panel else "refuse or mean_tokens"
                raise ValueError(f"if_missing of {slot.modality} must be {able} for this network")
            if not whole_panel and slot.modality != Modality.TEM and not slot.takes_one:
                raise ValueError(
                    f"this network takes one image of {slot.modality}, so its rule cannot be 'all'"
                )

    def of(self, modality: Modality) -> SlotRule | None:
        return next((slot for slot in self.slots if slot.modality == modality), None)
