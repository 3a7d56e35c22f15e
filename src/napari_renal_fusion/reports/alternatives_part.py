"""The report's range of answers: what the model says with each image that could have been chosen."""

from __future__ import annotations

from typing import Any

from ..figures import class_label, percent
from ..inference.prediction import Prediction
from .privacy import Scrubber


def alternatives_content(prediction: Prediction, scrub: Scrubber) -> dict[str, Any] | None:
    """A row for every admissible choice, the official one first; None where there was nothing to choose.

    A class's smallest and largest probability stand below, never an average.
    """
    given = prediction.alternatives
    if given is None or len(given.combinations) < 2:
        return None
    names = [class_label(given.class_names, c) for c in range(len(given.class_names))]
    rows = given.rows()
    return {
        "class_names": names,
        "disagreement": scrub.text(given.disagreement),
        "says": [scrub.text(one) for one in given.sentences],
        "rows": [
            {
                "title": scrub.text(title),
                "values": [percent(value) for value in values],
                "set": kept,
                "main": place == 0,
            }
            for place, (title, values, kept) in enumerate(rows)
        ],
        "has_sets": any(kept for _, _, kept in rows),
        "range": [f"{percent(low)} to {percent(high)}" for low, high in given.ranges],
    }
