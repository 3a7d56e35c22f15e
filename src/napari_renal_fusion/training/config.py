"""The configuration of a training run, with its presets."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ..cases import Modality
from ..inputs import Preprocessing, SelectionRules, SlotRule
from ..networks import CMUSNetConfig, EncoderConfig

PRESETS = ("paper", "demo")


class TrainingConfig(BaseModel):
    """Everything that decides what a run computes; the form, ``config.json`` and the options derive from it.

    ``bag_size`` is (smallest, largest) number of electron images drawn at random for each patient in each
    epoch: the norm of the fused TEM feature depends on the bag's size, so training must show many.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    preset: Literal["paper", "demo"] = "paper"
    name: str = Field("cmus-net", title="Name of the bundle")
    title: str = Field("CMUS-Net", title="Title shown to people")
    network: CMUSNetConfig = CMUSNetConfig()
    epochs: int = Field(60, ge=1, title="Epochs")
    batch: int = Field(4, ge=1, title="Patients a step")
    learning_rate: float = Field(5e-5, gt=0, title="Learning rate")
    weight_decay: float = Field(5e-5, ge=0, title="Weight decay")
    schedule: Literal["cosine", "one_cycle"] = "cosine"
    bag_size: tuple[int, int] = (1, 12)
    validation_fraction: float = Field(0.2, gt=0, lt=0.9, title="Share of patients held out")
    seed: int = 0
    half_precision_weights: bool = Field(False, title="Store weights as float16")
    rules: SelectionRules = SelectionRules(
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
    preprocessing: dict[Modality, Preprocessing] = {
        Modality.OM: Preprocessing(),
        Modality.IM: Preprocessing(),
        # 2048 rows are cut to 1940 to remove the legend that the microscope burns in.
        Modality.TEM: Preprocessing(cut_bottom=108 / 2048),
    }


def preset(name: str, **changes) -> TrainingConfig:
    """The configuration of a preset with some fields changed.

    ``paper`` is the published recipe (Swin-B, Adam 5e-5, cosine, 60 epochs, batch 4), but for its
    initialisation: encoders start from random weights, as nothing is ever downloaded. ``demo`` trains three
    small residual networks from scratch on phantoms in minutes on two processor cores.
    """
    if name == "demo":
        encoder = EncoderConfig(
            name="resnet18", kwargs={"layers": [1, 1, 1, 1], "channels": [16, 32, 64, 128]}
        )
        values = {
            "preset": "demo",
            "name": "demo",
            "title": "Demonstration (synthetic images)",
            "network": CMUSNetConfig(encoder=encoder, dropout=0.2),
            "epochs": 14,
            "batch": 8,
            "learning_rate": 2e-3,
            "weight_decay": 1e-2,
            "schedule": "one_cycle",
            "half_precision_weights": True,
        }
        return TrainingConfig.model_validate(values | changes)
    return TrainingConfig.model_validate({"preset": name} | changes)
