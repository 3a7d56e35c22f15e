"""What a synthetic slide is: its size, stain, planted regions, and what they decide."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .fields import Seeds

SLIDE_VERSION = 1
"""Rises whenever the same description draws other pixels."""


class Region(StrEnum):
    """What is planted in the cortex of a slide.

    ``infiltrate`` is crowded small dark nuclei in place of tubules, ``scar`` pale fibrous tissue with few nuclei,
    ``haemorrhage`` red cells: it occurs in slides of every class and means nothing.
    """

    INFILTRATE = "infiltrate"
    SCAR = "scar"
    HAEMORRHAGE = "haemorrhage"


SLIDE_CLASSES = ("unremarkable", "infiltrate", "scar")
"""Class names in order; the region of the same name decides the class."""


class SlideSpec(BaseModel):
    """One synthetic slide; the same description always draws the same pixels.

    ``size`` is (width, height) in pixels of ``um_per_pixel`` um. ``regions`` lists what is planted, one entry a
    region; ``radius`` is the range of their radii in um. ``cores`` are strips of cortex as a needle takes them.
    ``strength`` 1 replaces the tissue of a region wholly, lower values only in part. ``pen`` draws a line of ink
    beside the tissue, ``border`` the black edge of a scanner's stage. ``pixel_size_written`` False leaves the
    pixel size out of the file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(ge=0)
    size: tuple[int, int] = (4000, 3000)
    um_per_pixel: float = Field(0.5, gt=0.05, le=8)
    stain: Literal["PASM", "HE", "PAS", "Masson"] = "PAS"
    regions: tuple[Region, ...] = ()
    radius: tuple[float, float] = (110.0, 200.0)
    cores: int = Field(2, ge=0, le=6)
    strength: float = Field(1.0, gt=0, le=1)
    pen: Literal["green", "blue", "black"] | None = None
    border: bool = False
    pixel_size_written: bool = True

    @model_validator(mode="after")
    def _sound(self) -> SlideSpec:
        width, height = self.size
        if not (256 <= width <= 16_384 and 256 <= height <= 16_384):
            raise ValueError(
                f"a slide drawn whole has 256 to 16384 pixels a side, got {width} x {height}; "
                "for a gigapixel use write_sparse_slide"
            )
        if not 0 < self.radius[0] <= self.radius[1]:
            raise ValueError(f"radius must be a range from small to large, got {self.radius}")
        return self

    @property
    def seeds(self) -> Seeds:
        """Random streams of this slide."""
        return Seeds(self.seed, 77)

    @property
    def label(self) -> str:
        """The class that the planted regions decide."""
        for region in (Region.INFILTRATE, Region.SCAR):
            if region in self.regions:
                return region.value
        return SLIDE_CLASSES[0]


def random_slide_spec(
    seed: int,
    index: int = 0,
    *,
    task: Literal["class", "survival"] = "class",
    classes: tuple[str, ...] = ("infiltrate", "scar"),
    **fields,
) -> SlideSpec:
    """Slide ``index`` of a balanced random cohort.

    With task ``class`` the classes come in turn, each with 2 or 3 of its regions; with ``survival`` a slide has 0
    to 4 regions of infiltrate, and the more of the tissue they take the higher the hazard. Every slide may have a
    haemorrhage. ``fields`` are further fields of `SlideSpec`; without ``radius`` regions fit the strips of tissue.
    """
    rng = Seeds(seed, 78).rng("slide", index)
    if task == "survival":
        planted = [Region.INFILTRATE] * int(rng.integers(0, 5))
    else:
        name = classes[index % len(classes)]
        planted = [] if name == SLIDE_CLASSES[0] else [Region(name)] * int(rng.integers(2, 4))
    planted += [Region.HAEMORRHAGE] * int(rng.integers(0, 2))
    spec = SlideSpec(seed=int(rng.integers(2**31)), regions=tuple(planted), **fields)
    if "radius" in fields:
        return spec
    room = min(spec.size) * spec.um_per_pixel / max(1, spec.cores)
    return spec.model_copy(update={"radius": (0.147 * room, 0.267 * room)})
