"""Arrays and answers drawn as matplotlib figures, and nothing else draws."""

from .bag import BagRow, bag_figure
from .contours import FRACTIONS, contour_levels, contours
from .contributions import contributions_figure, without_figure
from .heat import HeatStyle, covers_all, draw_heat
from .lengths import cell_text, length_text, scale_bar
from .overlay import NOT_SEGMENTATION, RESEARCH, SET_ASIDE, Legend, legend_strip, value_text, with_legend
from .probabilities import probabilities_figure
from .style import class_colour, class_label, class_letters, percent, points, to_png, to_svg
from .zoom import whole_zoom, zoom_box, zoom_image, zoom_placement

__all__ = [
    "FRACTIONS",
    "NOT_SEGMENTATION",
    "RESEARCH",
    "SET_ASIDE",
    "BagRow",
    "HeatStyle",
    "Legend",
    "bag_figure",
    "cell_text",
    "class_colour",
    "class_label",
    "class_letters",
    "contour_levels",
    "contours",
    "contributions_figure",
    "covers_all",
    "draw_heat",
    "legend_strip",
    "length_text",
    "percent",
    "points",
    "probabilities_figure",
    "scale_bar",
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
