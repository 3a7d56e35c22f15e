"""The report's reasons in numbers: the bag of electron images, and what each modality contributed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..explain.explanation import Explanation
from ..figures import (
    BagRow,
    bag_figure,
    class_label,
    contributions_figure,
    percent,
    points,
    without_figure,
)
from ..figures.style import class_ink
from ..inference.prediction import Prediction
from .exhibits import svg_address
from .privacy import Scrubber
from .words import COUNTED, in_sentence

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def bag_picture(explanation: Explanation) -> Figure:
    """Every electron image, the largest effect on the explained class first, those set aside last."""
    c, record = explanation.class_index, explanation.bag
    return bag_figure(
        [
            BagRow(
                entry.key,
                entry.effect[c],
                entry.weight,
                entry.is_centre,
                entry.kept,
                remark=f"same as {entry.duplicate_of}" if entry.duplicate_of else "",
            )
            for entry in record.by_effect(c)
        ],
        colour=class_ink(c, False),
        counted=COUNTED[record.weighs_by],
    )


def bag_content(explanation: Explanation, prediction: Prediction, scrub: Scrubber) -> dict[str, Any]:
    """The bag as a picture and as a table."""
    c, record = explanation.class_index, explanation.bag
    entries = record.by_effect(c)
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
        "figure": svg_address(bag_picture(explanation)),
        "rows": rows,
        "measured": record.weighs_by == "typicality",
        "counted": COUNTED[record.weighs_by],
        "threshold": f"{record.threshold:g}",
        "class_name": in_sentence(prediction.class_names[c]),
        "note": scrub.text(record.note),
        "set_aside": sum(not entry.kept for entry in entries),
    }


def contributions_content(explanation: Explanation, prediction: Prediction) -> dict[str, Any]:
    """How the answer is built up from the modalities, and what each says alone."""
    c, parts = explanation.class_index, explanation.contributions
    built = contributions_figure(
        {m.value: values[c] for m, values in parts.shapley.items()},
        parts.baseline[c],
        prediction.probabilities[c],
        colour=class_ink(c, False),
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
        "built": svg_address(built),
        "without": svg_address(without),
        "baseline_says": parts.baseline_says,
        "heads": heads,
        "class_names": [class_label(prediction.class_names, i) for i in range(len(prediction.class_names))],
        "alt": ", ".join(f"{m.title} {points(values[c])} points" for m, values in parts.shapley.items()),
    }
