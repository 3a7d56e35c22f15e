"""The configuration of a training run, with its presets."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..cases import Modality
from ..inputs import CropRule, Preprocessing, SelectionRules, SlotRule
from ..networks import CMUSNetConfig, EncoderConfig, NetworkConfig, RenalHEALNetConfig

PRESETS = ("paper", "small", "panel", "demo")

_RULES = SelectionRules(
    slots=(
        SlotRule(
            modality=Modality.OM,
            choose="preferred_stain",
            stains=("PASM",),
            expects="one PASM image of one glomerulus",
        ),
        SlotRule(
            modality=Modality.IM,
            choose="brightest",
            expects="the positive antibody with the strongest signal",
        ),
        SlotRule(
            modality=Modality.TEM,
            choose="all",
            if_missing="mean_tokens",
            expects="all electron micrographs",
        ),
    )
)
_PANEL_RULES = SelectionRules(
    slots=tuple(
        SlotRule(modality=modality, choose="all", if_missing="without", expects=expects)
        for modality, expects in (
            (Modality.OM, "all light images, whatever their stain"),
            (Modality.IM, "the whole panel of antibodies, negative ones too"),
            (Modality.TEM, "all electron micrographs"),
        )
    )
)
# 2048 rows are cut to 1940 to remove the legend that the electron microscope burns in.
_PREPROCESSING = {
    Modality.OM: Preprocessing(),
    Modality.IM: Preprocessing(),
    Modality.TEM: Preprocessing(cut_bottom=108 / 2048),
}


class TrainingConfig(BaseModel):
    """Everything that decides what a run computes; the form, ``config.json`` and the options derive from it.

    ``bag_size`` is (smallest, largest) number of electron images drawn at random for each patient in each
    epoch: the norm of the fused TEM feature depends on the bag's size, so training must show many.
    ``part_shown`` and ``stain_hidden`` are for a network that reads the whole panel (``preset`` panel): how often
    a patient shows only some kinds of images, every combination alike, and how often a stain is not told.
    ``crop`` says of which modalities single glomeruli are trained on, and how they are cut out; whole fields of
    these are left out, and the bundle refuses them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    preset: Literal["paper", "small", "panel", "demo"] = "paper"
    name: str = Field(
        "cmus-net",
        title="Name of the model",
        description="Its folder's name: letters, digits, dots and dashes.",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
    )
    title: str = Field("CMUS-Net", title="Title", description="What people see in the list of models.")

    # Folds
    folds: int = Field(
        5,
        ge=0,
        le=20,
        title="Folds",
        description="Parts of the patients, each tested once by a model that never saw it; 0: one model only.",
    )
    repeats: int = Field(
        1, ge=1, le=20, title="Repeats", description="How often the folds are drawn anew and trained."
    )
    group_by: Literal["patient", "hospital"] = Field(
        "patient",
        title="Kept together",
        description="What never stands on both sides of a fold: all biopsies of a patient, or a whole hospital.",
    )
    test_fraction: float = Field(
        0.0,
        ge=0,
        lt=0.6,
        title="Independent test set",
        description="Share of patients that no fold sees; measured once, at the end.",
    )
    validation_fraction: float = Field(
        0.15,
        gt=0,
        lt=0.5,
        title="Validation share",
        description="Share of each fold's training patients that decides when to stop.",
    )
    final: Literal["ensemble", "refit", "none"] = Field(
        "ensemble",
        title="Final model",
        description="All fold models together, one model trained anew that keeps patients back to calibrate, "
        "or figures only.",
    )
    calibration_fraction: float = Field(
        0.2,
        gt=0,
        lt=0.6,
        title="Calibration share",
        description="Share of patients that a refit keeps back to fit its probabilities.",
    )
    coverage: float = Field(
        0.9,
        ge=0.5,
        le=0.99,
        title="Coverage of the set",
        description="How often the set of diseases shall contain the right one.",
    )
    subsets: tuple[tuple[Modality, ...], ...] = Field(
        (),
        title="Models for missing images",
        description="Further models from the same folds, such as OM + IM while electron images are awaited.",
    )

    # Fitting
    epochs: int = Field(60, ge=1, le=10_000, title="Epochs")
    patience: int = Field(
        0,
        ge=0,
        title="Patience",
        description="Epochs without a better validation loss before stopping; 0: never.",
    )
    batch: int = Field(4, ge=1, le=1024, title="Patients a step")
    accumulate: int = Field(
        1,
        ge=1,
        title="Steps an update",
        description="Gradients of this many steps are added before an update.",
    )
    learning_rate: float = Field(5e-5, gt=0, title="Learning rate")
    weight_decay: float = Field(5e-5, ge=0, title="Weight decay")
    schedule: Literal["cosine", "one_cycle"] = Field("cosine", title="Schedule")
    class_weights: Literal["none", "balanced"] = Field(
        "none", title="Class weights", description="Balanced: rare classes count more in the loss."
    )
    bag_size: tuple[int, int] = Field((1, 12), title="Electron images drawn")
    part_shown: float = Field(
        0.0,
        ge=0,
        lt=1,
        title="Shown in part",
        description="Whole panel only: how often a patient shows only some kinds and some of the light and IF "
        "images in an epoch, so that any set of images can be answered.",
    )
    stain_hidden: float = Field(
        0.0,
        ge=0,
        lt=1,
        title="Stain hidden",
        description="Whole panel only: how often an image's stain or antibody is not told in training.",
    )
    flips: bool = Field(True, title="Random flips", description="Only where images are encoded every epoch.")
    freeze_encoders: bool = Field(
        False, title="Freeze encoders", description="Images are encoded once; only the fusion is trained."
    )
    finetune_epochs: int = Field(
        0,
        ge=0,
        title="Fine-tuning epochs",
        description="After a frozen fit: epochs in which the encoders' last stage is trained as well.",
    )
    finetune_learning_rate: float = Field(1e-5, gt=0, title="Fine-tuning learning rate")
    encoder_weights: str = Field(
        "random",
        title="Encoder weights",
        description="random, the name or folder of a bundle, or a .safetensors file of timm weights.",
    )
    gradient_checkpointing: bool = Field(
        False, title="Gradient checkpointing", description="Less memory, a third more time."
    )
    seed: int = Field(0, ge=0, title="Seed")

    # Machine
    device: Literal["auto", "cuda", "mps", "cpu"] = Field("auto", title="Device")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", title="Precision", description="Auto: bfloat16 on a graphics card that has it, else float32."
    )
    threads: int = Field(0, ge=0, title="Processor threads", description="0: every core.")
    devices: int = Field(1, ge=1, title="Graphics cards")
    nodes: int = Field(1, ge=1, title="Machines")
    strategy: str = Field("auto", title="Lightning strategy")

    # Network and inputs
    network: NetworkConfig = CMUSNetConfig()
    half_precision_weights: bool = Field(False, title="Store weights as float16")
    rules: SelectionRules = _RULES
    preprocessing: dict[Modality, Preprocessing] = _PREPROCESSING
    crop: dict[Modality, CropRule] | None = None

    @model_validator(mode="after")
    def _agree(self) -> TrainingConfig:
        modalities = set(self.network.modalities)
        self.rules.check_for(self.network.whole_panel)
        if self.network.whole_panel and self.subsets:
            raise ValueError(
                "this network answers without some of its images itself: it needs no further models"
            )
        if not self.network.whole_panel and (self.part_shown or self.stain_hidden):
            raise ValueError("part_shown and stain_hidden are for a network that reads the whole panel")
        if not set(self.crop or ()) <= {Modality(one) for one in modalities} - {Modality.TEM}:
            raise ValueError("crop names light and fluorescence images that the network reads")
        for subset in self.subsets:
            if not subset or not {one.value for one in subset} < modalities:
                raise ValueError(
                    "a model for missing images needs some, not all, of the network's modalities"
                )
        if self.folds == 1:
            raise ValueError("one fold tests nothing: give 0 or at least 2")
        if self.folds == 0 and self.final != "refit":
            raise ValueError("an ensemble and figures are made of folds: give at least 2, or final='refit'")
        if self.finetune_epochs and not self.freeze_encoders:
            raise ValueError("finetune_epochs follow a fit with freeze_encoders=True")
        return self

    def restricted_to(self, modalities: tuple[Modality, ...]) -> TrainingConfig:
        """The same training for a network that reads only ``modalities``, in the network's order."""
        kept = tuple(one for one in self.network.modalities if Modality(one) in modalities)
        slots = tuple(one for one in self.rules.slots if one.modality in modalities)
        return self.model_copy(
            update={
                "network": self.network.model_copy(update={"modalities": kept}),
                "rules": SelectionRules(slots=slots),
                "preprocessing": {m: p for m, p in self.preprocessing.items() if m in modalities},
                "crop": (self.crop and {m: rule for m, rule in self.crop.items() if m in modalities}) or None,
                "subsets": (),
            }
        )


BASIC = (
    "name", "title", "folds", "test_fraction", "epochs", "learning_rate", "batch", "encoder_weights", "seed",
)  # fmt: skip
"""Fields that the form shows at once; the others are folded away."""


def preset(name: str, **changes) -> TrainingConfig:
    """The configuration of a preset with some fields changed.

    ``paper`` is the published recipe (Swin-B, Adam 5e-5, cosine, 60 epochs, batch 4, five folds); encoders
    start from ``encoder_weights``, as nothing is ever downloaded. ``small`` freezes the encoders, encodes
    every image once and trains the fusion alone: minutes on two processor cores. Its encoder is
    EfficientNet-lite0, for which ``encoder_weights`` should be a file of ImageNet weights; without one it takes
    the encoders of the demonstration bundle, which have seen phantoms only. ``panel`` trains a renal HEALNet on
    all images of a case in the same way, and cases may lack any modality. ``demo`` trains three small residual
    networks from scratch on phantoms.
    """
    values: dict[str, object] = {"preset": name}
    if name == "demo":
        encoder = EncoderConfig(
            name="resnet18", kwargs={"layers": [1, 1, 1, 1], "channels": [16, 32, 64, 128]}
        )
        values |= {
            "name": "demo",
            "title": "Demonstration (synthetic images)",
            "network": CMUSNetConfig(encoder=encoder, dropout=0.2),
            "folds": 0,
            "final": "refit",
            "epochs": 14,
            "batch": 8,
            "learning_rate": 2e-3,
            "weight_decay": 1e-2,
            "schedule": "one_cycle",
            "half_precision_weights": True,
        }
    if name == "panel":
        encoder = EncoderConfig(name="tf_efficientnet_lite0", stage=4)
        values |= {
            "name": "panel",
            "title": "Renal HEALNet (whole panel)",
            "network": RenalHEALNetConfig(encoder=encoder, token_norm=True),
            "rules": _PANEL_RULES,
            "encoder_weights": "demo",
            "freeze_encoders": True,
            "flips": False,
            "part_shown": 0.5,
            "stain_hidden": 0.1,
            "epochs": 40,
            "patience": 10,
            "batch": 8,
            "learning_rate": 5e-4,
            "weight_decay": 1e-2,
        }
    if name == "small":
        # Cut before the last convolution: 320 channels on 7x7, trained heads in seconds, not minutes.
        encoder = EncoderConfig(name="tf_efficientnet_lite0", stage=4)
        values |= {
            "name": "small",
            "title": "CMUS-Net (small)",
            # A frozen encoder's channels have scales of their own, and its distances lie close together: at the
            # paper's 1.5 one planted outlier in ten is set aside, at 1.2 nine in ten, with 1 % of the others.
            "network": CMUSNetConfig(encoder=encoder, dropout=0.5, token_norm=True, threshold=1.2),
            "encoder_weights": "demo",
            "freeze_encoders": True,
            "flips": False,
            "epochs": 40,
            "patience": 8,
            "batch": 8,
            "learning_rate": 3e-4,
            "weight_decay": 1e-2,
        }
    return TrainingConfig.model_validate(values | changes)
