"""``bundle.json``: everything about a trained model that is not a weight."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Sequence
from itertools import combinations
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..cases import Modality
from ..inputs import CropRule, InputStatistics, PositivePanel, Preprocessing, SelectionRules, SlotRule
from ..networks import NetworkConfig
from .conformal import ConformalScores
from .known import KnownPatients

FORMAT_VERSION = 3
WEIGHTS = "model.safetensors"
CARD = "README.md"
MANIFEST = "bundle.json"
FILES = (MANIFEST, WEIGHTS, CARD)
FINGERPRINT = 16
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Sealed(_Part):
    """What every kind of ``bundle.json`` shares: checksums of the bundle's files, by name."""

    sha256: dict[str, str] = {}

    def sealed(self, weights: bytes, card: bytes) -> Self:
        """The same configuration with checksums of the weights, the model card and itself."""
        sums = {WEIGHTS: hashlib.sha256(weights).hexdigest(), CARD: hashlib.sha256(card).hexdigest()}
        unsealed = self.model_copy(update={"sha256": sums})
        return unsealed.model_copy(update={"sha256": {**sums, MANIFEST: manifest_sha256(unsealed.to_json())}})

    def to_json(self) -> str:
        return json.dumps(self.model_dump(mode="json"), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


class Calibration(_Part):
    """Temperature of the softmax, and the probability under which the model has no opinion."""

    temperature: float = Field(1.0, gt=0, allow_inf_nan=False)
    abstain_below: float = Field(0.0, ge=0, le=1)
    fitted_on: str = "not calibrated"


class SelfTest(_Part):
    """Logits [C] that the network gave on noise from ``seed`` with a bag of ``bag`` images, and their tolerance."""

    seed: int
    bag: int
    logits: tuple[float, ...]
    tolerance: float = 1e-3


class Origin(_Part):
    """How the bundle was made: command, program, data in counts, never names."""

    program_version: str
    command: str
    seed: int
    made_on: str
    patients: int
    images: int
    seconds: float


class PartialCalibration(_Part):
    """What the answers of a network from some kinds of images alone are worth.

    Everything was fitted on patients who have these kinds and were asked with them alone; ``accuracy`` is the
    share of them that got the right class from a member that never saw them.
    """

    calibration: Calibration
    conformal: ConformalScores | None = None
    known: KnownPatients | None = None
    accuracy: float | None = Field(None, ge=0, le=1)


class BundleConfig(Sealed):
    """The content of ``bundle.json``.

    Version 2 adds ensembles (``members`` networks, with one set of encoders between them if
    ``shared_encoders``), conformal sets, the distance to the known patients, the classes' shares in training
    (what the loss saw: equal ones if it was balanced) and fingerprints of the training images (the first
    :data:`FINGERPRINT` hex digits of each pixel hash); version 1 files are read as one member without them.
    ``stands_in_for`` is the name of the bundle for whose missing modalities this one may answer, if both have
    the same ``run_id``: the first hex digits of a hash over the folds and the configuration of their run, so that
    a model trained on other patients never answers under a name that it happens to share.

    Version 3 adds networks of another ``kind`` than CMUS-Net. One that reads the whole panel answers with any
    modality missing, and ``without`` calibrates these answers, by the modalities that are there (``OM-IM``); for
    the complete patient there is ``calibration``. ``panel`` is the weakest antibody of training, where the network
    reads one antibody and all were positive. ``crop`` says of which modalities the network reads single glomeruli,
    and how they are cut out; of the others, and without it, it reads whole images.
    """

    format_version: Literal[1, 2, 3] = FORMAT_VERSION
    name: str = Field(pattern=rf"^{_NAME}$")
    title: str
    task: Literal["classification"] = "classification"
    kind: Literal["cmus_net", "renal_healnet"] = "cmus_net"
    network: NetworkConfig
    members: int = Field(1, ge=1, le=400)
    shared_encoders: bool = True
    class_names: tuple[str, ...]
    trained_on: Literal["synthetic", "real"]
    rules: SelectionRules
    preprocessing: dict[Modality, Preprocessing]
    input_statistics: dict[Modality, InputStatistics]
    bag_range: tuple[int, int]
    panel: PositivePanel | None = None
    crop: dict[Modality, CropRule] | None = None
    calibration: Calibration
    conformal: ConformalScores | None = None
    known: KnownPatients | None = None
    without: dict[str, PartialCalibration] = {}
    class_shares: tuple[float, ...] = ()
    seen_images: tuple[str, ...] = ()
    stands_in_for: str = Field("", pattern=rf"^({_NAME})?$")
    run_id: str = Field("", pattern=r"^([0-9a-f]{16})?$")
    self_test: SelfTest
    metrics: dict[str, float] = {}
    metrics_measured_on: str = ""
    origin: Origin
    licence: str = "BSD-3-Clause"

    @model_validator(mode="after")
    def _agree(self) -> BundleConfig:
        modalities = {Modality(one) for one in self.network.modalities}
        if len(self.class_names) != self.network.n_classes:
            raise ValueError(f"{len(self.class_names)} class names for {self.network.n_classes} classes")
        for what, given in (
            ("rules", self.rules.modalities),
            ("preprocessing", self.preprocessing),
            ("input_statistics", self.input_statistics),
        ):
            if set(given) != modalities:
                raise ValueError(f"{what} must name exactly the modalities {sorted(modalities)}")
        if self.crop is not None and not set(self.crop) <= modalities - {Modality.TEM}:
            raise ValueError("crop names light and fluorescence images that the network reads")
        if self.kind != self.network.kind:
            raise ValueError(
                f"a bundle of kind {self.kind} cannot hold a network of kind {self.network.kind}"
            )
        if self.format_version < 3 and (self.kind != "cmus_net" or self.without):
            raise ValueError(f"a bundle of format {self.format_version} holds a CMUS-Net")
        self.rules.check_for(self.network.whole_panel)
        if self.format_version == 1 and (self.members > 1 or self.conformal or self.known or self.run_id):
            raise ValueError(
                "a bundle of format 1 has one member, no conformal scores, no known patients and no run_id"
            )
        self._answers_agree()
        return self

    def _answers_agree(self) -> None:
        """What turns logits into an answer fits the members and the classes."""
        if self.stands_in_for == self.name:
            raise ValueError("a bundle cannot stand in for itself")
        for scores in (self.conformal, *(one.conformal for one in self.without.values())):
            if scores and len(scores.scores) not in (1, self.members):
                raise ValueError(
                    f"conformal scores of {len(scores.scores)} members for {self.members} (or 1 for a split)"
                )
        if self.without and not self.network.whole_panel:
            raise ValueError("only a network that reads the whole panel answers without a modality")
        some = {"-".join(one) for one in combinations_of(self.network.modalities)} - {
            "-".join(self.network.modalities)
        }
        if not set(self.without) <= some:
            raise ValueError(
                f"calibrations for {', '.join(sorted(set(self.without) - some))}, which cannot be"
            )
        if self.class_shares:
            if len(self.class_shares) != len(self.class_names):
                raise ValueError(f"{len(self.class_shares)} class shares for {len(self.class_names)} classes")
            if not min(self.class_shares) > 0 or not math.isclose(sum(self.class_shares), 1, abs_tol=1e-3):
                raise ValueError("class shares must be above 0 and sum to 1")
        if any(len(one) != FINGERPRINT for one in self.seen_images):
            raise ValueError(f"a fingerprint of a training image has {FINGERPRINT} hex digits")

    def slot(self, modality: Modality) -> SlotRule:
        return self.rules.of(modality)

    def calibrated_for(self, present: Collection[Modality]) -> PartialCalibration:
        """What answers from the modalities ``present`` are worth; the temperature alone where nothing was fitted."""
        shown = "-".join(one for one in self.network.modalities if one in present)
        if shown in self.without:
            return self.without[shown]
        whole = len(shown) == len("-".join(self.network.modalities))
        if whole or not self.network.whole_panel:
            return PartialCalibration(
                calibration=self.calibration, conformal=self.conformal, known=self.known
            )
        return PartialCalibration(calibration=self.calibration)

    @property
    def scope(self) -> str:
        """The sentence that stands beside every probability."""
        return answers_only(self.class_names)


def answers_only(class_names: Sequence[str]) -> str:
    """The sentence that stands beside every probability: a classifier knows no class but its own."""
    listed = f"{', '.join(class_names[:-1])} or {class_names[-1]}"
    return f"Can only answer {listed}; everything else gets one of these or no opinion."


def combinations_of(modalities: Sequence[str]) -> list[tuple[str, ...]]:
    """Every set of modalities but the empty one, each in the given order."""
    return [one for count in range(1, len(modalities) + 1) for one in combinations(modalities, count)]


def manifest_sha256(text: str) -> str:
    """SHA-256 of ``bundle.json`` without its own checksum; independent of spaces and key order."""
    content = json.loads(text)
    content.get("sha256", {}).pop(MANIFEST, None)
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
