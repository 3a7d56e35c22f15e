"""The arguments of HEALNet as a frozen pydantic model that a bundle stores as JSON."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Variant = Literal["0.1.0", "2023-12"]
Positive = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, lt=1)]


class HEALNetConfig(BaseModel):
    """Everything that decides what a HEALNet computes, apart from its weights.

    The fields carry the names of the published constructor. Modality i is a tensor [B, *axes, channels] with
    ``num_spatial_axes[i]`` axes and ``channel_dims[i]`` channels, counted before positions are added. ``l_c``
    latent vectors of ``l_d`` channels ask; ``x_heads`` of ``cross_dim_head`` channels attend to the modalities,
    ``l_heads`` of ``latent_dim_head`` to the latents. ``num_freq_bands`` and ``max_freq`` shape the positions
    (``fourier_encode_data``), ``self_per_cross_attn`` is the number of self blocks in a row, ``snn`` chooses
    SELU over GELU in the gated feed-forward, and without ``final_classifier_head`` there are latents only.

    ``variant`` is not a published argument: both published programs have the same state keys and compute
    different things. ``0.1.0`` has positions in [-1, 1] and the self blocks after every modality, ``2023-12``
    positions in [0, 1] and the self blocks once per layer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    n_modalities: Positive
    channel_dims: tuple[Positive, ...]
    num_spatial_axes: tuple[Positive, ...]
    out_dims: Positive
    depth: Positive = 3
    num_freq_bands: Annotated[int, Field(ge=0)] = 2
    max_freq: float = Field(default=10.0, gt=0, allow_inf_nan=False)
    l_c: Positive = 128
    l_d: Positive = 128
    x_heads: Positive = 8
    l_heads: Positive = 8
    cross_dim_head: Positive = 64
    latent_dim_head: Positive = 64
    attn_dropout: Share = 0.0
    ff_dropout: Share = 0.0
    weight_tie_layers: bool = False
    fourier_encode_data: bool = True
    self_per_cross_attn: Annotated[int, Field(ge=0)] = 1
    final_classifier_head: bool = True
    snn: bool = True
    variant: Variant = "0.1.0"

    @model_validator(mode="after")
    def _one_entry_a_modality(self) -> HEALNetConfig:
        for field in ("channel_dims", "num_spatial_axes"):
            entries = getattr(self, field)
            if len(entries) != self.n_modalities:
                raise ValueError(
                    f"{field} must have {self.n_modalities} entries, one for each modality, not {len(entries)}"
                )
        return self

    @property
    def position_channels(self) -> tuple[int, ...]:
        """Channels that positions add to each modality: 2 * bands + 1 an axis."""
        per_axis = 2 * self.num_freq_bands + 1 if self.fourier_encode_data else 0
        return tuple(axes * per_axis for axes in self.num_spatial_axes)

    @property
    def context_widths(self) -> tuple[int, ...]:
        """Channels of each modality's tokens as the attention sees them: data, then positions."""
        return tuple(
            data + position for data, position in zip(self.channel_dims, self.position_channels, strict=True)
        )
