"""Renal HEALNet: every image of a biopsy as tokens that the latents of a HEALNet read, any modality missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .config import Modality
from .encoders import TimmEncoder
from .errors import NetworkInputError, NonFiniteFeatures
from .fusion_network import FusionNetwork, FusionOutput
from .healnet import HEALNet
from .healnet_inputs import fourier_positions
from .renal_healnet_config import RenalHEALNetConfig
from .renal_healnet_tokens import PanelTokens
from .token_norm import TokenNorm

_MODALITY_AXES = "[B, N, h, w, d]"


class RenalHEALNet(FusionNetwork):
    """Classifier of renal biopsies from any number of light (OM), immunofluorescence (IM) and electron (TEM) images.

    Each image is encoded to h x w tokens. A token enters a :class:`HEALNet` of up to three modalities as its
    normalised and projected channels, Fourier features of its row and column on the image, and a learned
    embedding of the stain (OM) or antibody (IM) of the image. Attention knows no order, so neither the order
    of images nor padding changes an answer, and a modality that a patient lacks skips its step.

    Parameters
    ----------
    config
        A ``RenalHEALNetConfig``, or a mapping of its fields; alternatively give the fields as keyword
        arguments. Weights are random: nothing is downloaded.
    """

    def __init__(self, config: RenalHEALNetConfig | Mapping[str, Any] | None = None, **fields: Any):
        super().__init__()
        if config is not None and fields:
            raise TypeError("give RenalHEALNet a configuration or keyword arguments, not both")
        self.config = RenalHEALNetConfig.model_validate(fields if config is None else config)
        c = self.config
        self.encoders = nn.ModuleDict({m: TimmEncoder(c.encoder_for(m)) for m in c.modalities})
        self._add_fusion({m: encoder.width for m, encoder in self.encoders.items()})

    def _add_fusion(self, widths: dict[str, int]) -> None:
        """Everything behind the encoders, for tokens with ``widths`` channels by modality."""
        c = self.config
        self.widths = widths
        if c.token_norm:
            self.token_norm = nn.ModuleDict({m: TokenNorm(width) for m, width in widths.items()})
        self.project = nn.ModuleDict({m: nn.Linear(width, c.token_width) for m, width in widths.items()})
        self.drop = nn.Dropout(c.token_dropout)
        self.stains = nn.ModuleDict(
            {m: nn.Embedding(1 + len(c.stains_of(m)), c.stain_width) for m in widths if m != "TEM"}
        )
        for embedding in self.stains.values():
            # Small at first: a stain of few patients must not shout.
            nn.init.normal_(embedding.weight, std=0.1)
        extra = {m: c.position_channels + (c.stain_width if m in self.stains else 0) for m in widths}
        self.core = HEALNet(
            n_modalities=len(widths),
            channel_dims=tuple(c.token_width + extra[m] for m in widths),
            num_spatial_axes=(1,) * len(widths),
            out_dims=c.n_classes,
            depth=c.depth,
            l_c=c.l_c,
            l_d=c.l_d,
            x_heads=c.heads,
            l_heads=c.heads,
            cross_dim_head=c.dim_head,
            latent_dim_head=c.dim_head,
            attn_dropout=c.attn_dropout,
            ff_dropout=c.ff_dropout,
            self_per_cross_attn=c.self_per_cross_attn,
            fourier_encode_data=False,  # a token's place is on its image, not in the row of all tokens
        )

    def fit_token_norm(self, tokens: Mapping[Modality, Iterable[Tensor]]) -> None:
        """As :meth:`FusionNetwork.fit_token_norm`; a modality without a single token is left as it is."""
        if not self.config.token_norm:
            raise NetworkInputError("this network has no token_norm; set it in its configuration")
        for modality, maps in tokens.items():
            unread = iter(maps)
            first = next(unread, None)
            if first is not None:
                self.token_norm[modality].fit(chain([first], unread))

    def encode(self, batch: Any) -> PanelTokens:
        """Tokens of ``batch``, an object with ``images`` [B, N, 3, H, W], ``masks`` and ``stains`` [B, N] by modality.

        Modalities that the network does not have are not read; padding is not encoded.

        Raises
        ------
        NetworkInputError
            Images or masks have another shape.
        """
        maps = {}
        for modality in (m for m in self.config.modalities if m in batch.images):
            images, mask = batch.images[modality], batch.masks[modality]
            if images.ndim != 5 or images.shape[:2] != mask.shape:
                raise NetworkInputError(
                    f"{modality}: images must be [B, N, 3, H, W] with a mask [B, N], not {list(images.shape)} and "
                    f"{list(mask.shape)}"
                )
            if not mask.any():
                continue
            present = self.encode_images(modality, images[mask])
            whole = present.new_zeros(*mask.shape, *present.shape[1:])
            whole[mask] = present
            maps[modality] = whole
        return PanelTokens(
            maps, {m: batch.masks[m] for m in maps}, {m: batch.stains[m] for m in maps if m in batch.stains}
        )

    def fuse(
        self,
        maps: Mapping[str, Tensor],
        masks: Mapping[str, Tensor] | None = None,
        stains: Mapping[str, Tensor] | None = None,
        *,
        attention: bool = False,
    ) -> FusionOutput:
        """Logits from the parts of :class:`PanelTokens`; ``attention`` also returns the weights.

        Without ``masks`` every image exists, without ``stains`` every stain is unknown.

        Raises
        ------
        NetworkInputError
            A modality is not one of the network's or has a shape, a mask or stains that do not fit; a patient
            has no image at all.
        NonFiniteFeatures
            Features of an image are NaN or infinite; the error names it.
        """
        maps, masks = self._checked(maps, masks or {})
        order = list(self.widths)
        batch = len(next(iter(maps.values())))
        normed = {m: self.token_norm[m](one) if self.config.token_norm else one for m, one in maps.items()}
        tensors: list[Tensor | None] = [None] * len(order)
        flat: list[Tensor | None] = [None] * len(order)
        for place, modality in enumerate(order):
            if modality in maps:
                tensors[place] = self._tokens(modality, normed[modality], (stains or {}).get(modality))
                tokens_each = maps[modality].shape[2] * maps[modality].shape[3]
                flat[place] = masks[modality].repeat_interleave(tokens_each, dim=1)
        present = torch.stack(
            [
                masks[m].any(dim=1).cpu() if m in masks else torch.zeros(batch, dtype=torch.bool)
                for m in order
            ],
            dim=1,
        )
        if not present.any(dim=1).all():
            patient = int((~present.any(dim=1)).nonzero()[0])
            raise NetworkInputError(f"patient {patient} in the batch has no image at all")
        output = self.core(tensors, flat, present=present, attention=attention)
        return FusionOutput(
            fusion=output.logits,
            om=None,
            im=None,
            tem=None,
            smil=None,
            features=output.latents.mean(dim=1),
            unfused=torch.cat([self._pooled(m, normed, masks, batch) for m in order], dim=1),
            attention=self._on_images(output.attention, maps) if attention else None,
        )

    def loss(self, output: FusionOutput, labels: Tensor, class_weights: Tensor | None = None) -> Tensor:
        """Mean cross-entropy of ``output`` for class indices ``labels`` [B]; ``class_weights`` [C]."""
        return F.cross_entropy(output.fusion, labels, class_weights)

    def columns_of(self, modalities: Iterable[str]) -> list[int]:
        """Columns of ``FusionOutput.unfused`` that belong to ``modalities``, in the network's order."""
        wanted, columns, start = set(modalities), [], 0
        for modality, width in self.widths.items():
            if modality in wanted:
                columns += range(start, start + width)
            start += width
        return columns

    def _tokens(self, modality: str, maps: Tensor, stains: Tensor | None) -> Tensor:
        """What enters the core, [B, N * h * w, channels], from token maps [B, N, h, w, d]."""
        batch, count, height, width = maps.shape[:4]
        tokens = [self.drop(self.project[modality](maps))]
        # Cell centres in (-1, 1): the same part of an image has the same place on any grid.
        lines = [
            (2 * torch.arange(size, device=maps.device, dtype=maps.dtype) + 1) / size - 1
            for size in (height, width)
        ]
        grid = torch.stack(torch.meshgrid(*lines, indexing="ij"), dim=-1)
        places = fourier_positions(grid, self.config.num_freq_bands, self.config.max_freq)
        tokens.append(places.expand(batch, count, -1, -1, -1))
        if modality in self.stains:
            if stains is None:
                stains = torch.zeros(batch, count, dtype=torch.long, device=maps.device)
            shown = self.stains[modality](stains)[:, :, None, None]
            tokens.append(shown.expand(-1, -1, height, width, -1))
        return torch.cat(tokens, dim=-1).flatten(1, 3)

    def _pooled(
        self, modality: str, maps: Mapping[str, Tensor], masks: Mapping[str, Tensor], batch: int
    ) -> Tensor:
        """Mean over the tokens of all images [B, d]; 0 for a patient without any."""
        if modality not in maps:
            some = next(iter(maps.values()))
            return some.new_zeros(batch, self.widths[modality])
        mask = masks[modality]
        each = maps[modality].masked_fill(~mask[:, :, None, None, None], 0).mean(dim=(2, 3))
        return each.sum(dim=1) / mask.sum(dim=1, keepdim=True).clamp(min=1)

    def _on_images(self, attention: tuple, maps: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Weights [B, layers, heads, l_c, N, h, w] by modality, from those of the core."""
        found = {}
        for place, modality in enumerate(self.widths):
            if modality in maps:
                layers = torch.stack([layer[place] for layer in attention], dim=1)
                found[modality] = layers.unflatten(-1, maps[modality].shape[1:4])
        return found

    def _checked(
        self, maps: Mapping[str, Tensor], masks: Mapping[str, Tensor]
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        found, whole = {}, {}
        for modality, one in maps.items():
            if modality not in self.widths:
                raise NetworkInputError(f"{modality} is given, but this network does not use it")
            width = self.widths[modality]
            if one.ndim != 5 or one.shape[-1] != width:
                raise NetworkInputError(
                    f"{modality}: tokens must be {_MODALITY_AXES}, d = {width}, not {list(one.shape)}"
                )
            mask = masks.get(modality)
            mask = torch.ones(one.shape[:2], dtype=torch.bool, device=one.device) if mask is None else mask
            if mask.dtype != torch.bool or mask.shape != one.shape[:2]:
                raise NetworkInputError(
                    f"{modality}: the mask must be bool {list(one.shape[:2])}, not {mask.dtype} {list(mask.shape)}"
                )
            finite = one.detach().flatten(2).isfinite().all(dim=2) | ~mask
            if not finite.all():
                patient, image = (~finite).nonzero()[0].tolist()
                raise NonFiniteFeatures(modality, patient, image)
            # Padding may hold anything, also what is not a number.
            found[modality] = one.masked_fill(~mask[:, :, None, None, None], 0)
            whole[modality] = mask
        if not found:
            raise NetworkInputError("all modalities are missing; at least one image must be given")
        if len({len(one) for one in found.values()}) > 1:
            sizes = ", ".join(f"{modality} {len(one)}" for modality, one in found.items())
            raise NetworkInputError(f"the modalities have different numbers of patients: {sizes}")
        return found, whole
