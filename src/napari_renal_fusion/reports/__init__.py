"""Answers as files: report, prediction, overlays."""

from .everything import write_all
from .files import PredictionRow, write_prediction, write_predictions_csv
from .overlays import write_overlays
from .reading import CaseReading, case_reading
from .report import write_report

__all__ = [
    "CaseReading",
    "PredictionRow",
    "case_reading",
    "write_all",
    "write_overlays",
    "write_prediction",
    "write_predictions_csv",
    "write_report",
]
