"""Shares and Cohen's kappa with their 95 % intervals, for the few dozen cases that one reader has."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..figures.reliability import wilson

_Z = 1.959964
"""97.5 % point of the normal distribution."""


@dataclass(frozen=True)
class Share:
    """``count`` of ``of`` with Wilson's interval."""

    count: int
    of: int

    @property
    def value(self) -> float | None:
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson, J Am Stat Assoc 22 (1927) 209; None for no case."""
        if not self.of:
            return None
        return wilson(self.count, self.of)


@dataclass(frozen=True)
class Kappa:
    """Cohen's kappa of two readers with its large-sample interval, cut off at -1 and 1."""

    value: float
    interval: tuple[float, float]
    cases: int


def cohen_kappa(first: Sequence[str], second: Sequence[str]) -> Kappa | None:
    """Kappa of two lists of names, case by case; None where it is not defined (fewer than two cases, or one name).

    The standard error is that of Fleiss, Cohen and Everitt, Psychol Bull 72 (1969) 323, equation 13, with
    ``a`` the observed and ``e`` the expected agreement.
    """
    n = len(first)
    names = sorted({*first, *second})
    if n < 2 or len(names) < 2:
        return None
    place = {name: i for i, name in enumerate(names)}
    p = [[0.0] * len(names) for _ in names]
    for one, other in zip(first, second, strict=True):
        p[place[one]][place[other]] += 1 / n
    rows, columns = [sum(row) for row in p], [sum(column) for column in zip(*p, strict=True)]
    a = sum(p[i][i] for i in range(len(names)))
    e = sum(rows[i] * columns[i] for i in range(len(names)))
    if e >= 1:
        return None
    kappa = (a - e) / (1 - e)
    diagonal = sum(p[i][i] * ((1 - e) - (columns[i] + rows[i]) * (1 - a)) ** 2 for i in range(len(names)))
    beside = (1 - a) ** 2 * sum(
        p[i][j] * (columns[i] + rows[j]) ** 2 for i in range(len(names)) for j in range(len(names)) if i != j
    )
    variance = (diagonal + beside - (a * e - 2 * e + a) ** 2) / (n * (1 - e) ** 4)
    half = _Z * math.sqrt(max(0.0, variance))
    return Kappa(kappa, (max(-1.0, kappa - half), min(1.0, kappa + half)), n)
