"""The check of a cohort before anything is trained on it."""

from .finding import CohortReport, Finding

__all__ = ["CohortReport", "Finding"]
