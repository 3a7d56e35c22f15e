"""The networks of a run: one or several for each fold, which differ in their seeds and in who decides when they stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..folds import Fold, Folds
from ..outcome import load_outcome
from ..run import UNITS, Run
from .config import HEALNetTrainingConfig
from .data import rows_of
from .patients import PatientTable
from .splits import with_stopping_part


@dataclass(frozen=True)
class FoldNetworks:
    """A fold with the parts of each of its networks; the first is that of ``folds.json`` itself.

    All networks of a fold test the same patients; who of its training part decides when to stop is drawn anew for
    each. Their risks and curves (or logits) are averaged, and so they answer as one.
    """

    fold: Fold
    networks: tuple[Fold, ...]

    @property
    def name(self) -> str:
        return self.fold.name


def fold_networks(
    folds: Folds, table: PatientTable, config: HEALNetTrainingConfig
) -> tuple[FoldNetworks, ...]:
    """The networks of every fold; names are ``fold-1``, ``network-2-fold-1`` and so on."""
    found = []
    for number, fold in enumerate(folds.folds):
        networks = [fold]
        for more in range(2, config.networks + 1):
            name = f"network-{more}-{fold.name}"
            networks.append(
                with_stopping_part(
                    table, name, (*fold.train, *fold.validation), fold.test, config, number, more
                )
            )
        found.append(FoldNetworks(fold, tuple(networks)))
    return tuple(found)


@dataclass(frozen=True)
class FoldAnswers:
    """What the networks of one fold answered.

    ``rows`` are the fold's own parts as rows of the table; ``test`` [networks, n, outputs] and ``known``
    [networks, m, outputs] the logits of its test patients and of all others, in the order of ``rows``.
    """

    name: str
    parts: tuple[Fold, ...]
    rows: dict[str, list[int]]
    test: np.ndarray
    known: np.ndarray
    metrics: tuple[dict[str, float], ...]
    seconds: float

    @cached_property
    def known_rows(self) -> list[int]:
        """Rows of the patients that the fold's networks learnt or stopped by."""
        return [*self.rows["train"], *self.rows["validation"]]


def fold_answers(run: Run, table: PatientTable, networks: Sequence[FoldNetworks]) -> list[FoldAnswers]:
    """The answers of every fold, from the files of its units."""
    found = []
    for one in networks:
        rows = rows_of(table, one.fold)
        order = [table.patients[row] for row in (*rows["train"], *rows["validation"])]
        test, known, metrics, seconds = [], [], [], 0.0
        for part in one.networks:
            outcome, outputs = load_outcome(run.folder / UNITS / part.name)
            learnt = [outputs.parts[name] for name in ("train", "validation")]
            of = {
                patient: logits
                for given in learnt
                for patient, logits in zip(given.case_ids, given.logits, strict=True)
            }
            test.append(outputs.parts["test"].logits)
            known.append(np.stack([of[patient] for patient in order]))
            metrics.append(outcome.metrics)
            seconds += outcome.seconds
        found.append(
            FoldAnswers(
                one.name, one.networks, rows, np.stack(test), np.stack(known), tuple(metrics), seconds
            )
        )
    return found
