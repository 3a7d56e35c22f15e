"""How far a patient is from the patients a model knows: "fits none of the classes".

The statistic stands here alone (:func:`fit_statistics` and :func:`distances`); everything else takes whatever
arrays it keeps. The limit and its errors are fitted by :mod:`napari_renal_fusion.training.fits_none`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field

AXES = 128
"""Most axes of the covariance that are kept; the rest count with their mean variance."""
LEAST_SHRINKAGE = 0.01
"""Share of the shrinkage that is always left, so that no direction has a variance of zero."""


class KnownPatients(BaseModel):
    """Limit of the distance to the training patients, and how often it errs; its statistics are tensors.

    The tensors stand in ``model.safetensors`` under ``known.``. ``false_refusals`` is the share of known
    patients beyond the limit, each measured against the limit of the other folds' patients, or the share that the
    limit aims at where that could not be done (``refusals_measured`` false); ``false_accepts`` the share of each
    class within the limit when that class was left out of training.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: float = Field(allow_inf_nan=False)
    false_refusals: float = Field(ge=0, le=1)
    refusals_measured: bool = True
    false_accepts: dict[str, float] = {}
    fitted_on: str = ""


def fit_statistics(features: ArrayLike, labels: ArrayLike) -> dict[str, NDArray[np.float32]]:
    """What one member keeps of its training patients: class means and a shared, shrunk covariance.

    Parameters
    ----------
    features
        [n, D] pooled vectors before CMSA (``FusionOutput.unfused``) of the patients that the member trained on.
    labels
        [n] their classes.

    Returns
    -------
    dict
        ``centre`` [D] and ``scale`` [D] (a feature is read as z = (x - centre) / scale; a constant one has
        ``used`` [D] 0 instead of 1), ``means`` [C', D] of z in the classes that occur, and the inverse of the
        shared covariance within the classes as ``precision`` [1] * (1 - sum over r ``axes`` [D, r] with
        ``gains`` [r]). The covariance keeps all directions and is shrunk towards the mean of its variances by
        the share of Ledoit & Wolf (2004): with fewer patients than features, what lies outside the space that
        the training patients span is the best sign of another disease, so it must not be cut away.
    """
    features = np.asarray(features, dtype=np.float64)
    labels = np.asarray(labels)
    if features.ndim != 2 or len(features) != len(labels) or len(features) < 2:
        raise ValueError(
            f"{features.shape} features for {labels.shape} labels: at least two patients are needed"
        )
    centre, scale = features.mean(axis=0), features.std(axis=0)
    used = scale > 1e-6 * max(scale.max(), 1e-12)
    scale = np.where(used, scale, 1.0)
    standard = (features - centre) / scale * used
    classes = np.unique(labels)
    means = np.stack([standard[labels == one].mean(axis=0) for one in classes])
    within = standard - means[np.searchsorted(classes, labels)]
    axes, gains, precision = _shrunk_precision(within, max(int(used.sum()), 1))
    kept = {
        "centre": centre, "scale": scale, "used": used, "means": means,
        "axes": axes, "gains": gains, "precision": np.array([precision]),
    }  # fmt: skip
    return {name: np.ascontiguousarray(value, dtype=np.float32) for name, value in kept.items()}


def distances(statistics: Mapping[str, ArrayLike], features: ArrayLike) -> NDArray[np.float64]:
    """Distance [n] of patients with ``features`` [n, D] to the nearest class of one member.

    The Mahalanobis distance to the nearest class mean (Lee et al. 2018), divided by the square root of the
    number of features.
    """
    kept = {name: np.asarray(value, dtype=np.float64) for name, value in statistics.items()}
    standard = (np.asarray(features, dtype=np.float64) - kept["centre"]) / kept["scale"] * kept["used"]
    nearest = np.full(len(standard), np.inf)
    for mean in kept["means"]:
        away = standard - mean
        squared = (away**2).sum(axis=1) - ((away @ kept["axes"]) ** 2 * kept["gains"]).sum(axis=1)
        nearest = np.minimum(nearest, squared)
    width = max(kept["used"].sum(), 1)
    return np.sqrt(np.maximum(nearest, 0) * kept["precision"][0] / width)


def in_unit(statistics: Mapping[str, NDArray[np.float32]], unit: float) -> dict[str, NDArray[np.float32]]:
    """The same statistics with every distance divided by ``unit``."""
    return {**statistics, "precision": (statistics["precision"] / unit**2).astype(np.float32)}


def bundle_distances(
    statistics: Sequence[Mapping[str, ArrayLike]], member_features: ArrayLike
) -> NDArray[np.float64]:
    """Distance [n] of patients to the known ones: the mean over the members.

    ``member_features`` [M, n, D] in the order of ``statistics``.
    """
    features = np.asarray(member_features)
    each = [distances(kept, given) for kept, given in zip(statistics, features, strict=True)]
    return np.mean(each, axis=0)


def _shrunk_precision(
    residuals: NDArray[np.float64], width: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Inverse covariance of centred ``residuals`` [n, D] that vary in ``width`` features.

    Shrunk by the share of Ledoit & Wolf (2004, Lemma 3.2 and following), computed in the space of the n
    patients; returned as axes [D, r], gains [r] and p with inverse = p * (1 - axes diag(gains) axes').
    """
    count = len(residuals)
    gram = residuals @ residuals.T / count
    level = max(np.trace(gram) / width, 1e-12)
    spread = (gram**2).sum() - width * level**2
    noise = ((np.diag(gram) ** 2).sum() * count - (gram**2).sum()) / count
    share = 1.0 if spread <= 0 else float(np.clip(noise / spread, LEAST_SHRINKAGE, 1.0))
    _, strength, axes = np.linalg.svd(residuals, full_matrices=False)
    variances = strength**2 / count
    kept = min(AXES, int((variances > 1e-9 * max(variances[0], 1e-12)).sum()))
    rest = variances[kept:].sum() / max(width - kept, 1)
    floor = (1 - share) * rest + share * level
    gains = 1 - floor / ((1 - share) * variances[:kept] + share * level)
    return axes[:kept].T, gains, 1 / floor
