"""The blocks of HEALNet: latents attend to a modality's tokens or to themselves, and a gated feed-forward.

Names of modules are those of the published state: ``norm``, ``norm_context`` and ``fn``.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

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
        self.to_q = nn.Linear(width, heads * head_width, bias=False)
        self.to_kv = nn.Linear(context_width, 2 * heads * head_width, bias=False)
        self.to_out = nn.Sequential(nn.Linear(heads * head_width, width), nn.LeakyReLU(0.01))
        self.scale = head_width**-0.5 / TEMPERATURE

    def split(self, x: Tensor) -> Tensor:
        """[K, T, heads * width] -> [K, heads, T, width]."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def output(self, attended: Tensor) -> Tensor:
        """[K, heads, l_c, width] -> [K, l_c, l_d]."""
        return self.to_out(attended.transpose(1, 2).flatten(-2))


class CrossAttention(nn.Module):
    """Latents ask, the tokens of one modality answer; the residual is added by the caller."""

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
        normed = context.tokens * self.norm_context.weight + self.norm_context.bias
        query = self.fn.split(self.fn.to_q(self.norm(latents)))
        key, value = (self.fn.split(half) for half in self.fn.to_kv(normed).chunk(2, dim=-1))
        mask = None if context.mask is None else context.mask[:, None, None]
        attended, weights = attend(
            query, key, value, self.fn.scale, mask, self.dropout if self.training else 0.0, attention
        )
        return self.fn.output(attended), weights


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
        query = self.fn.split(self.fn.to_q(normed))
        key, value = (self.fn.split(half) for half in self.fn.to_kv(normed).chunk(2, dim=-1))
        dropout = self.dropout if self.training else 0.0
        return self.fn.output(attend(query, key, value, self.fn.scale, dropout=dropout)[0])


class FeedForward(nn.Module):
    """Linear to 8 l_d, split in (a, g), a * SELU(g) or a * GELU(g), Linear back, dropout."""

    def __init__(self, width: int, snn: bool, dropout: float):
        super().__init__()
        self.norm = nn.LayerNorm(width, eps=EPSILON)
        gate = Gated(F.selu if snn else F.gelu)
        layers = nn.Linear(width, 8 * width), gate, nn.Linear(4 * width, width), nn.Dropout(dropout)
        self.fn = nn.ModuleDict({"net": nn.Sequential(*layers)})

    def forward(self, latents: Tensor) -> Tensor:
        """Update [K, l_c, l_d] of latents [K, l_c, l_d]."""
        return self.fn["net"](self.norm(latents))


class Gated(nn.Module):
    """First half of the channels times the activation of the second."""

    def __init__(self, activation):
        super().__init__()
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """[..., 2 w] -> [..., w]."""
        value, gate = x.chunk(2, dim=-1)
        return value * self.activation(gate)


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    scale: float,
    mask: Tensor | None = None,
    dropout: float = 0.0,
    need_weights: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """``softmax(scale * query key^T) value`` with the softmax in float32.

    query [K, heads, l, d], key and value [K, heads, T, d], mask bool [K, 1, 1, T] with True for what counts.
    The weights [K, heads, l, T], before dropout, are made only if ``need_weights``.
    """
    if not need_weights:
        out = F.scaled_dot_product_attention(query, key, value, mask, dropout, scale=scale)
        return out, None
    logits = (query @ key.transpose(-2, -1)).float() * scale
    if mask is not None:
        logits = logits.masked_fill(~mask, -torch.inf)
    weights = torch.softmax(logits, dim=-1)
    return F.dropout(weights, dropout).to(value.dtype) @ value, weights
