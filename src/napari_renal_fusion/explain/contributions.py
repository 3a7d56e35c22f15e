"""How much each modality contributed: exact Shapley values over the modalities of one patient."""

from __future__ import annotations

from itertools import combinations
from math import factorial
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..cases import Modality
from .explanation import Contributions
from .panel import BASELINE_SAYS, answers_from, reads_panel
from .patient import fuse, mean_tokens, patient_tokens, probabilities, rows_at_once

if TYPE_CHECKING:
    from ..inference.session import Session

_Coalition = frozenset[Modality]


def contributions(session: Session) -> Contributions:
    """Exact Shapley values of the modalities that are present, for the calibrated probability of each class.

    ``phi_m = sum over S without m of |S|! (M - |S| - 1)! / M! (v(S + m) - v(S))`` (Shapley 1953), with
    v(S) the probabilities when only the modalities in S are the patient's own and each of the others is
    replaced by the bundle's mean tokens (for TEM a bag of one mean token map). A modality without an
    image is replaced throughout. The values sum to v(all) - v(none) up to rounding in float64. A network that reads
    the whole panel answers without the others instead, with the calibration of such answers, and v(none) are the
    shares of the classes in training.
    """
    players = tuple(modality for modality in Modality if modality in session.order)
    coalitions = [frozenset(c) for size in range(len(players) + 1) for c in combinations(players, size)]
    if reads_panel(session):
        value, says = answers_from(session, coalitions), BASELINE_SAYS
    else:
        value = dict(zip(coalitions, _values(session, coalitions), strict=True))
        says = Contributions.model_fields["baseline_says"].default
    everyone = frozenset(players)
    return Contributions(
        shapley={m: _floats(_shapley(m, players, value)) for m in players},
        without={m: _floats(value[everyone - {m}]) for m in players},
        baseline=_floats(value[frozenset()]),
        baseline_says=says,
    )


def _shapley(
    player: Modality, players: tuple[Modality, ...], value: dict[_Coalition, np.ndarray]
) -> np.ndarray:
    total = np.zeros_like(value[frozenset()])
    for coalition in value:
        if player not in coalition:
            others = len(players) - len(coalition) - 1
            weight = factorial(len(coalition)) * factorial(others) / factorial(len(players))
            total += weight * (value[coalition | {player}] - value[coalition])
    return total


def _values(session: Session, coalitions: list[_Coalition]) -> np.ndarray:
    """Probabilities [len(coalitions), C], as few fusion calls as memory allows (one for usual bags)."""
    tokens = patient_tokens(session)
    step = rows_at_once(tokens[Modality.TEM]) if Modality.TEM in tokens else len(coalitions)
    parts = [_fused(session, tokens, coalitions[i : i + step]) for i in range(0, len(coalitions), step)]
    return np.concatenate(parts)


def _fused(
    session: Session, tokens: dict[Modality, torch.Tensor], coalitions: list[_Coalition]
) -> np.ndarray:
    batch, mask = {}, None
    for modality, own in tokens.items():
        in_coalition = torch.tensor([modality in coalition for coalition in coalitions], device=own.device)
        mean = mean_tokens(session, modality)
        where = in_coalition.reshape(-1, *[1] * own.ndim)
        # For TEM the mean map fills the whole bag, of which the mask then leaves the first image.
        batch[modality] = torch.where(where, own, mean)
        if modality is Modality.TEM:
            first = torch.arange(len(own), device=own.device) == 0
            mask = in_coalition[:, None] | first
    return probabilities(session, fuse(session, batch, mask))


def _floats(values: np.ndarray) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
