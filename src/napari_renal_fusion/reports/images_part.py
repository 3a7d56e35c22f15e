"""The report's images: what entered and why, what did not, and every image with its heat map."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..cases import Modality
from ..explain.explanation import BagEntry, BagRecord, Explanation
from ..figures import cell_text, points, value_text
from ..inference.prediction import Prediction
from ..inputs.selection import LeftOutImage, SelectedImage, keyed_images
from .exhibits import Exhibits
from .overlays import below_all_levels
from .privacy import Scrubber
from .words import METHOD_TITLES, image_label, in_sentence


def image_groups(
    images: Iterable[SelectedImage | LeftOutImage], exhibits: Exhibits, scrub: Scrubber
) -> list[dict[str, Any]]:
    """Rows of the image tables; neighbours of one modality with one reason share a row."""
    groups: list[dict[str, Any]] = []
    for image in images:
        common = {
            "modality": image.modality.title,
            "reason": scrub.text(image.reason),
            "by": getattr(image, "by", None),
            "light": image.modality == Modality.OM,
        }
        label = scrub.label(image.key)
        one = {
            "key": image.key,
            "stain": None if label == image.key else label,
            "thumbnail": exhibits.thumbnails.get(image.key),
        }
        if groups and all(groups[-1][name] == value for name, value in common.items()):
            groups[-1]["images"].append(one)
        else:
            groups.append(common | {"images": [one]})
    return groups


def heat_content(exhibits: Exhibits) -> dict[str, Any]:
    """All images with their maps: light and immunofluorescence large, electron images by their effect."""
    explanation, prediction = exhibits.explanation, exhibits.prediction
    keys = prediction.selection.keys
    tem = [key for key in keys if _modality(prediction, key) == Modality.TEM]
    if explanation.bag is not None:
        ordered = [entry.key for entry in explanation.bag.by_effect(explanation.class_index)]
        tem = [key for key in ordered if key in tem] + [key for key in tem if key not in ordered]
    return {
        "class_name": in_sentence(prediction.class_names[explanation.class_index]),
        "method": METHOD_TITLES[explanation.method],
        "scale": _scale(explanation),
        "looked": explanation.method == "attention",
        "wide": [_exhibit(key, exhibits) for key in keys if key not in tem],
        "gallery": [_exhibit(key, exhibits) for key in tem],
        "outlined": any(exhibit.outlined for exhibit in exhibits.drawn.values()),
    }


def _scale(explanation: Explanation) -> str:
    """Which raw values the lines stand for: one scale for the case, of attention one for each modality."""
    if explanation.method != "attention":
        low, high = map(value_text, explanation.raw_range)
        return (
            f"One scale for the whole case: raw values from {low} to {high}. Lines, thin to thick, run at 25, 50 "
            f"and 75 % of {high}."
        )
    first = {one.modality: one for one in reversed(explanation.heat_maps) if one.raw is not None}
    largest = ", ".join(
        f"{modality.title} {value_text(explanation.range_for(first[modality])[1])}"
        for modality in Modality
        if modality in first
    )
    return (
        "Attention is shared out among all tokens of a modality, so each has a scale of its own, from 0 to its "
        f"largest raw value ({largest}). Lines, thin to thick, run at 25, 50 and 75 % of that."
    )


def _exhibit(key: str, exhibits: Exhibits) -> dict[str, Any]:
    explanation, item = exhibits.explanation, keyed_images(exhibits.case).get(key)
    heat_map, drawn = explanation.heat_map(key), exhibits.drawn.get(key)
    label = image_label(item, key)
    about = {
        "key": key,
        "label": None if label == key else label,
        "drawn": drawn,
        "modality": _modality(exhibits.prediction, key).title,
        "set_aside": heat_map is not None and not heat_map.used,
        "facts": [],
        "centre": False,
    }
    if heat_map is not None and heat_map.raw is not None:
        cell = cell_text(heat_map.placement.scale, None if drawn is None else drawn.pixel_um)
        about["facts"].append(f"cell {cell}")
        if below_all_levels(heat_map, explanation.range_for(heat_map)):
            about["facts"].append("no contour: all below 25 %")
    elif not about["set_aside"]:
        about["facts"].append("no heat map")
    entry = _bag_entry(explanation.bag, key)
    if entry is not None and entry.kept:
        about["centre"] = entry.is_centre
        about["facts"].append(f"effect if left out {points(entry.effect[explanation.class_index])} points")
    return about


def _modality(prediction: Prediction, key: str) -> Modality:
    return prediction.selection.get(key).modality


def _bag_entry(record: BagRecord | None, key: str) -> BagEntry | None:
    return None if record is None else next((one for one in record.entries if one.key == key), None)
