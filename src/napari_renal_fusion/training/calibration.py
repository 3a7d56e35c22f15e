"""Probabilities that mean what they say: the temperature, and the limit under which there is no opinion."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

COLDEST, HOTTEST = 0.05, 20.0
"""Limits of the temperature; where every held-out answer is right, the likelihood has no inner optimum."""
RIGHT = 0.95
"""Share of the answered held-out patients that must be right."""


def softmax(logits: ArrayLike, temperature: float = 1.0) -> NDArray[np.float64]:
    """Probabilities [..., C] of ``logits`` [..., C] / ``temperature``."""
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def fit_temperature(logits: ArrayLike, labels: ArrayLike) -> float:
    """Temperature T that minimises the mean cross-entropy of softmax(logits / T) (Guo et al. 2017).

    Parameters
    ----------
    logits
        [n, C] of patients that the network never saw.
    labels
        [n] their classes.

    Returns
    -------
    float
        Between :data:`COLDEST` and :data:`HOTTEST`; 1 without patients.
    """
    logits = np.asarray(logits, dtype=np.float64)
    labels = np.asarray(labels)
    if not len(labels):
        return 1.0
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

    right = logits[np.arange(len(labels)), labels]

    def cross_entropy(inverse: float) -> float:
        return float((logsumexp(logits * inverse, axis=1) - right * inverse).mean())

    # Convex in 1 / T, so there is one minimum and the bounded search finds it.
    found = minimize_scalar(
        cross_entropy, bounds=(1 / HOTTEST, 1 / COLDEST), method="bounded", options={"xatol": 1e-7}
    )
    return float(np.clip(1 / found.x, COLDEST, HOTTEST))


def abstain_limit(probabilities: ArrayLike, labels: ArrayLike, right: float = RIGHT) -> float:
    """The smallest probability of the best class at which at least ``right`` of those answered are right.

    Parameters
    ----------
    probabilities
        [n, C], calibrated, of patients that the network never saw.
    labels
        [n] their classes.

    Returns
    -------
    float
        From 1 / C (always an answer) in steps of 0.01 to 0.9, rounded to two places; 0.9 if no smaller one
        reaches ``right``.
    """
    probabilities = np.asarray(probabilities, dtype=np.float64)
    best, hit = probabilities.max(axis=1), probabilities.argmax(axis=1) == np.asarray(labels)
    # Rounded up, so that the limit that is stored is the limit that was tested.
    for candidate in np.arange(int(np.ceil(100 / probabilities.shape[1])), 90) / 100:
        answered = best >= candidate
        if answered.any() and hit[answered].mean() >= right:
            return float(candidate)
    return 0.9
