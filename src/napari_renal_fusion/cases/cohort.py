"""A set of cases with the classes they may belong to, and every problem found while reading them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..notices import Notice
from .case import Case


@dataclass(frozen=True)
class Cohort:
    """Cases read together from one table or folder.

    ``problems`` holds one notice for each thing that is wrong (file, row, reason); a case with a
    problem is still listed if it can be opened, so that one bad row never hides the others.
    """

    cases: tuple[Case, ...]
    class_names: tuple[str, ...] = ()
    task: Literal["classification", "ordinal", "survival"] = "classification"
    problems: tuple[Notice, ...] = ()
    source: Path | None = None

    @classmethod
    def from_folder(cls, path: Path | str) -> Cohort:
        """Read a folder of case folders, or the authors' layout ``<class>/<patient>/IM_*.jpg``."""
        from .folders import read_cohort_folder

        return read_cohort_folder(Path(path))

    @classmethod
    def from_csv(cls, path: Path | str) -> Cohort:
        """Read ``cohort.csv``: one row an image; see ``docs/files.md`` for its columns."""
        from .cohort_csv import read_cohort_csv

        return read_cohort_csv(Path(path))
