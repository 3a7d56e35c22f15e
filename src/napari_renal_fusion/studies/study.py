"""A study: rows that differ in their configuration and share everything else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..training import TrainingConfig

Change = Callable[[TrainingConfig], TrainingConfig]


@dataclass(frozen=True)
class Row:
    """One training of a study.

    ``key`` names its folder, ``title`` its line in the table, ``marks`` tell for each column of
    ``Study.columns`` whether the row has it, and ``change`` makes its configuration from the common one.
    """

    key: str
    title: str
    change: Change
    marks: tuple[bool, ...] = ()


@dataclass(frozen=True)
class Study:
    """Rows to compare; ``reference`` is the key of the row that the p-values compare with.

    ``source`` names the table of the paper whose form this is, or says that it is our own.
    """

    key: str
    title: str
    source: str
    rows: tuple[Row, ...]
    reference: str
    columns: tuple[str, ...] = ()
