"""What a synthetic biopsy is: diseases, the description of a patient, one rendered image."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from .fields import Seeds

VERSION = 1
"""Rises whenever the same description draws other pixels."""

ANTIBODIES = ("IgA", "IgG", "IgM", "C3", "C1q", "kappa", "lambda", "fibrinogen")
STAINS = ("PASM", "HE", "PAS", "Masson")


class Disease(StrEnum):
    """The disease drawn."""

    IGA_NEPHROPATHY = "iga_nephropathy"
    MEMBRANOUS_NEPHROPATHY = "membranous_nephropathy"
    LUPUS_NEPHRITIS = "lupus_nephritis"
    MINIMAL_CHANGE = "minimal_change"
    ANTI_GBM = "anti_gbm"
    AMYLOIDOSIS = "amyloidosis"

    @property
    def title(self) -> str:
        """The full name as it stands within a sentence and in the label column."""
        return _TITLES[self.value]


_TITLES = {
    "iga_nephropathy": "IgA nephropathy",
    "membranous_nephropathy": "membranous nephropathy",
    "lupus_nephritis": "lupus nephritis",
    "minimal_change": "minimal change disease",
    "anti_gbm": "anti-GBM disease",
    "amyloidosis": "amyloidosis",
}


KNOWN = (Disease.IGA_NEPHROPATHY, Disease.MEMBRANOUS_NEPHROPATHY, Disease.LUPUS_NEPHRITIS)
"""The three diseases of the published task, in class order."""
UNKNOWN = (Disease.MINIMAL_CHANGE, Disease.ANTI_GBM, Disease.AMYLOIDOSIS)
"""Diseases that a model of the published task has never seen."""


class Outlier(StrEnum):
    """Why an electron micrograph does not belong in its bag."""

    OTHER_TISSUE = "other_tissue"
    DEFOCUS = "defocus"
    WRONG_MAGNIFICATION = "wrong_magnification"


class BiopsySpec(BaseModel):
    """One synthetic patient; the same description always draws the same pixels.

    Sizes are (width, height) in pixels. ``stage`` is 1, 2 or 3 for membranous nephropathy (2 when not given)
    and None otherwise. ``difficulty`` 0 makes each modality alone nearly decisive, 1 mostly ambiguous.
    ``outliers`` replace the last images of the bag in the order given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    disease: Disease
    stage: int | None = Field(None, ge=1, le=3)
    seed: int = Field(ge=0)
    difficulty: float = Field(0.3, ge=0, le=1)
    om_size: tuple[int, int] = (3072, 2048)
    im_size: tuple[int, int] = (1600, 1200)
    tem_size: tuple[int, int] = (2048, 2048)
    om_stains: tuple[Literal["PASM", "HE", "PAS", "Masson"], ...] = ("PASM",)
    antibodies: tuple[Literal[ANTIBODIES], ...] = ANTIBODIES  # type: ignore[valid-type]
    n_tem: int = Field(8, ge=0, le=200)
    outliers: tuple[Outlier, ...] = ()

    @model_validator(mode="after")
    def _sound(self) -> BiopsySpec:
        membranous = self.disease is Disease.MEMBRANOUS_NEPHROPATHY
        if self.stage is not None and not membranous:
            raise ValueError(f"stage belongs to {Disease.MEMBRANOUS_NEPHROPATHY} only, not to {self.disease}")
        if membranous and self.stage is None:
            object.__setattr__(self, "stage", 2)
        if len(self.outliers) > self.n_tem:
            raise ValueError(
                f"{len(self.outliers)} outliers do not fit into a bag of {self.n_tem} TEM images"
            )
        for name in ("om_size", "im_size", "tem_size"):
            width, height = getattr(self, name)
            if not (96 <= width <= 8192 and 64 <= height <= 8192):
                raise ValueError(
                    f"{name} must lie between 96 x 64 and 8192 x 8192 pixels, got {width} x {height}"
                )
        return self

    @property
    def seeds(self) -> Seeds:
        """Random streams of this patient."""
        return Seeds(self.seed)

    def outlier(self, index: int) -> Outlier | None:
        """The kind of outlier at ``index`` of the bag, if it is one."""
        place = index - (self.n_tem - len(self.outliers))
        return self.outliers[place] if place >= 0 else None


@dataclass
class PhantomImage:
    """One rendered image and the truth about it.

    Attributes
    ----------
    pixels
        uint8, [h, w, 3] for OM and IM, [h, w] for TEM, stamped.
    modality
        ``"OM"``, ``"IM"`` or ``"TEM"``.
    stain
        Stain (OM) or antibody (IM); None for TEM.
    pixel_size
        Value and unit (``"um"`` or ``"nm"``).
    truth
        Masks, bool [h, w], in the geometry of the image: ``deposits`` always, ``glomerulus`` for OM and IM,
        and by place ``mesangial`` and ``wall`` (parts of ``deposits``).
    outlier
        Kind of outlier (TEM).
    intensity
        Strength of the antibody, 0 to 3 in halves (IM).
    magnification
        Nominal magnification.
    """

    pixels: np.ndarray
    modality: Literal["OM", "IM", "TEM"]
    stain: str | None
    pixel_size: tuple[float, str]
    truth: dict[str, np.ndarray] = field(default_factory=dict)
    outlier: Outlier | None = None
    intensity: float | None = None
    magnification: float = 400.0


def random_spec(
    seed: int,
    index: int = 0,
    *,
    diseases: tuple[Disease, ...] = KNOWN,
    difficulty: float = 0.3,
    outlier_share: float = 0.3,
    n_tem: tuple[int, int] = (5, 12),
    **sizes,
) -> BiopsySpec:
    """Patient ``index`` of a balanced random cohort: diseases in turn, a random bag, sometimes an outlier.

    ``outlier_share`` is the share of patients with one outlier, ``n_tem`` the least and greatest bag;
    ``sizes`` are further fields of `BiopsySpec`.
    """
    rng = Seeds(seed).rng("patient", index)
    disease = diseases[index % len(diseases)]
    stage = 1 + (index // len(diseases)) % 3 if disease is Disease.MEMBRANOUS_NEPHROPATHY else None
    count = int(rng.integers(n_tem[0], n_tem[1] + 1))
    odd = bool(rng.random() < outlier_share and count > 2)
    kind = list(Outlier)[int(rng.integers(len(Outlier)))]
    return BiopsySpec(
        disease=disease,
        stage=stage,
        seed=int(rng.integers(2**31)),
        difficulty=difficulty,
        n_tem=count,
        outliers=(kind,) if odd else (),
        **sizes,
    )
