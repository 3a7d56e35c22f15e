"""The blocks of HEALNet: latents attend to a modality's tokens or to themselves, and a gated feed-forward.

Names of modules are those of the published state: ``norm``, ``norm_context`` and ``fn``.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .healnet_attend import attend
from .healnet_inputs import EPSILON, Context

# Both attentions divide their logits by it before the softmax.
TEMPERATURE = 0.5


class Projections(nn.Module):
    """Query, key and value, and output of one attention: q, k and v without bias, LeakyReLU(0.01) at the end.

    ``to_kv`` holds the keys' weights, then the values'; in each the channels of one head lie together.
    """

    def __init__(self, width: int, context_width: int, heads: int, head_width: int):
        super().__init__()
        self.heads = heads
        self.head_width = head_width
        self.to_q = nn.Linear(width, heads * head_width, bias=False)
        self.to_kv = nn.Linear(context_width, 2 * heads * head_width, bias=False)
        self.to_out = nn.Sequential(nn.Linear(heads * head_width, width), nn.LeakyReLU(0.01))
        self.scale = head_width**-0.5 / TEMPERATURE

    def query(self, x: Tensor) -> Tensor:
        """[K, l, l_d] -> [K, heads, l, head_width]."""
        return self._split(self.to_q(x))

    def key_and_value(self, projected: Tensor) -> tuple[Tensor, Tensor]:
        """What ``to_kv`` gives, [K, T, 2 * heads * head_width] -> two of [K, heads, T, head_width]."""
        key, value = projected.chunk(2, dim=-1)
        return self._split(key), self._split(value)

    def output(self, attended: Tensor) -> Tensor:
        """[K, heads, l, head_width] -> [K, l, l_d]."""
        return self.to_out(attended.transpose(1, 2).flatten(-2))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class CrossAttention(nn.Module):
    """Latents ask, the tokens of one modality answer; the residual is added by the caller.

    The LayerNorm of the tokens differs between layers only in its scale and shift. They are folded into the
    weights of keys and values, so that all layers read the same normalised tokens and none keeps its own copy.
    Where that costs less, keys and values are not made at all: ``q (W x) = (q W) x``, and the weights are
    applied to what the attention has pooled.
    """

    def __init__(self, width: int, context_width: int, heads: int, head_width: int, dropout: float):
        super().__init__()
        self.norm = nn.LayerNorm(width, eps=EPSILON)
        self.norm_context = nn.LayerNorm(context_width, eps=EPSILON)
        self.fn = Projections(width, context_width, heads, head_width)
        self.dropout = dropout

    def forward(
        self, latents: Tensor, context: Context, attention: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """Update [K, l_c, l_d] of latents [K, l_c, l_d], and [K, heads, l_c, T] if ``attention`` asks for it."""
        query = self.fn.query(self.norm(latents))
        mask = None if context.mask is None else context.mask[:, None, None]
        rest = self.fn.scale, mask, self.dropout if self.training else 0.0, attention
        tokens = context.tokens
        if self._folds(latents.shape[1], tokens.shape[1]):
            key_weight, value_weight = self._folded_weights(context).unflatten(0, (2, self.fn.heads, -1))
            tokens = tokens[:, None]
            pooled, weights = attend(query @ key_weight, tokens, tokens, *rest)
            return self.fn.output(pooled @ value_weight.transpose(-2, -1)), weights
        if tokens.shape[1] < len(self.fn.to_kv.weight):
            # Fewer tokens than rows of weights: the ordinary order is cheaper (one token of 20,000 genes).
            projected = self.fn.to_kv(self._normalised(context))
        else:
            projected = F.linear(tokens, self._folded_weights(context))
        attended, weights = attend(query, *self.fn.key_and_value(projected), *rest)
        return self.fn.output(attended), weights

    def _folds(self, latents: int, tokens: int) -> bool:
        """Whether keys and values cost more multiplications than they save, per head and patient."""
        wide, narrow = self.norm_context.weight.shape[0], self.fn.head_width
        unfolded = tokens * narrow * (wide + latents)
        return latents * wide * (narrow + tokens) < unfolded

    def _folded_weights(self, context: Context) -> Tensor:
        """Weights of keys and values for ``context.tokens``: scale in them, shift at the constant channel."""
        weight, norm = self.fn.to_kv.weight, self.norm_context
        unused = weight.new_zeros(len(weight), context.tokens.shape[-1] - weight.shape[1] - 1)
        return torch.cat([weight * norm.weight, (weight @ norm.bias)[:, None], unused], dim=1)

    def _normalised(self, context: Context) -> Tensor:
        norm = self.norm_context
        return context.tokens[..., : len(norm.weight)] * norm.weight + norm.bias


class SelfAttention(nn.Module):
    """Latents ask and answer; the residual is added by the caller."""

    def __init__(self, width: int, heads: int, head_width: int, dropout: float):
        super().__init__()
        self.norm = nn.LayerNorm(width, eps=EPSILON)
        self.fn = Projections(width, width, heads, head_width)
        self.dropout = dropout

    def forward(self, latents: Tensor) -> Tensor:
        """Update [K, l_c, l_d] of latents [K, l_c, l_d]."""
        normed = self.norm(latents)
        key, value = self.fn.key_and_value(self.fn.to_kv(normed))
        dropout = self.dropout if self.training else 0.0
        return self.fn.output(attend(self.fn.query(normed), key, value, self.fn.scale, None, dropout)[0])


class FeedForward(nn.Module):
    """Linear to 8 l_d, split in (a, g), a * SELU(g) or a * GELU(g), Linear back, dropout."""

    def __init__(self, width: int, snn: bool, dropout: float):
        super().__init__()
        self.norm = nn.LayerNorm(width, eps=EPSILON)
        gated = Gated(F.selu if snn else F.gelu)
        layers = nn.Linear(width, 8 * width), gated, nn.Linear(4 * width, width), nn.Dropout(dropout)
        self.fn = nn.ModuleDict({"net": nn.Sequential(*layers)})

    def forward(self, latents: Tensor) -> Tensor:
        """Update [K, l_c, l_d] of latents [K, l_c, l_d]."""
        return self.fn["net"](self.norm(latents))


class Gated(nn.Module):
    """First half of the channels times the activation of the second."""

    def __init__(self, activation: Callable[[Tensor], Tensor]):
        super().__init__()
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """[..., 2 w] -> [..., w]."""
        value, gate = x.chunk(2, dim=-1)
        return value * self.activation(gate)
