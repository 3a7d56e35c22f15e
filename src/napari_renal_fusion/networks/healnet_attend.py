"""Softmax attention that makes its weights only if somebody wants to see them."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

# Torch's fused kernels are made for narrow heads. Wider ones come from a few latents only, whose weights are
# smaller than the tokens.
_WIDEST_FUSED = 128

# Attention weights that may be held at a time, as a count of numbers: 64 MB in float32.
_PIECE = 2**24


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

    query [K, heads, l, d], key and value [K, heads, T, d] or, if all heads have the same, [K, 1, T, d]; mask
    bool [K, 1, 1, T] with True for what counts. The weights [K, heads, l, T], before dropout and 0 for what does
    not count, come only if ``need_weights``. Otherwise no more than a part of them exists at any time, in the
    backward pass too.
    """
    # On CPUs the fused kernel has no dropout, and what stands in for it holds all weights several times.
    fused = query.shape[-1] <= _WIDEST_FUSED and (dropout == 0 or query.is_cuda)
    if fused and not need_weights:
        key, value = (one.expand(-1, query.shape[1], -1, -1) for one in (key, value))
        return F.scaled_dot_product_attention(query, key, value, mask, dropout, scale=scale), None
    heads = query.shape[1]
    if key.shape[1] == 1:
        # Heads become rows: a product would copy keys for each of them.
        query = query.flatten(1, 2)[:, None]
    if need_weights:
        out, weights = _plainly(query, key, value, scale, mask, dropout)
        return _as_heads(out, heads), _as_heads(weights, heads)
    return _as_heads(_in_pieces(query, key, value, scale, mask, dropout), heads), None


def _in_pieces(
    query: Tensor, key: Tensor, value: Tensor, scale: float, mask: Tensor | None, dropout: float
) -> Tensor:
    """Some queries after the others; for the gradient each piece makes its weights again."""
    pieces = min(query.shape[2], math.ceil(query.shape[:3].numel() * key.shape[2] / _PIECE))
    if pieces <= 1:
        return _plainly(query, key, value, scale, mask, dropout)[0]
    done = [
        checkpoint(_only_output, part, key, value, scale, mask, dropout, use_reentrant=False)
        for part in query.chunk(pieces, dim=2)
    ]
    return torch.cat(done, dim=2)


def _plainly(
    query: Tensor, key: Tensor, value: Tensor, scale: float, mask: Tensor | None, dropout: float
) -> tuple[Tensor, Tensor]:
    logits = (query @ key.transpose(-2, -1)).to(torch.promote_types(query.dtype, torch.float32)) * scale
    if mask is not None:
        logits = logits.masked_fill(~mask, -torch.inf)
    weights = torch.softmax(logits, dim=-1)
    return F.dropout(weights, dropout).to(value.dtype) @ value, weights


def _only_output(*arguments) -> Tensor:
    return _plainly(*arguments)[0]


def _as_heads(x: Tensor, heads: int) -> Tensor:
    """[K, 1, heads * l, ...] -> [K, heads, l, ...], where heads have become rows."""
    return x if x.shape[1] == heads else x[:, 0].unflatten(1, (heads, -1))
