"""HEALNet: latents that read any number of modalities in turn, layer by layer (hybrid early fusion)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from .healnet_attention import CrossAttention, FeedForward, SelfAttention
from .healnet_config import HEALNetConfig
from .healnet_inputs import EPSILON, Context, check_inputs, make_context
from .healnet_published import entries_from_published


@dataclass(frozen=True)
class HEALNetOutput:
    """What a forward gives for a batch of B patients and M modalities.

    ``logits`` [B, out] (``None`` without a classifier head), ``latents`` [B, l_c, l_d] after the last layer and
    ``present`` bool [B, M], which patient's modalities were read. ``attention``, only if it was asked for, is a
    tuple over layers of tuples over modalities of weights [B, heads, l_c, tokens], softmaxed over tokens;
    ``None`` for a modality that nobody was given, 0 for a patient without it and for padding.
    """

    logits: Tensor | None
    latents: Tensor
    present: Tensor
    attention: tuple[tuple[Tensor | None, ...], ...] | None = None


class HEALNet(nn.Module):
    """Hybrid early-fusion network (HEALNet) for any set of modalities, any of them missing for any patient.

    ``l_c`` learned latents S attend to each modality in turn, in every layer:
    ``S = S + CrossAttn_i(LN(S), LN(x_i)); S = S + FF_i(LN(S))``, followed by the layer's self block
    ``S = S + SelfAttn(LN(S)); S = S + FF(LN(S))``, after every modality (variant ``0.1.0``) or once per layer
    (``2023-12``). The latents' mean, normalised, gives the logits. With ``weight_tie_layers`` layer 0 stands
    alone, all later layers share one set of weights, and within that set the modalities share one feed-forward.

    Parameters
    ----------
    config
        A ``HEALNetConfig``, or a mapping of its fields; alternatively give the fields as keyword arguments.
    """

    def __init__(self, config: HEALNetConfig | Mapping[str, Any] | None = None, **fields: Any):
        super().__init__()
        if config is not None and fields:
            raise TypeError("give HEALNet a configuration or keyword arguments, not both")
        self.config = HEALNetConfig.model_validate(fields if config is None else config)
        c = self.config
        self.checkpointing = False
        self.latents = nn.Parameter(torch.randn(c.l_c, c.l_d))
        self.layers = nn.ModuleList()
        for layer in range(c.depth):
            shared = self.layers[1] if c.weight_tie_layers and layer > 1 else None
            # A list of its own for every layer: the same modules under the names of each.
            one_feed_forward = c.weight_tie_layers and layer > 0
            self.layers.append(_layer(c, one_feed_forward) if shared is None else nn.ModuleList(shared))
        self.to_logits = (
            nn.Sequential(MeanOfLatents(), nn.LayerNorm(c.l_d, eps=EPSILON), nn.Linear(c.l_d, c.out_dims))
            if c.final_classifier_head
            else None
        )

    def set_gradient_checkpointing(self, enable: bool = True) -> None:
        """Let training make keys and values of a modality again instead of keeping those of every layer."""
        self.checkpointing = enable

    def forward(
        self,
        tensors: Sequence[Tensor | None],
        masks: Sequence[Tensor | None] | None = None,
        *,
        present: Tensor | None = None,
        attention: bool = False,
    ) -> HEALNetOutput:
        """Logits of a batch; nothing that is given is changed.

        Parameters
        ----------
        tensors
            For each modality [B, *axes, channels] (floating point), or ``None`` if no patient has it. Patches of
            a slide are tokens, their features channels.
        masks
            For each modality ``None`` or bool [B, tokens], True for real tokens; not for grids of two or more
            axes with positions. Padding may hold anything, and positions run over the real tokens alone.
        present
            bool [B, M]: which patient has which modality; by default every one that is given. A patient without
            a modality skips its step (in ``0.1.0`` with the self block after it), whatever its tensor holds.
        attention
            Also return the attention weights. They take B * heads * l_c * tokens numbers for each layer and
            modality; without them they are never held in memory at once.

        Raises
        ------
        NetworkInputError
            A tensor or mask does not fit, a bag is empty, a patient has no modality at all, or a real token is
            not finite.
        """
        masks, present = check_inputs(self.config, tensors, masks, present)
        dtype = _dtype_of_products(self.latents)
        contexts = [
            None if tensor is None else make_context(self.config, m, tensor, masks[m], present[:, m], dtype)
            for m, tensor in enumerate(tensors)
        ]
        latents = self.latents.expand(len(present), -1, -1)
        every_modality = self.config.variant == "0.1.0"
        kept = []
        for layer in self.layers:
            seen: list[Tensor | None] = []
            for m, context in enumerate(contexts):
                weights = None
                if context is not None:
                    blocks = (layer[2 * m], layer[2 * m + 1], layer[-1] if every_modality else ())
                    latents, weights = self._step(latents, context, *blocks, attention)
                seen.append(self._full(weights, tensors[m], context) if attention else None)
            if not every_modality:
                latents = _self_blocks(latents, layer[-1])
            kept.append(tuple(seen))
        return HEALNetOutput(
            logits=None if self.to_logits is None else self.to_logits(latents),
            latents=latents,
            present=present.to(latents.device),
            attention=tuple(kept) if attention else None,
        )

    def _step(
        self,
        latents: Tensor,
        context: Context,
        cross: CrossAttention,
        feed_forward: FeedForward,
        own: Sequence[nn.Module],
        attention: bool,
    ) -> tuple[Tensor, Tensor | None]:
        """One modality read by the latents of the patients who have it; those of the others stay as they are."""
        mine = latents if context.rows is None else latents[context.rows]
        if self.checkpointing and torch.is_grad_enabled():
            update, weights = checkpoint(cross, mine, context, attention, use_reentrant=False)
        else:
            update, weights = cross(mine, context, attention)
        mine = mine + update
        mine = _self_blocks(mine + feed_forward(mine), own)
        if context.rows is None:
            return mine, weights
        return latents.index_copy(0, context.rows, mine.to(latents.dtype)), weights

    def _full(self, weights: Tensor | None, tensor: Tensor | None, context: Context | None) -> Tensor | None:
        """Attention of the whole batch: that of patients without the modality is 0."""
        if tensor is None or (weights is not None and context.rows is None):
            return weights
        shape = (len(tensor), self.config.x_heads, self.config.l_c, tensor.shape[1:-1].numel())
        full = self.latents.new_zeros(shape, dtype=torch.float32 if weights is None else weights.dtype)
        return full if weights is None else full.index_copy(0, context.rows, weights)

    @classmethod
    def from_published(cls, state_dict: Mapping[str, Any], **arguments: Any) -> HEALNet:
        """The network of a published state dict, in eval mode.

        Parameters
        ----------
        state_dict
            The published network's state, or a checkpoint with that under ``state_dict``.
        arguments
            The published constructor's arguments by name, and ``variant`` for weights of the program of
            December 2023: its weights load all the same and would give other outputs.

        Raises
        ------
        CheckpointMismatch
            Entries are missing, unknown or of another shape, or entries that these arguments share
            (``weight_tie_layers``) differ; they are named and nothing is ignored.
        """
        model = cls(**arguments)
        model.load_state_dict(entries_from_published(state_dict.get("state_dict", state_dict), model))
        return model.eval()


class MeanOfLatents(nn.Module):
    """[B, l_c, l_d] -> [B, l_d]; entry 0 of ``to_logits``, whose published places are 1 and 2."""

    def forward(self, latents: Tensor) -> Tensor:
        """Mean over the latents."""
        return latents.mean(dim=1)


def _layer(c: HEALNetConfig, one_feed_forward: bool) -> nn.ModuleList:
    """Cross-attention and feed-forward of each modality in turn, then a list of self blocks."""
    shared = FeedForward(c.l_d, c.snn, c.ff_dropout) if one_feed_forward else None
    blocks: list[nn.Module] = []
    for width in c.context_widths:
        blocks.append(CrossAttention(c.l_d, width, c.x_heads, c.cross_dim_head, c.attn_dropout))
        blocks.append(shared or FeedForward(c.l_d, c.snn, c.ff_dropout))
    own = nn.ModuleList()
    for _ in range(c.self_per_cross_attn):
        own.append(SelfAttention(c.l_d, c.l_heads, c.latent_dim_head, c.attn_dropout))
        own.append(FeedForward(c.l_d, c.snn, c.ff_dropout))
    return nn.ModuleList([*blocks, own])


def _dtype_of_products(weights: Tensor) -> torch.dtype:
    """Tokens are converted once for all layers: autocast would keep a converted copy for each."""
    device = weights.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else weights.dtype


def _self_blocks(latents: Tensor, blocks: Sequence[nn.Module]) -> Tensor:
    for block in blocks:
        latents = latents + block(latents)
    return latents
