"""Probabilities for another mix of diseases than a model was trained on."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import RenalFusionError

_TOLERANCE = 0.02  # frequencies are typed by people: .33 + .33 + .33 is meant as a whole


def adjusted_to_frequencies(
    probabilities: ArrayLike, trained_shares: ArrayLike, frequencies: ArrayLike
) -> NDArray[np.float64]:
    """Probabilities under a service's own disease frequencies.

        p'(y | x)  =  p(y | x) * f(y) / s(y)  /  sum over classes of the same

    (Bayes' rule; Saerens, Latinne & Decaestecker 2002, Eq. 2.4), true as far as each disease looks the same in
    both places and only its share differs. With ``frequencies`` equal to ``trained_shares`` nothing changes.
    Conformal sets are about the training mix and stay as they are.

    Parameters
    ----------
    probabilities
        [C] or [n, C], rows sum to 1, calibrated.
    trained_shares
        [C] shares of the classes in what the network learnt from: equal ones if the loss was balanced.
    frequencies
        [C] shares of the classes where the model is used; their sum may miss 1 by 0.02.

    Raises
    ------
    RenalFusionError
        ``frequencies_invalid``: another number than the classes, not positive, or not a whole together.
    """
    given = np.asarray(probabilities, dtype=np.float64)
    adjusted = given * (_shares(frequencies, given.shape[-1], "Disease frequencies") / _shares(
        trained_shares, given.shape[-1], "Shares of the classes in training"
    ))  # fmt: skip
    total = adjusted.sum(axis=-1, keepdims=True)
    # A softmax can underflow to 0 everywhere but in one class; then there is nothing to weigh.
    return np.where(total > 0, adjusted / np.where(total > 0, total, 1), given)


def _shares(values: ArrayLike, classes: int, what: str) -> NDArray[np.float64]:
    shares = np.asarray(values, dtype=np.float64)
    remedy = "Give one share above 0 for each class, together 1; a disease never seen here gets a small one, such as 0.001."
    if shares.shape != (classes,):
        raise RenalFusionError(
            "frequencies_invalid", f"{what}: {shares.size} numbers for {classes} classes", remedy=remedy
        )
    if not np.isfinite(shares).all() or (shares <= 0).any():
        raise RenalFusionError(
            "frequencies_invalid", f"{what} must be above 0, not {_listed(shares)}", remedy=remedy
        )
    if abs(shares.sum() - 1) > _TOLERANCE:
        raise RenalFusionError(
            "frequencies_invalid", f"{what} sum to {shares.sum():.3g}: {_listed(shares)}", remedy=remedy
        )
    return shares / shares.sum()


def _listed(values: NDArray[np.float64]) -> str:
    return ", ".join(f"{one:g}" for one in values)
