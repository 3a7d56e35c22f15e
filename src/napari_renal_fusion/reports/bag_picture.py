"""The bag of electron images as a PNG of its own, with the legend that says what it is."""

from __future__ import annotations

from pathlib import Path

from ..cases import Case
from ..compute.atomic import write_bytes
from ..explain.explanation import Explanation
from ..figures.captioned import captioned
from ..inference.prediction import Prediction
from .pictures import encode_png
from .privacy import case_name
from .why_part import bag_picture
from .words import COUNTED, in_sentence

_MEANS = {
    "typicality": "typicality, not importance; the most typical image has 1.",
    "attention": "what the fusion's attention gave it; all images together have 1.",
}


def save_bag(case: Case, prediction: Prediction, explanation: Explanation, folder: Path) -> Path:
    """Write ``bag.png`` of an explanation that has a bag; returns its path."""
    name = in_sentence(prediction.class_names[explanation.class_index])
    weighs = explanation.bag.weighs_by
    details = (
        f"Case {case_name(case)} · {len(explanation.bag.entries)} electron images · method: the answer recomputed "
        "without each · effect in percentage points",
        f"{COUNTED[weighs]}: {_MEANS[weighs]}",
    )
    pixels = captioned(bag_picture(explanation), f"What each electron image did to {name}", details)
    path = folder / "bag.png"
    write_bytes(path, encode_png(pixels))
    return path
