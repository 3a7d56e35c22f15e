"""The arguments of CMUS-Net as frozen pydantic models that a bundle stores as JSON."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

Modality = Literal["OM", "IM", "TEM"]
Preset = Literal["paper", "published_code"]
MODALITIES: tuple[Modality, ...] = ("OM", "IM", "TEM")

# timm's default tag of this Swin-B is the ImageNet-22k one, which is not the paper's.
PAPER_ENCODER = "swin_base_patch4_window7_224.ms_in1k"

# Set by the adapter, or able to fetch or unpickle weights while a network is only being built.
_REFUSED = {"checkpoint_path", "cache_dir", "features_only", "global_pool", "in_chans", "num_classes"}


class EncoderConfig(BaseModel):
    """One encoder: the name of a timm model, its keyword arguments and the size of its input image.

    ``kwargs`` go to ``timm.create_model`` as they are (JSON values only). ``input_size`` is (height, width)
    in pixels, one number for a square; without it the size that timm records for the model.

    ``stage`` cuts the backbone after one of its feature stages, an index into timm's ``feature_info`` counted
    from 0; tokens are what leaves that stage, and later blocks (the last stage's norm and head convolution
    too) do not exist. ``None`` is the whole backbone. For ResNets stage 3 has a stride of 16 pixels, for
    Swin and ConvNeXt stage 2.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = PAPER_ENCODER
    kwargs: dict[str, JsonValue] = Field(default_factory=dict)
    input_size: tuple[Annotated[int, Field(gt=0)], Annotated[int, Field(gt=0)]] | None = None
    stage: Annotated[int, Field(ge=0)] | None = None

    @field_validator("name")
    @classmethod
    def _from_the_registry(cls, name: str) -> str:
        # timm reads "hf-hub:" and "local-dir:" names from the network and from disk.
        if not name or any(character in name for character in ":/\\"):
            raise ValueError(f"{name!r} is not the plain name of a timm model, such as {PAPER_ENCODER!r}")
        return name

    @field_validator("kwargs", mode="before")
    @classmethod
    def _plain_json(cls, kwargs: Any) -> Any:
        if isinstance(kwargs, dict):
            refused = [k for k in kwargs if k in _REFUSED or str(k).startswith("pretrained")]
            if refused:
                raise ValueError(f"keyword {', '.join(refused)} cannot be given to an encoder")
            if "img_size" in kwargs:
                raise ValueError("give the image size as input_size, not as the keyword img_size")
        return _tuples_as_lists(kwargs)

    @field_validator("input_size", mode="before")
    @classmethod
    def _square(cls, size: Any) -> Any:
        return (size, size) if isinstance(size, int) else size


class CMUSNetConfig(BaseModel):
    """Everything that decides what a CMUS-Net computes, apart from its weights.

    ``encoder`` is one encoder for all modalities or a mapping from modality to encoder; a plain string is
    the name of a timm model. ``loss_weights`` are alpha (OM), beta (IM) and gamma (TEM), on the simplex.
    ``smil``, ``cmsa`` and ``weighted_loss`` are the ablation switches of Table 2: without SMIL the features
    of the TEM images are averaged, without CMSA they are concatenated as they are, without the weighted
    loss only the fusion loss is left. ``token_norm`` subtracts a fixed mean from the tokens of each modality
    and divides by a fixed standard deviation, per channel, before anything is fused: frozen encoders have
    channels of very different scales.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["cmus_net"] = "cmus_net"
    preset: Preset = "paper"
    encoder: EncoderConfig | dict[Modality, EncoderConfig] = Field(default_factory=EncoderConfig)
    n_classes: int = Field(default=3, ge=2)
    modalities: tuple[Modality, ...] = MODALITIES
    smil: bool = True
    cmsa: bool = True
    weighted_loss: bool = True
    threshold: float = Field(default=1.5, gt=0, allow_inf_nan=False)
    heads: int = Field(default=4, ge=1)
    hidden: int = Field(default=128, ge=1)
    dropout: float = Field(default=0.5, ge=0, lt=1)
    loss_weights: tuple[float, float, float] = (0.3, 0.5, 0.2)
    token_norm: bool = False

    @field_validator("encoder", mode="before")
    @classmethod
    def _names_are_encoders(cls, encoder: Any) -> Any:
        return encoders_by_name(encoder)

    @field_validator("modalities")
    @classmethod
    def _in_the_usual_order(cls, modalities: tuple[Modality, ...]) -> tuple[Modality, ...]:
        return in_the_usual_order(modalities)

    @field_validator("loss_weights")
    @classmethod
    def _on_the_simplex(cls, weights: tuple[float, float, float]) -> tuple[float, float, float]:
        if min(weights) < 0 or not math.isclose(sum(weights), 1.0, abs_tol=1e-6):
            raise ValueError(f"loss weights (OM, IM, TEM) must be at least 0 and sum to 1, not {weights}")
        return weights

    @model_validator(mode="after")
    def _an_encoder_each(self) -> CMUSNetConfig:
        if isinstance(self.encoder, dict):
            missing = [m for m in self.modalities if m not in self.encoder]
            if missing:
                raise ValueError(f"no encoder is given for {', '.join(missing)}")
        if self.token_norm and self.preset == "published_code":
            raise ValueError("published_code has no token_norm")
        return self

    @property
    def whole_panel(self) -> bool:
        """Whether it reads any number of images of each modality and answers with any of them missing."""
        return False

    @property
    def concat_order(self) -> tuple[Modality, ...]:
        """Modalities in the order in which their vectors enter the classifier."""
        order = ("OM", "TEM", "IM") if self.preset == "paper" else ("TEM", "OM", "IM")
        return tuple(m for m in order if m in self.modalities)

    @property
    def partners(self) -> tuple[Modality, ...]:
        """Modalities that the TEM tokens attend to through CMSA."""
        if not self.cmsa or "TEM" not in self.modalities:
            return ()
        return tuple(m for m in self.modalities if m != "TEM")

    def encoder_for(self, modality: Modality) -> EncoderConfig:
        return self.encoder[modality] if isinstance(self.encoder, dict) else self.encoder


def encoders_by_name(encoder: Any) -> Any:
    """What is given as encoder, with plain names of timm models as configurations."""
    if isinstance(encoder, str):
        return {"name": encoder}
    if isinstance(encoder, dict) and not set(encoder) & set(EncoderConfig.model_fields):
        return {m: {"name": e} if isinstance(e, str) else e for m, e in encoder.items()}
    return encoder


def in_the_usual_order(modalities: tuple[Modality, ...]) -> tuple[Modality, ...]:
    """One to three different modalities in the order OM, IM, TEM.

    Raises
    ------
    ValueError
        There is none, or one stands twice.
    """
    if not modalities or len(set(modalities)) != len(modalities):
        raise ValueError(f"modalities must be one to three different ones of {', '.join(MODALITIES)}")
    return tuple(m for m in MODALITIES if m in modalities)


def _tuples_as_lists(value: Any) -> Any:
    """The same value after a round trip through JSON, so that a stored configuration compares equal."""
    if isinstance(value, (list, tuple)):
        return [_tuples_as_lists(item) for item in value]
    if isinstance(value, dict):
        return {key: _tuples_as_lists(item) for key, item in value.items()}
    return value
