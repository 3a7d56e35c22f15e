"""Ridge Cox regression: the simple baseline that stands beside every network that predicts survival."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import RenalFusionError
from .outcomes import checked_outcomes

PENALTIES: tuple[float, ...] = tuple(float(f"{one:.3g}") for one in np.geomspace(10, 1e5, 17))
"""Penalties that inner cross-validation chooses from, for standardised inputs."""

_STEPS = 100


@dataclass(frozen=True)
class RidgeCox:
    """A fitted Cox model with an L2 penalty: log hazard = (x - centre) / scale @ weights + baseline.

    ``weights`` are those that minimise (Cox 1972; ties as Efron 1977)

        -log L(weights) + penalty / 2 * ||weights||^2,

    the objective of ``sksurv.linear_model.CoxPHSurvivalAnalysis(alpha=penalty, ties="efron")`` on standardised
    inputs. A column that never varies in training has weight 0.

    Attributes
    ----------
    centre, scale, weights
        float64 [p]; mean and standard deviation (ddof 0) of the training patients.
    penalty
        The penalty used.
    validation
        What inner cross-validation found, (penalty, cross-validated partial log-likelihood) each; empty if the
        penalty was given.
    """

    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    penalty: float
    validation: tuple[tuple[float, float], ...] = ()

    @classmethod
    def fit(
        cls,
        values: ArrayLike,
        time: ArrayLike,
        event: ArrayLike,
        *,
        penalty: float | None = None,
        penalties: Sequence[float] = PENALTIES,
        folds: int = 5,
        seed: int = 0,
    ) -> RidgeCox:
        """Fit to training patients only.

        The optimum lies in the span of the patients (kernel trick), so Newton's method runs in at most n
        dimensions however many columns there are.

        Parameters
        ----------
        values
            [n, p], finite: impute first (:class:`~napari_renal_fusion.inputs.omics_scaling.OmicsScaling`).
        time, event
            [n] follow-up times, and whether the event happened.
        penalty
            Above 0. None: the one of ``penalties`` with the largest cross-validated partial log-likelihood
            (Verweij & van Houwelingen 1993) over ``folds`` folds of these patients, balanced by event; ties go
            to the stronger penalty.

        Raises
        ------
        RenalFusionError
            ``survival_all_censored``, ``survival_few_events`` and the others of :func:`checked_outcomes`;
            ``cox_values_missing`` for a value that is not finite, ``cox_penalty_wrong``.
        """
        values = np.asarray(values, dtype=np.float64)
        time, event = checked_outcomes(
            time, event, what="the training patients of the Cox model", least_events=2
        )
        if values.ndim != 2 or len(values) != len(time):
            raise ValueError(f"values of shape {values.shape} for {len(time)} patients")
        _check_finite(values)
        tried: tuple[tuple[float, float], ...] = ()
        if penalty is None:
            tried = _cross_validated(
                values, time, event, sorted(penalties), min(folds, int(event.sum())), seed
            )
            penalty = max(tried, key=lambda one: (one[1], one[0]))[0]
        if not penalty > 0:
            raise RenalFusionError(
                "cox_penalty_wrong",
                f"The penalty of the Cox model is {penalty:g}",
                remedy="It must be above 0.",
            )
        centre, scale, flat = _standard(values)
        weights = _Spanned((values - centre) / scale).weights(Terms(time, event), penalty)
        weights[flat] = 0.0  # and not a rounding error, which a new value would multiply
        return cls(centre, scale, weights, float(penalty), tried)

    def risk(self, values: ArrayLike) -> NDArray[np.float64]:
        """Log hazard relative to the average training patient, [n]; larger means earlier events."""
        values = np.asarray(values, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != len(self.weights):
            raise ValueError(f"values of shape {values.shape} for {len(self.weights)} columns")
        _check_finite(values)
        return (values - self.centre) / self.scale @ self.weights


class Terms:
    """The terms of the partial likelihood of given times and events: who is at risk in each of them.

    One term per event; within ties (Efron 1977) the r-th of m tied events counts the tied ones 1 - r/m times.
    In float64: ``torchsurv.loss.cox`` casts to float32 (0.2.0), in which a fit stops 1e-2 away from its optimum.
    The tests compare value and gradient with it, and fits with scikit-survival.
    """

    def __init__(self, time: NDArray[np.float64], event: NDArray[np.bool_]):
        self.event = event.astype(np.float64)
        at = time[event]
        order = np.argsort(at, kind="stable")
        at = at[order]
        first = np.searchsorted(at, at, side="left")
        tied = np.searchsorted(at, at, side="right") - first
        share = (np.arange(len(at)) - first) / tied
        self.counts = (time[:, None] >= at).astype(np.float64)
        self.counts -= ((time[:, None] == at) & event[:, None]) * share

    def loss(self, log_hazard: NDArray[np.float64]) -> float:
        """Negative partial log-likelihood of log hazards [n]."""
        top, parts = self._parts(log_hazard)
        return float((np.log(parts.sum(axis=0)) + top).sum() - self.event @ log_hazard)

    def slopes(self, log_hazard: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Gradient [n] and Hessian [n, n] of :meth:`loss`."""
        _, shares = self._parts(log_hazard)
        shares /= shares.sum(axis=0)
        total = shares.sum(axis=1)
        return total - self.event, np.diag(total) - shares @ shares.T

    def _parts(self, log_hazard: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Largest log hazard at risk in each term [E], and everybody's hazard relative to it [n, E]."""
        at_risk = np.where(self.counts > 0, log_hazard[:, None], -np.inf)
        top = at_risk.max(axis=0)  # one for each term: with one for all, a late term may underflow to log(0)
        return top, np.exp(at_risk - top) * self.counts


class _Spanned:
    """Standardised values [n, p] in the coordinates of their own span, where penalised fits are small."""

    def __init__(self, values: NDArray[np.float64]):
        left, sizes, self.right = np.linalg.svd(values, full_matrices=False)
        self.inner = left * sizes

    def weights(self, terms: Terms, penalty: float) -> NDArray[np.float64]:
        """Newton's method with halved steps from 0; the objective is strictly convex."""
        inner = self.inner
        place = np.zeros(inner.shape[1])

        def objective(at: NDArray[np.float64]) -> float:
            return terms.loss(inner @ at) + penalty / 2 * float(at @ at)

        now = objective(place)
        for _ in range(_STEPS):
            gradient, hessian = terms.slopes(inner @ place)
            gradient = inner.T @ gradient + penalty * place
            step = np.linalg.solve(inner.T @ hessian @ inner + penalty * np.eye(len(place)), gradient)
            if gradient @ step < 1e-14 * max(1.0, abs(now)):
                break
            share = 1.0
            while (then := objective(place - share * step)) > now and share > 1e-8:
                share /= 2
            if then > now:  # rounding: as low as float64 can tell
                break
            place, now = place - share * step, then
        return self.right.T @ place


def _cross_validated(values, time, event, penalties, folds, seed) -> tuple[tuple[float, float], ...]:
    """Cross-validated partial log-likelihood of each penalty: sum over folds of l(w_-k) - l_-k(w_-k)."""
    from sklearn.model_selection import StratifiedKFold

    events = int(event.sum())
    if events < 4:
        raise RenalFusionError(
            "survival_few_events",
            f"With {events} events the penalty of the Cox model cannot be chosen by cross-validation",
            remedy="Give the penalty, or use more patients with an event.",
        )
    totals = np.zeros(len(penalties))
    whole = Terms(time, event)
    # Two events in every part, so that each can be learned from and judged.
    dealt = StratifiedKFold(max(2, min(folds, events // 2)), shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # fewer censored patients than folds are no harm
        parts = list(dealt.split(values, event))
    for kept, _ in parts:
        centre, scale, _ = _standard(values[kept])
        standard = (values - centre) / scale
        spanned, terms = _Spanned(standard[kept]), Terms(time[kept], event[kept])
        for i, penalty in enumerate(penalties):
            log_hazard = standard @ spanned.weights(terms, penalty)
            totals[i] += terms.loss(log_hazard[kept]) - whole.loss(log_hazard)
    return tuple((float(p), float(t)) for p, t in zip(penalties, totals, strict=True))


def _standard(values: NDArray[np.float64]) -> tuple[NDArray, NDArray, NDArray]:
    """Mean, standard deviation (1 where there is none), and where there is none."""
    centre, scale = values.mean(axis=0), values.std(axis=0)
    # The sd of equal numbers may be a rounding error instead of 0.
    flat = scale <= 1e-9 * np.abs(values).max(axis=0)
    return centre, np.where(flat, 1.0, scale), flat


def _check_finite(values: NDArray[np.float64]) -> None:
    if not np.isfinite(values).all():
        row, column = np.argwhere(~np.isfinite(values))[0]
        raise RenalFusionError(
            "cox_values_missing",
            f"The value of patient {row + 1} in column {column + 1} is missing or not finite",
            remedy="Fill missing values first (OmicsScaling).",
        )
