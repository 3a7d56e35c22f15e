"""Cross-modal scale attention (CMSA): TEM tokens ask, the tokens of a partner modality answer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .errors import NetworkInputError


class CMSA(nn.Module):
    """CMSA as the paper states it (CMUS-Net, Eq. 8 to 10).

    ``partner + concat_heads(softmax(Q K^T / sqrt(d / h)) V)`` with Q from the TEM tokens, K and V from the
    partner's tokens, over spatial tokens; no bias and no output projection. The softmax is in float32.

    Parameters
    ----------
    width
        Channels d of the partner's tokens, a multiple of ``heads``.
    heads
        Number of attention heads h.
    query_width
        Channels of the TEM tokens where they differ from ``width``; the query projection then bridges them.
    """

    def __init__(self, width: int, heads: int = 4, query_width: int | None = None):
        super().__init__()
        if width % heads:
            raise ValueError(f"CMSA: {heads} heads do not divide {width} channels")
        self.heads = heads
        self.query = nn.Linear(query_width or width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)

    def forward(self, tem: Tensor, partner: Tensor) -> Tensor:
        """TEM tokens [B, L, d_TEM] and partner tokens [B, L, d] -> attended partner tokens [B, L, d].

        Raises
        ------
        NetworkInputError
            The two modalities have different numbers of tokens, so that the residual cannot be added.
        """
        _check_same_tokens(tem, partner)
        query, key, value = (
            projected.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for projected in (self.query(tem), self.key(partner), self.value(partner))
        )
        attended = _attention(query, key, value, scale=query.shape[-1] ** -0.5)
        return partner + attended.transpose(1, 2).flatten(-2)


class SingleHeadCMSA(nn.Module):
    """CMSA as the published code computes it; one module serves both partners.

    One head whose scale is that of ``heads`` heads, ``(d / heads) ** -0.5``. The output [B, L, d] is then
    transposed to [B, d, L] and read back as [B, L, d], as if there were a head axis to merge; a projection
    with bias and the residual follow.
    """

    def __init__(self, width: int, heads: int = 4):
        super().__init__()
        self.scale = (width / heads) ** -0.5
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.projection = nn.Linear(width, width)

    def forward(self, tem: Tensor, partner: Tensor) -> Tensor:
        """TEM tokens and partner tokens, both [B, L, d] -> [B, L, d]."""
        _check_same_tokens(tem, partner)
        attended = _attention(self.query(tem), self.key(partner), self.value(partner), self.scale)
        mixed = attended.transpose(1, 2).reshape(partner.shape)
        return partner + self.projection(mixed)


def _attention(query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
    logits = (query @ key.transpose(-2, -1)).float() * scale
    return torch.softmax(logits, dim=-1).to(value.dtype) @ value


def _check_same_tokens(tem: Tensor, partner: Tensor) -> None:
    if tem.ndim != 3 or partner.ndim != 3 or tem.shape[:2] != partner.shape[:2]:
        raise NetworkInputError(
            "CMSA needs TEM and partner tokens [B, L, d] with equal B and L, not "
            f"{list(tem.shape)} and {list(partner.shape)}; choose encoders with equal grids"
        )
