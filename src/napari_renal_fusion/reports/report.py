"""The report of one case: one HTML file that needs nothing else, reads calmly and prints on A4."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..cases import Case
from ..compute.atomic import write_text
from ..explain.explanation import Explanation
from ..figures import RESEARCH
from ..inference.prediction import Prediction
from .alternatives_part import alternatives_content
from .attention import attention_content
from .exhibits import Exhibits
from .images_part import heat_content, image_groups
from .opinion_part import (
    probabilities_content,
    provenance_rows,
    reasons_of,
    sentences,
    survival_content,
)
from .privacy import Scrubber, case_name
from .reading import CaseReading, reading_content, what_if_rows
from .why_part import bag_content, contributions_content
from .words import KINDS, PLUMBING, STATUS_TITLES, TRAINED_ON, opinion_shown, risk_shown


def write_report(
    case: Case,
    prediction: Prediction,
    explanation: Explanation | None,
    path: Path | str,
    *,
    reading: CaseReading | None = None,
) -> None:
    """Write ``report.html``: self-contained, under 10 MB; images that cannot be read become a blank.

    ``explanation`` may be None, and ``prediction`` may be a refusal: the report then says why and
    still lists the images. ``reading`` is the own reading beside it, with every what-if.
    """
    if not opinion_shown(prediction):
        explanation = None
    exhibits = Exhibits(case, prediction, explanation)
    exhibits.add_all()
    exhibits.add_left_out()
    write_text(path, render_report(exhibits, reading))


def render_report(exhibits: Exhibits, reading: CaseReading | None = None) -> str:
    """The report as HTML text, from pictures that are encoded already."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("napari_renal_fusion.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["css"] = css_text
    return environment.get_template("report.html.j2").render(_content(exhibits, reading))


def css_text(text: str) -> str:
    """Text inside a quoted CSS string: everything but letters and digits of ASCII is escaped."""
    return "".join(one if one.isascii() and one.isalnum() else f"\\{ord(one):06x}" for one in text)


def _content(exhibits: Exhibits, reading: CaseReading | None) -> dict[str, Any]:
    case, prediction, explanation = exhibits.case, exhibits.prediction, exhibits.explanation
    scrub = Scrubber(case)
    shown = opinion_shown(prediction)
    content: dict[str, Any] = {
        "research": RESEARCH,
        "case_id": case_name(case),
        "what_if": reading and reading.number,
        "own": reading_content(reading, scrub),
        "status": STATUS_TITLES[prediction.status],
        "answered": prediction.status == "answered",
        "verdict": scrub.text(prediction.verdict),
        "reasons": sentences(reasons_of(prediction), scrub, besides=prediction.verdict),
        "stood_in": scrub.text(prediction.stood_in),
        "set": prediction.set_text if shown else "",
        "scope": scrub.text(prediction.scope),
        "checked": f"{prediction.checked_text}." if prediction.provenance else None,
        "plumbing": None if prediction.names_shown else PLUMBING,
        "trained_on": prediction.provenance and TRAINED_ON[prediction.provenance.trained_on],
        "warnings": sentences([one for one in prediction.warnings if one.code != "stood_in"], scrub),
        "probabilities": probabilities_content(prediction) if shown else None,
        "alternatives": alternatives_content(prediction, scrub) if shown else None,
        "survival": survival_content(prediction) if risk_shown(prediction) else None,
        "what_ifs": what_if_rows(reading, scrub),
        "modalities": [
            {"name": one.name, "kind": KINDS[one.kind], "used": one.used, "detail": one.detail}
            for one in prediction.modalities
        ],
        "entered": image_groups(prediction.selection.images, exhibits, scrub),
        "left_out": image_groups(prediction.selection.left_out, exhibits, scrub),
        "missing": [modality.title for modality in prediction.selection.missing],
        "heat": None,
        "bag": None,
        "contributions": None,
        "attention": attention_content(case, prediction),
        "provenance": provenance_rows(prediction, explanation, scrub),
    }
    if explanation is not None:
        content["heat"] = heat_content(exhibits)
        content["bag"] = explanation.bag and bag_content(explanation, prediction, scrub)
        content["contributions"] = explanation.contributions and contributions_content(
            explanation, prediction
        )
    return content
