"""``bundle.json`` of a HEALNet on omics and slides: what it reads, how that is scaled, what its risk means."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..inputs import FeatureEncoder, PatchGrid
from ..inputs.omics_scaling import OmicsScaling
from ..networks import HEALNetConfig
from .conformal import ConformalScores
from .format import FORMAT_VERSION, Calibration, Origin, Sealed, answers_only

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OmicsInput(_Part):
    """An omics modality: the ``scalings`` of each member, fitted on its own training patients.

    ``layout`` ``one_token`` gives the row as one token of p channels (attention can then say nothing about
    single columns), ``token_per_feature`` as p tokens of one channel. ``needed`` is the smallest share of
    columns that a row must have to be used at all.
    """

    kind: Literal["omics"] = "omics"
    name: str
    layout: Literal["one_token", "token_per_feature"]
    scalings: tuple[OmicsScaling, ...]
    needed: float = Field(0.5, ge=0, le=1)
    seen: int = Field(ge=0, description="Training patients who had it.")

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.scalings[0].columns)

    @property
    def channels(self) -> int:
        return len(self.columns) if self.layout == "one_token" else 1


class SlideInput(_Part):
    """A slide modality: patches are tokens, their features channels.

    ``encoder`` and ``grid`` are those the training features were made with; None if the training took feature
    files that somebody else had made, so that slides cannot be read here, only such files.
    """

    kind: Literal["slide"] = "slide"
    name: str
    layout: Literal["token_per_feature"] = "token_per_feature"
    channels: int = Field(ge=1)
    encoder: FeatureEncoder | None
    grid: PatchGrid | None
    patches: tuple[int, int] = Field(description="Fewest and most patches of a training patient.")
    seen: int = Field(ge=0, description="Training patients who had it.")


class SurvivalTask(_Part):
    """What a risk means: outcome, population, time zero and unit stand on every curve.

    ``bin_ends`` [members][bins] are the times at which each member's curve is known, ascending, the last one the
    longest follow-up of its training part. ``group_above`` is the risk above which a patient is in the high
    risk group (median of the patients of the run, each answered by a member that never saw them), ``percentiles``
    the risks at 5, 10, ... 95 % of them.
    """

    outcome: str = Field(min_length=1)
    population: str = Field(min_length=1)
    time_zero: str = Field(min_length=1)
    time_unit: Literal["days", "weeks", "months", "years"]
    neoplastic: bool
    bin_ends: tuple[tuple[float, ...], ...]
    group_above: float
    percentiles: tuple[float, ...] = Field(min_length=19, max_length=19)

    @model_validator(mode="after")
    def _ascending(self) -> SurvivalTask:
        for ends in self.bin_ends:
            if not ends or list(ends) != sorted(set(ends)) or not all(0 < one < math.inf for one in ends):
                raise ValueError("the ends of the time bins must be above 0 and ascend")
        if list(self.percentiles) != sorted(self.percentiles):
            raise ValueError("the percentiles of the risk must ascend")
        return self

    @property
    def times(self) -> tuple[float, ...]:
        """Times at which the mean curve is known, ascending: every end of a member's bin that all have reached."""
        last = min(ends[-1] for ends in self.bin_ends)
        return tuple(sorted({time for ends in self.bin_ends for time in ends if time <= last}))

    def percentile(self, risk: float) -> int:
        """How many of a hundred training patients had a smaller risk, in steps of 5."""
        return 5 * sum(risk > one for one in self.percentiles)


class HEALNetSelfTest(_Part):
    """Mean logits of the members on noise from ``seed`` with ``tokens`` patches a slide, and their tolerance."""

    seed: int
    tokens: int
    logits: tuple[float, ...]
    tolerance: float = 1e-3


class HEALNetBundleConfig(Sealed):
    """The content of ``bundle.json`` of a HEALNet bundle.

    A survival bundle must say its outcome, population, time zero and unit (``survival``), a classification
    bundle its ``class_names``. Nothing in it is about one patient.
    """

    format_version: int = Field(FORMAT_VERSION, ge=2, le=FORMAT_VERSION)
    name: str = Field(pattern=rf"^{_NAME}$")
    title: str
    task: Literal["survival", "classification"]
    kind: Literal["healnet"] = "healnet"
    network: HEALNetConfig
    members: int = Field(1, ge=1, le=400)
    networks_a_fold: int = Field(1, ge=1)
    inputs: tuple[OmicsInput | SlideInput, ...]
    survival: SurvivalTask | None = None
    class_names: tuple[str, ...] = ()
    trained_on: Literal["synthetic", "real"]
    calibration: Calibration = Calibration()
    conformal: ConformalScores | None = None
    class_shares: tuple[float, ...] = ()
    run_id: str = Field("", pattern=r"^([0-9a-f]{16})?$")
    self_test: HEALNetSelfTest
    metrics: dict[str, float] = Field({})
    metrics_measured_on: str = ""
    origin: Origin
    licence: str = "BSD-3-Clause"

    @model_validator(mode="after")
    def _agree(self) -> HEALNetBundleConfig:
        outputs = self.network.out_dims
        if self.task == "survival":
            if self.survival is None:
                raise ValueError("a survival bundle must say its outcome, population, time zero and unit")
            if self.class_names or self.conformal:
                raise ValueError("a survival bundle has no classes")
            ends = self.survival.bin_ends
            if len(ends) != self.members or any(len(one) != outputs for one in ends):
                raise ValueError(f"time bins do not fit {self.members} members of {outputs} outputs")
        elif self.survival is not None or len(self.class_names) != outputs or outputs < 2:
            raise ValueError(f"{len(self.class_names)} class names for {outputs} outputs")
        if len(self.inputs) != self.network.n_modalities:
            raise ValueError(f"{len(self.inputs)} inputs for {self.network.n_modalities} modalities")
        names = [one.name for one in self.inputs]
        if len(set(names)) != len(names):
            raise ValueError("two inputs have one name")
        for one, width in zip(self.inputs, self.network.channel_dims, strict=True):
            if one.channels != width:
                raise ValueError(f"{one.name} has {one.channels} channels, the network reads {width}")
            if isinstance(one, OmicsInput) and (
                len(one.scalings) != self.members or len({tuple(s.columns) for s in one.scalings}) != 1
            ):
                raise ValueError(f"{one.name} needs a scaling of the same columns for each member")
        if self.members % self.networks_a_fold:
            raise ValueError(f"{self.members} networks cannot be {self.networks_a_fold} a fold")
        if self.conformal and len(self.conformal.scores) != self.folds:
            raise ValueError(f"conformal scores of {len(self.conformal.scores)} folds for {self.folds}")
        if self.class_shares and len(self.class_shares) != len(self.class_names):
            raise ValueError(f"{len(self.class_shares)} class shares for {len(self.class_names)} classes")
        return self

    @property
    def folds(self) -> int:
        """Folds whose networks these are; those of one fold follow each other and answer as one."""
        return self.members // self.networks_a_fold

    # What lists and stand-ins ask every bundle; this kind stands in for none.
    @property
    def stands_in_for(self) -> str:
        return ""

    @property
    def seen_images(self) -> tuple[str, ...]:
        return ()

    @property
    def names(self) -> tuple[str, ...]:
        """Its modalities in the order of the network."""
        return tuple(one.name for one in self.inputs)

    @property
    def scope(self) -> str:
        """The sentence that stands beside every answer."""
        if self.survival is not None:
            given = self.survival
            return (
                f"Risk of {given.outcome} in {given.population}, counted from {given.time_zero} in "
                f"{given.time_unit}; it says nothing about anybody else."
            )
        return answers_only(self.class_names)
