"""Discrete-time survival: logits of hazards -> negative log-likelihood, risk and survival curve."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from .errors import NetworkInputError


def survival_nll(
    logits: Tensor, bins: Tensor, censored: Tensor, alpha: float = 0.4, class_weights: Tensor | None = None
) -> Tensor:
    """Negative log-likelihood of discrete hazards, the mean over the batch, in float32.

    With h = sigmoid(logits), S = cumprod(1 - h), S[-1] = 1, y the bin and c = 1 for censored::

        -(1 - c) (log S[y - 1] + log h[y]) - (1 - alpha) c log S[y]

    Computed from log-sigmoids, so no logit is too large.

    Parameters
    ----------
    logits
        [B, bins], any floating dtype.
    bins
        int64 [B]: the bin of the time of event or of last contact, counted from 0.
    censored
        bool [B]: True if no event was seen.
    alpha
        How much less a censored patient counts, 0 to 1.
    class_weights
        [bins], or ``None``: a factor for the patients of each bin.

    Raises
    ------
    NetworkInputError
        Shapes do not fit, a bin does not exist, or ``alpha`` is not between 0 and 1.
    """
    _check(logits, bins, censored, alpha, class_weights)
    logits = _at_least_float32(logits)
    log_hazard = F.logsigmoid(logits)
    log_survival = F.logsigmoid(-logits).cumsum(dim=1)  # log(1 - h) is the log-sigmoid of -logits
    place = bins[:, None]
    # S[y - 1] = S[y] / (1 - h[y]), without a bin before the first one.
    before = F.pad(log_survival, (1, 0)).gather(1, place)[:, 0]
    event = before + log_hazard.gather(1, place)[:, 0]
    still_alive = (1 - alpha) * log_survival.gather(1, place)[:, 0]
    loss = -torch.where(censored, still_alive, event)
    if class_weights is not None:
        loss = loss * class_weights.to(loss)[bins]
    return loss.mean()


def survival_curve(logits: Tensor) -> Tensor:
    """S = cumprod(1 - sigmoid(logits)) [B, bins]: probability of no event until the end of each bin."""
    return torch.sigmoid(-_at_least_float32(logits)).cumprod(dim=-1)


def risk(logits: Tensor) -> Tensor:
    """-sum(S) [B] for logits [B, bins]: the larger, the sooner the event is expected."""
    return -survival_curve(logits).sum(dim=-1)


def _at_least_float32(logits: Tensor) -> Tensor:
    return logits.to(torch.promote_types(logits.dtype, torch.float32))


def _check(
    logits: Tensor, bins: Tensor, censored: Tensor, alpha: float, class_weights: Tensor | None
) -> None:
    if logits.ndim != 2 or not len(logits) or bins.shape != logits.shape[:1] or censored.shape != bins.shape:
        raise NetworkInputError(
            "survival_nll needs logits [B, bins] with bins and censored [B], not "
            f"{list(logits.shape)}, {list(bins.shape)} and {list(censored.shape)}"
        )
    if bins.dtype != torch.int64 or censored.dtype != torch.bool:
        raise NetworkInputError(
            f"survival_nll needs bins as int64 and censored as bool, not {bins.dtype} and {censored.dtype}"
        )
    if not 0 <= alpha <= 1:
        raise NetworkInputError(f"alpha must be between 0 and 1, not {alpha}")
    count = logits.shape[1]
    if int(bins.min()) < 0 or int(bins.max()) >= count:
        raise NetworkInputError(f"bins must be 0 to {count - 1}, not {int(bins.min())} to {int(bins.max())}")
    if class_weights is not None and class_weights.shape != (count,):
        raise NetworkInputError(f"class_weights must be [{count}], not {list(class_weights.shape)}")
