"""A study: rows that differ in their configuration and share everything else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..cases import Modality
from ..training import TrainingConfig

Change = Callable[[TrainingConfig], TrainingConfig]


@dataclass(frozen=True)
class Row:
    """One training of a study.

    ``key`` names its folder, ``title`` its line in the table, ``marks`` tell for each column of
    ``Study.columns`` whether the row has it, and ``change`` makes its configuration from the common one. Rows with
    one ``run`` (by default the key) are one training. A row with a ``subset`` of modalities reads what that run
    measured with these alone: of its further models, or of a network that answers without the others.
    """

    key: str
    title: str
    change: Change
    marks: tuple[bool, ...] = ()
    run: str = ""
    subset: tuple[Modality, ...] = ()

    @property
    def folder(self) -> str:
        """Name of the run's folder."""
        return self.run or self.key


@dataclass(frozen=True)
class Study:
    """Rows to compare; ``reference`` is the key of the row that the p-values compare with.

    ``source`` names the table of the paper whose form this is, or says that it is our own. Phantoms for a study of
    the ``whole_panel`` have several stains and every antibody.
    """

    key: str
    title: str
    source: str
    rows: tuple[Row, ...]
    reference: str
    columns: tuple[str, ...] = ()
    whole_panel: bool = False
