"""The arguments of the renal HEALNet as a frozen pydantic model that a bundle stores as JSON."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from .config import MODALITIES, EncoderConfig, Modality, encoders_by_name, in_the_usual_order

UNKNOWN_STAIN = 0
"""Index of a stain or antibody that is not stated, or that training did not see."""


class RenalHEALNetConfig(BaseModel):
    """Everything that decides what a renal HEALNet computes, apart from its weights.

    ``encoder`` and ``token_norm`` are those of :class:`CMUSNetConfig`. Each token enters the HEALNet core as
    ``token_width`` projected channels, 2 * (2 * ``num_freq_bands`` + 1) channels of its row and column on its
    image, and ``stain_width`` channels of a learned embedding of what its image shows: one of ``stains`` (OM) or
    ``antibodies`` (IM), or unknown. A run fills these two from its cohort, so that a bundle says which ones it
    has seen. ``depth``, ``l_c``, ``l_d``, ``heads``, ``dim_head`` (both attentions), the dropouts and
    ``self_per_cross_attn`` are the core's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["renal_healnet"] = "renal_healnet"
    encoder: EncoderConfig | dict[Modality, EncoderConfig] = Field(default_factory=EncoderConfig)
    n_classes: int = Field(default=3, ge=2)
    modalities: tuple[Modality, ...] = MODALITIES
    token_norm: bool = False
    token_width: int = Field(default=32, ge=1)
    stain_width: int = Field(default=8, ge=1)
    stains: tuple[str, ...] = ()
    antibodies: tuple[str, ...] = ()
    num_freq_bands: int = Field(default=2, ge=1)
    max_freq: float = Field(default=4.0, gt=0, allow_inf_nan=False)
    depth: int = Field(default=2, ge=1)
    l_c: int = Field(default=16, ge=1)
    l_d: int = Field(default=64, ge=1)
    heads: int = Field(default=4, ge=1)
    dim_head: int = Field(default=16, ge=1)
    attn_dropout: float = Field(default=0.1, ge=0, lt=1)
    ff_dropout: float = Field(default=0.2, ge=0, lt=1)
    token_dropout: float = Field(default=0.2, ge=0, lt=1)
    self_per_cross_attn: int = Field(default=1, ge=0)

    @field_validator("encoder", mode="before")
    @classmethod
    def _names_are_encoders(cls, encoder: Any) -> Any:
        return encoders_by_name(encoder)

    @field_validator("modalities")
    @classmethod
    def _in_the_usual_order(cls, modalities: tuple[Modality, ...]) -> tuple[Modality, ...]:
        return in_the_usual_order(modalities)

    @field_validator("stains", "antibodies")
    @classmethod
    def _each_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if any(not name.strip() for name in names) or len({_plain(name) for name in names}) < len(names):
            raise ValueError(f"stains and antibodies must be different names, not {', '.join(names)}")
        return names

    @model_validator(mode="after")
    def _an_encoder_each(self) -> RenalHEALNetConfig:
        if isinstance(self.encoder, dict):
            missing = [m for m in self.modalities if m not in self.encoder]
            if missing:
                raise ValueError(f"no encoder is given for {', '.join(missing)}")
        return self

    @property
    def whole_panel(self) -> bool:
        """Whether it reads any number of images of each modality and answers with any of them missing."""
        return True

    def encoder_for(self, modality: Modality) -> EncoderConfig:
        return self.encoder[modality] if isinstance(self.encoder, dict) else self.encoder

    def stains_of(self, modality: Modality) -> tuple[str, ...]:
        """The stains or antibodies that have an embedding of their own; none for electron images."""
        return {"OM": self.stains, "IM": self.antibodies}.get(modality, ())

    def stain_index(self, modality: Modality, stain: str | None) -> int:
        """Index of the embedding of a stain or antibody, however it is capitalised; 0 is unknown."""
        known = {_plain(name): place for place, name in enumerate(self.stains_of(modality), start=1)}
        return known.get(_plain(stain), UNKNOWN_STAIN) if stain else UNKNOWN_STAIN

    @property
    def position_channels(self) -> int:
        """Channels of a token's row and column."""
        return 2 * (2 * self.num_freq_bands + 1)


def _plain(name: str) -> str:
    return name.strip().casefold()
