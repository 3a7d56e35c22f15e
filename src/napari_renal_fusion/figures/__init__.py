"""Arrays and answers drawn as matplotlib figures, and nothing else draws."""

from .agreement import ShareRow, agreement_figure, shares_figure
from .bag import BagRow, bag_figure
from .comparison import comparison_figure
from .confusion import confusion_counts, confusion_figure
from .contours import FRACTIONS, contour_levels, contours
from .contributions import contributions_figure, without_figure
from .distances import distances_figure
from .fold_metrics import fold_metrics_figure, metric_title
from .heat import HeatStyle, covers_all, draw_heat
from .learning_curves import LearningCurve, learning_curves_figure
from .lengths import cell_text, length_text, scale_bar
from .omics import ranked_bars_figure
from .overlay import NOT_SEGMENTATION, RESEARCH, SET_ASIDE, Legend, legend_strip, value_text, with_legend
from .probabilities import probabilities_figure
from .reliability import reliability_figure
from .roc import roc_figure
from .sets import sets_figure
from .style import class_colour, class_label, class_letters, percent, points, to_png, to_svg
from .survival import kaplan_meier_figure, survival_curve_figure
from .zoom import whole_zoom, zoom_box, zoom_image, zoom_placement

__all__ = [
    "FRACTIONS",
    "NOT_SEGMENTATION",
    "RESEARCH",
    "SET_ASIDE",
    "BagRow",
    "HeatStyle",
    "LearningCurve",
    "Legend",
    "ShareRow",
    "agreement_figure",
    "bag_figure",
    "cell_text",
    "class_colour",
    "class_label",
    "class_letters",
    "comparison_figure",
    "confusion_counts",
    "confusion_figure",
    "contour_levels",
    "contours",
    "contributions_figure",
    "covers_all",
    "distances_figure",
    "draw_heat",
    "fold_metrics_figure",
    "kaplan_meier_figure",
    "learning_curves_figure",
    "legend_strip",
    "length_text",
    "metric_title",
    "percent",
    "points",
    "probabilities_figure",
    "ranked_bars_figure",
    "reliability_figure",
    "roc_figure",
    "scale_bar",
    "sets_figure",
    "shares_figure",
    "survival_curve_figure",
    "to_png",
    "to_svg",
    "value_text",
    "whole_zoom",
    "with_legend",
    "without_figure",
    "zoom_box",
    "zoom_image",
    "zoom_placement",
]
