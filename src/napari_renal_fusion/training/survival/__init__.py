"""The figures of survival: bins, concordance, scores over time, risk groups, and the Cox baseline; no torch."""

from .concordance import bootstrap_concordance, concordance
from .cox import RidgeCox
from .curves import risk_of, survival_at, survival_of
from .kaplan_meier import KaplanMeier, LogRank, kaplan_meier, log_rank, risk_threshold
from .outcomes import checked_outcomes
from .over_time import auc_at, brier, integrated_brier
from .time_bins import TimeBins, time_bins

__all__ = [
    "KaplanMeier",
    "LogRank",
    "RidgeCox",
    "TimeBins",
    "auc_at",
    "bootstrap_concordance",
    "brier",
    "checked_outcomes",
    "concordance",
    "integrated_brier",
    "kaplan_meier",
    "log_rank",
    "risk_of",
    "risk_threshold",
    "survival_at",
    "survival_of",
    "time_bins",
]
