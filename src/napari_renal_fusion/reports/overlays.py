"""Overlays as PNG: every image that entered with its heat map, and a legend that says what it is."""

from __future__ import annotations

from pathlib import Path

from ..cases import Case
from ..compute.atomic import write_bytes
from ..compute.progress import Progress
from ..explain.explanation import Explanation, HeatMap
from ..figures import (
    NOT_SEGMENTATION,
    SET_ASIDE,
    HeatStyle,
    Legend,
    cell_text,
    contour_levels,
    value_text,
    with_legend,
)
from ..inference.prediction import Prediction
from ..inputs.selection import keyed_images
from .pictures import Picture, encode_png, read_picture
from .privacy import case_name
from .words import METHOD_TITLES, in_sentence, key_with_stain, opinion_shown


def write_overlays(
    case: Case,
    prediction: Prediction,
    explanation: Explanation | None,
    folder: Path | str,
    progress: Progress | None = None,
    *,
    style: HeatStyle = "contours",
) -> list[Path]:
    """Write ``<key>.png`` for each image that entered; nothing without an explanation or an opinion.

    Raises
    ------
    RenalFusionError
        If an image cannot be read any more, or the folder cannot be written.
    """
    if explanation is None or not opinion_shown(prediction):
        return []
    progress = progress or Progress()
    written = []
    for done, key in enumerate(prediction.selection.keys):
        progress.update(done / len(prediction.selection.keys), f"Drawing {key}")
        picture = read_picture(case, prediction, explanation, key)
        written.append(save_overlay(case, prediction, explanation, picture, Path(folder), style=style))
    progress.update(1.0, "Overlays written")
    return written


def save_overlay(
    case: Case,
    prediction: Prediction,
    explanation: Explanation,
    picture: Picture,
    folder: Path,
    *,
    style: HeatStyle = "contours",
) -> Path:
    """Write the overlay of one picture that was read already; returns its path."""
    heat_map = explanation.heat_map(picture.key)
    limits = explanation.range_for(heat_map)
    drawn = picture.with_heat(heat_map, limits, style)
    legend = Legend(
        title=_title(prediction, explanation, heat_map),
        details=_details(case, prediction, explanation, picture, heat_map),
        pixel_um=None if picture.pixel_um is None else picture.pixel_um / picture.zoom,
        limits=None if heat_map is None or heat_map.raw is None else limits,
        style=style,
        outlined=picture.outlined(heat_map),
    )
    path = folder / f"{picture.key}.png"
    write_bytes(path, encode_png(with_legend(drawn, legend, dark=picture.dark)))
    return path


def below_all_levels(heat_map: HeatMap, limits: tuple[float, float]) -> bool:
    """Whether a map rises above none of the contour levels, so that no line can be drawn."""
    levels = contour_levels(limits)
    return not levels or float(heat_map.raw.max()) <= levels[0]


def _title(prediction: Prediction, explanation: Explanation, heat_map: HeatMap | None) -> str:
    if heat_map is not None and not heat_map.used:
        return SET_ASIDE
    if heat_map is None or heat_map.raw is None:
        return "No heat map of this image"
    if explanation.method == "attention":
        return f"Where the model looked {NOT_SEGMENTATION}"
    name = in_sentence(prediction.class_names[explanation.class_index])
    return f"Heat map for {name} {NOT_SEGMENTATION}"


def _details(
    case: Case, prediction: Prediction, explanation: Explanation, picture: Picture, heat_map: HeatMap | None
) -> tuple[str, ...]:
    first = [f"Case {case_name(case)}", key_with_stain(keyed_images(case)[picture.key], picture.key)]
    if heat_map is None or heat_map.raw is None:
        name = in_sentence(prediction.class_names[explanation.class_index])
        return " · ".join(first), f"No {METHOD_TITLES[explanation.method]} heat map for {name}"
    low, high = explanation.range_for(heat_map)
    first += [METHOD_TITLES[heat_map.method], f"cell {cell_text(heat_map.placement.scale, picture.pixel_um)}"]
    own = f"{value_text(float(heat_map.raw.min()))} to {value_text(float(heat_map.raw.max()))}"
    whole = "among images of this kind" if explanation.method == "attention" else "in this case"
    second = f"Raw values here {own}, {whole} {value_text(low)} to {value_text(high)}"
    if below_all_levels(heat_map, (low, high)):
        second += "; no contour, all below 25 % of the case's largest"
    return (" · ".join(first), second)
