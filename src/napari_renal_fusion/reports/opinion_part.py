"""The report's numbers of an answer: probabilities, a survival curve, and where the answer comes from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..explain.explanation import Explanation
from ..figures import percent, probabilities_figure
from ..inference.prediction import Prediction
from ..notices import Notice
from .exhibits import svg_address
from .privacy import Scrubber
from .words import METHOD_TITLES, opinion_shown


def probabilities_content(prediction: Prediction) -> dict[str, Any]:
    """The bars of an answer, and what they say in words."""
    figure = probabilities_figure(prediction.class_names, prediction.probabilities)
    pairs = zip(prediction.class_names, prediction.probabilities, strict=True)
    return {
        "figure": svg_address(figure),
        "alt": ", ".join(f"{name} {percent(value)}" for name, value in pairs),
    }


def survival_content(prediction: Prediction) -> dict[str, Any]:
    """The survival curve of an answer with all that it is about."""
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
        "figure": svg_address(figure),
        "alt": ", ".join(f"{percent(value)} at {time:g}" for time, value in given.at_quarters),
        "about": f"{given.outcome} in {given.population}; time in {given.unit} from {given.time_zero}.",
        "group": f"{given.group.capitalize()} risk group: a higher risk than {given.percentile} % of the training "
        "patients, each answered by a model that never saw them.",
        "rows": [(f"{time:g} {given.unit}", percent(value)) for time, value in given.at_quarters],
    }


def sentences(notices: Iterable[Notice], scrub: Scrubber, besides: str = "") -> list[str]:
    """Messages, each once; those that ``besides`` says already are left out."""
    return list(dict.fromkeys(scrub.text(n.message) for n in notices if n.message not in besides))


def provenance_rows(
    prediction: Prediction, explanation: Explanation | None, scrub: Scrubber
) -> list[tuple[str, str]]:
    """Name and value of everything that says how the answer came about."""
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


def reasons_of(prediction: Prediction) -> list[Notice]:
    """Why there is no opinion, without what the plumbing sentence says already."""
    return [one for one in prediction.reasons if prediction.names_shown or one.code != "synthetic_bundle"]
