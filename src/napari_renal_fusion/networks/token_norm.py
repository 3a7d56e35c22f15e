"""A fixed normalisation of the tokens of a frozen encoder, per channel."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from .errors import NetworkInputError


class TokenNorm(nn.Module):
    """``(x - mean) / sd`` per channel, with the mean and sd of the training tokens; nothing is learned.

    ``mean`` and ``sd`` [d] are buffers, 0 and 1 until :meth:`fit` sets them. A channel that does not vary
    keeps sd 1.
    """

    def __init__(self, width: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("sd", torch.ones(width))

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens [..., d] -> [..., d]."""
        return (tokens - self.mean) / self.sd

    @torch.no_grad()
    def fit(self, tokens: Iterable[Tensor]) -> None:
        """Take mean and sd (over all tokens, in float64) from tensors [..., d].

        Raises
        ------
        NetworkInputError
            There are no tokens, they have another number of channels, or they are not finite.
        """
        count, mean = 0, torch.zeros(len(self.mean), dtype=torch.float64)
        squares = torch.zeros_like(mean)
        for one in tokens:
            if one.shape[-1] != len(mean):
                raise NetworkInputError(f"tokens must have {len(mean)} channels, not {one.shape[-1]}")
            rows = one.detach().reshape(-1, len(mean)).double().cpu()
            # Chan, Golub and LeVeque 1979: stable for means far from 0, and each tensor is seen once.
            new, off = len(rows), rows.mean(dim=0) - mean
            squares += ((rows - rows.mean(dim=0)) ** 2).sum(dim=0) + off**2 * count * new / (count + new)
            mean += off * new / (count + new)
            count += new
        if not count or not mean.isfinite().all() or not squares.isfinite().all():
            raise NetworkInputError("there are no finite tokens to normalise by")
        sd = (squares / count).sqrt()
        flat = sd <= 1e-6 * mean.abs().clamp(min=1e-6)
        self.mean.copy_(mean)
        self.sd.copy_(torch.where(flat, 1.0, sd))
