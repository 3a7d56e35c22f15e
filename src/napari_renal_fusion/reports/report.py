"""The report of one case: one HTML file that needs nothing else, reads calmly and prints on A4."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..cases import Case, Modality
from ..compute.atomic import write_text
from ..explain.explanation import BagEntry, BagRecord, Explanation
from ..figures import (
    RESEARCH,
    BagRow,
    bag_figure,
    cell_text,
    class_colour,
    class_label,
    contributions_figure,
    percent,
    points,
    probabilities_figure,
    to_svg,
    value_text,
    without_figure,
)
from ..inference.prediction import Prediction
from ..inputs.selection import LeftOutImage, SelectedImage, keyed_images
from ..notices import Notice
from .attention import attention_content
from .exhibits import Exhibits, data_address
from .overlays import below_all_levels
from .privacy import Scrubber
from .words import (
    COUNTED,
    KINDS,
    METHOD_TITLES,
    PLUMBING,
    STATUS_TITLES,
    TRAINED_ON,
    image_label,
    in_sentence,
    opinion_shown,
    risk_shown,
)


def write_report(
    case: Case, prediction: Prediction, explanation: Explanation | None, path: Path | str
) -> None:
    """Write ``report.html``: self-contained, under 10 MB; images that cannot be read become a blank.

    ``explanation`` may be None, and ``prediction`` may be a refusal: the report then says why and
    still lists the images.
    """
    if not opinion_shown(prediction):
        explanation = None
    exhibits = Exhibits(case, prediction, explanation)
    exhibits.add_all()
    exhibits.add_left_out()
    write_text(path, render_report(exhibits))


def render_report(exhibits: Exhibits) -> str:
    """The report as HTML text, from pictures that are encoded already."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("napari_renal_fusion.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(_content(exhibits))


def _content(exhibits: Exhibits) -> dict[str, Any]:
    case, prediction, explanation = exhibits.case, exhibits.prediction, exhibits.explanation
    scrub = Scrubber(case)
    shown = opinion_shown(prediction)
    content: dict[str, Any] = {
        "research": RESEARCH,
        "case_id": case.case_id,
        "status": STATUS_TITLES[prediction.status],
        "answered": prediction.status == "answered",
        "verdict": scrub.text(prediction.verdict),
        "reasons": _sentences(_reasons(prediction), scrub, besides=prediction.verdict),
        "stood_in": scrub.text(prediction.stood_in),
        "set": prediction.set_text if shown else "",
        "scope": scrub.text(prediction.scope),
        "checked": f"{prediction.checked_text}." if prediction.provenance else None,
        "plumbing": None if prediction.names_shown else PLUMBING,
        "trained_on": prediction.provenance and TRAINED_ON[prediction.provenance.trained_on],
        "warnings": _sentences([one for one in prediction.warnings if one.code != "stood_in"], scrub),
        "probabilities": _probabilities(prediction) if shown else None,
        "survival": _survival(prediction) if risk_shown(prediction) else None,
        "modalities": [
            {"name": one.name, "kind": KINDS[one.kind], "used": one.used, "detail": one.detail}
            for one in prediction.modalities
        ],
        "entered": _image_groups(prediction.selection.images, exhibits, scrub),
        "left_out": _image_groups(prediction.selection.left_out, exhibits, scrub),
        "missing": [modality.title for modality in prediction.selection.missing],
        "heat": None,
        "bag": None,
        "contributions": None,
        "attention": attention_content(case, prediction),
        "provenance": _provenance(prediction, explanation, scrub),
    }
    if explanation is not None:
        content["heat"] = _heat(exhibits)
        content["bag"] = explanation.bag and _bag(explanation, prediction, scrub)
        content["contributions"] = explanation.contributions and _contributions(explanation, prediction)
    return content


def _probabilities(prediction: Prediction) -> dict[str, Any]:
    figure = probabilities_figure(prediction.class_names, prediction.probabilities)
    pairs = zip(prediction.class_names, prediction.probabilities, strict=True)
    return {"figure": _svg(figure), "alt": ", ".join(f"{name} {percent(value)}" for name, value in pairs)}


def _survival(prediction: Prediction) -> dict[str, Any]:
    from ..figures.survival import survival_curve_figure

    given = prediction.survival
    figure = survival_curve_figure(
        given.times,
        given.curve,
        outcome=given.outcome,
        population=given.population,
        time_zero=given.time_zero,
        unit=given.unit,
    )
    return {
        "figure": _svg(figure),
        "alt": ", ".join(f"{percent(value)} at {time:g}" for time, value in given.at_quarters),
        "about": f"{given.outcome} in {given.population}; time in {given.unit} from {given.time_zero}.",
        "group": f"{given.group.capitalize()} risk group: a higher risk than {given.percentile} % of the training "
        "patients, each answered by a model that never saw them.",
        "rows": [(f"{time:g} {given.unit}", percent(value)) for time, value in given.at_quarters],
    }


def _image_groups(
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


def _heat(exhibits: Exhibits) -> dict[str, Any]:
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


def _bag(explanation: Explanation, prediction: Prediction, scrub: Scrubber) -> dict[str, Any]:
    c, record = explanation.class_index, explanation.bag
    entries = record.by_effect(c)
    figure = bag_figure(
        [
            BagRow(
                entry.key,
                entry.effect[c],
                entry.weight,
                entry.is_centre,
                entry.kept,
                remark=f"same as {entry.duplicate_of}" if entry.duplicate_of else "",
            )
            for entry in entries
        ],
        colour=class_colour(c),
        counted=COUNTED[record.weighs_by],
    )
    rows = [
        {
            "key": entry.key,
            "kept": entry.kept,
            "centre": entry.is_centre,
            "duplicate_of": entry.duplicate_of,
            "distance": f"{entry.distance:.2f}",
            "weight": f"{entry.weight:.2f}",
            "effect": points(entry.effect[c]),
            "without": percent(entry.probabilities_without[c]) if entry.probabilities_without else "–",
        }
        for entry in entries
    ]
    return {
        "figure": _svg(figure),
        "rows": rows,
        "measured": record.weighs_by == "typicality",
        "counted": COUNTED[record.weighs_by],
        "threshold": f"{record.threshold:g}",
        "class_name": in_sentence(prediction.class_names[c]),
        "note": scrub.text(record.note),
        "set_aside": sum(not entry.kept for entry in entries),
    }


def _contributions(explanation: Explanation, prediction: Prediction) -> dict[str, Any]:
    c, parts = explanation.class_index, explanation.contributions
    built = contributions_figure(
        {m.value: values[c] for m, values in parts.shapley.items()},
        parts.baseline[c],
        prediction.probabilities[c],
        colour=class_colour(c),
    )
    without = without_figure(
        prediction.class_names, prediction.probabilities, {m.value: v for m, v in parts.without.items()}
    )
    heads = [
        {"modality": modality.title, "values": [percent(value) for value in values]}
        for modality, values in prediction.branches.items()
    ]
    return {
        "class_name": in_sentence(prediction.class_names[c]),
        "built": _svg(built),
        "without": _svg(without),
        "baseline_says": parts.baseline_says,
        "heads": heads,
        "class_names": [class_label(prediction.class_names, i) for i in range(len(prediction.class_names))],
        "alt": ", ".join(f"{m.title} {points(values[c])} points" for m, values in parts.shapley.items()),
    }


def _provenance(
    prediction: Prediction, explanation: Explanation | None, scrub: Scrubber
) -> list[tuple[str, str]]:
    origin = prediction.provenance
    if origin is None:
        return []
    rows = [
        ("Program", f"napari-renal-fusion {origin.program_version}"),
        ("Model", f"{origin.bundle_name} ({origin.bundle_sha256[:12]})"),
        ("Trained on", f"{origin.trained_on} images"),
        *_calibration(prediction),
        (
            "Device",
            scrub.text(
                f"{origin.device} ({origin.device_reason})" if origin.device_reason else origin.device
            ),
        ),
        ("Precision", origin.precision),
        ("Made at", f"{origin.made_at:%Y-%m-%d %H:%M %Z}".strip()),
        ("Time taken", f"{origin.seconds:.1f} s"),
    ]
    if explanation is not None:
        layers = dict.fromkeys(heat_map.layer for heat_map in explanation.heat_maps)
        rows.append(("Heat maps", ", ".join([METHOD_TITLES[explanation.method], *layers])))
    hashes = ", ".join(f"{scrub.text(key)} {digest[:8]}" for key, digest in origin.input_sha256.items())
    return [*rows, ("Inputs (SHA-256)", hashes)] if hashes else rows


def _calibration(prediction: Prediction) -> list[tuple[str, str]]:
    rows = []
    if prediction.distance is not None and opinion_shown(prediction):
        said = f"{prediction.distance:.2f} (limit {prediction.distance_limit:.2f})"
        rows.append(("Distance to known patients", said))
    if prediction.frequencies:
        rows.append(("Disease frequencies", prediction.frequencies))
    return rows


def _reasons(prediction: Prediction) -> list[Notice]:
    # The plumbing sentence says this one already.
    return [one for one in prediction.reasons if prediction.names_shown or one.code != "synthetic_bundle"]


def _sentences(notices: Iterable[Notice], scrub: Scrubber, besides: str = "") -> list[str]:
    """Messages, each once; those that ``besides`` says already are left out."""
    return list(dict.fromkeys(scrub.text(n.message) for n in notices if n.message not in besides))


def _modality(prediction: Prediction, key: str) -> Modality:
    return prediction.selection.get(key).modality


def _bag_entry(record: BagRecord | None, key: str) -> BagEntry | None:
    return None if record is None else next((one for one in record.entries if one.key == key), None)


def _svg(figure) -> str:
    return data_address(to_svg(figure), "image/svg+xml")
