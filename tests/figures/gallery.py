"""Every plot of the program with data that shows all of its parts, by name: ``GALLERY[name](dark) -> Figure``."""

from __future__ import annotations

import numpy as np

from napari_renal_fusion.figures import (
    BagRow,
    LearningCurve,
    bag_figure,
    comparison_figure,
    confusion_figure,
    contributions_figure,
    distances_figure,
    fold_metrics_figure,
    kaplan_meier_figure,
    learning_curves_figure,
    probabilities_figure,
    ranked_bars_figure,
    reliability_figure,
    roc_figure,
    sets_figure,
    survival_curve_figure,
    without_figure,
)
from napari_renal_fusion.figures.agreement import ShareRow, agreement_figure, shares_figure
from napari_renal_fusion.figures.study import study_figure
from napari_renal_fusion.figures.style import class_ink
from napari_renal_fusion.training.survival import kaplan_meier

NAMES = (
    "IgA nephropathy",
    "Membranous nephropathy",
    "Lupus nephritis",
    "Minimal change",
    "Amyloidosis",
    "Other",
)
CHANCES = (0.3, 0.25, 0.2, 0.1, 0.1, 0.05)
_rng = np.random.default_rng(4)
_labels = np.arange(120) % 6
_survival = {"outcome": "Graft loss", "population": "120 adults", "time_zero": "biopsy", "unit": "months"}


def _bag(dark):
    rows = [BagRow("TEM-1", -0.06, 1.0, True, True), BagRow("TEM-2", 0.03, 0.4, False, True),
            BagRow("TEM-3", 0.0, 0.0, False, False)]  # fmt: skip
    return bag_figure(rows, dark=dark, colour=class_ink(0, dark))


def _curves(dark):
    def curve(unit, best):
        n = np.arange(1, 13)
        return LearningCurve(unit, n, 1 / n, 1.2 / n, 1 - 0.5 / n, best)

    return learning_curves_figure([curve("fold-1", 8), curve("fold-2", 10)], dark=dark)


def _seen(first):
    time = _rng.exponential(30 if first else 60, 80)
    return kaplan_meier(time, _rng.uniform(size=80) < 0.7)


def _roc(dark):
    chances = _rng.uniform(size=(120, 6)) + 0.6 * np.eye(6)[_labels]
    folds = [f"fold-{1 + (i // 6) % 3}" for i in range(120)]
    return roc_figure(NAMES, _labels, chances / chances.sum(1, keepdims=True), folds, dark=dark)


GALLERY = {
    "probabilities": lambda dark: probabilities_figure(NAMES, CHANCES, dark=dark),
    "without": lambda dark: without_figure(NAMES, CHANCES, {"OM": CHANCES[::-1], "TEM": CHANCES}, dark=dark),
    "contributions": lambda dark: contributions_figure(
        {"OM": 0.2, "IM": 0.3, "TEM": -0.1}, 0.33, 0.73, dark=dark, colour=class_ink(3, dark)
    ),
    "bag": _bag,
    "confusion": lambda dark: confusion_figure(NAMES, _rng.integers(0, 30, (6, 6)), dark=dark),
    "distances": lambda dark: distances_figure(
        NAMES, _labels, _rng.gamma(4, 1, 120), 7.0, {NAMES[0]: 0.2}, dark=dark
    ),
    "reliability": lambda dark: reliability_figure(
        [0, 0, 0, 4, 6, 9, 12, 20, 30, 40],
        np.linspace(0.05, 0.95, 10),
        np.linspace(0.1, 0.9, 10),
        0.06,
        dark=dark,
    ),
    "sets": lambda dark: sets_figure(
        NAMES, _labels, [(label,) if i % 3 else (0, 1) for i, label in enumerate(_labels)], 0.9, dark=dark
    ),
    "fold_metrics": lambda dark: fold_metrics_figure(
        {"accuracy": [0.8, 0.9, 0.85], "auc": [0.9, 0.95, 0.93]}, {"auc": (0.88, 0.97)}, dark=dark
    ),
    "learning_curves": _curves,
    "comparison": lambda dark: comparison_figure(
        ("first", "second"),
        ["Fold 1", "Fold 2"],
        [0.8, 0.9],
        [0.7, 0.92],
        "AUC",
        [("paired t", "p = 0.2")],
        dark=dark,
    ),
    "study": lambda dark: study_figure(
        ["With SMIL", "Mean"], [[0.9, 0.92, 0.88], [0.8, 0.85, 0.83]], reference=0, unit="AUC", dark=dark
    ),
    "survival": lambda dark: survival_curve_figure(
        [12, 24, 36, 60], [0.9, 0.8, 0.7, 0.5], group=("High risk group", _seen(True)), dark=dark, **_survival
    ),
    "kaplan_meier": lambda dark: kaplan_meier_figure(
        {"low": _seen(False), "mid": _seen(True), "high": _seen(True), "other": _seen(False)},
        dark=dark,
        **_survival,
    ),
    "ranked_bars": lambda dark: ranked_bars_figure(
        [f"gene {i}" for i in range(8)], np.linspace(0.4, 0.01, 8), what="Attention", even=0.1, dark=dark
    ),
    "roc": _roc,
    "shares": lambda dark: shares_figure(
        [ShareRow("Agreed", 8, 10, (0.5, 0.95)), ShareRow("None", 0, 0, None)], dark=dark
    ),
    "agreement": lambda dark: agreement_figure(NAMES, NAMES[:3], _rng.integers(0, 9, (6, 3)), dark=dark),
}
