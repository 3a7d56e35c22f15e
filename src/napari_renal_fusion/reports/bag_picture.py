"""The bag of electron images as a PNG of its own, with the legend that says what it is."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from ..cases import Case
from ..compute.atomic import write_bytes
from ..explain.explanation import Explanation
from ..figures import Legend, to_png, with_legend
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
    legend = Legend(
        title=f"What each electron image did to {name}",
        details=(
            f"Case {case_name(case)} · {len(explanation.bag.entries)} electron images · method: the answer recomputed "
            "without each · effect in percentage points",
            f"{COUNTED[weighs]}: {_MEANS[weighs]}",
        ),
        is_measured=False,
    )
    path = folder / "bag.png"
    write_bytes(
        path, encode_png(with_legend(_on_white(to_png(bag_picture(explanation))), legend, dark=False))
    )
    return path


def _on_white(png: bytes) -> np.ndarray:
    """Pixels of a transparent figure on white, with a margin: uint8 [h, w, 3]."""
    from PIL import Image

    with Image.open(io.BytesIO(png)) as drawn:
        drawn = drawn.convert("RGBA")
    margin = drawn.width // 48
    ground = Image.new("RGB", (drawn.width + 2 * margin, drawn.height + 2 * margin), "white")
    ground.paste(drawn, (margin, margin), drawn)
    return np.asarray(ground)
