"""The check of a cohort before anything is trained on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .finding import CohortReport, Finding

if TYPE_CHECKING:
    from ...cases import Cohort
    from ...compute.progress import Progress
    from ...inputs import PictureStore
    from ..config import TrainingConfig

__all__ = ["CohortReport", "Finding", "check_cohort"]


def check_cohort(
    cohort: Cohort,
    config: TrainingConfig | None = None,
    progress: Progress | None = None,
    store: PictureStore | None = None,
) -> CohortReport:
    """Everything that a person should know about ``cohort`` before a network is trained on it.

    Every image is decoded once, through ``store`` (training's own by default, so that training finds its
    pictures there). Nothing that is wrong with the cohort raises: it becomes a finding, and all are told at
    once. The same cohort and configuration give the same report.

    Parameters
    ----------
    config
        The training that is meant; it decides which modalities are needed and how many patients. Without one
        the defaults of :class:`TrainingConfig`, and nothing is said about encoder weights.

    Raises
    ------
    Cancelled
        If ``progress`` was cancelled.
    """
    from .cohort import check_cohort

    return check_cohort(cohort, config, progress, store)
