"""Labels: outside the list, absent, and who gave them and when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from .facts import CohortFacts
from .finding import Finding
from .words import count, some, tally


def labels(facts: CohortFacts) -> Iterator[Finding]:
    """Unknown and missing labels, sources, and labels entered after seeing a model."""
    outside = [one.case for one in facts.cases if one.case.label and one.case.label not in facts.names]
    for label in dict.fromkeys(case.label for case in outside):
        ids = tuple(case.case_id for case in outside if case.label == label)
        yield Finding(
            code="label_unknown",
            group="Labels",
            severity="error",
            message=f"The label {label!r} of {some(ids)} is none of {some(facts.names)}.",
            remedy="Correct the label, or leave the case out of the cohort.",
            cases=ids,
        )
    without = tuple(one.case.case_id for one in facts.cases if not one.case.label)
    if without:
        yield Finding(
            code="case_unlabelled",
            group="Labels",
            severity="info",
            message=f"{count(len(without), 'case has', 'cases have')} no label and will not be used: {some(without)}.",
            cases=without,
        )
    after = tuple(one.case.case_id for one in facts.labelled if one.case.labelled_after_model)
    if after:
        yield Finding(
            code="label_after_model",
            group="Labels",
            severity="warning",
            message=f"{count(len(after), 'label was', 'labels were')} entered after seeing a model's answer: "
            f"{some(after)}. These cases may train, but are left out of validation, test and calibration.",
            remedy="Correct label_source if that is wrong.",
            cases=after,
        )
    sources = Counter(one.case.label_source for one in facts.labelled if one.case.label_source)
    if facts.labelled:
        unknown = len(facts.labelled) - sum(sources.values())
        rest = f"{count(unknown, 'label')} without a source" if unknown else ""
        said = "; ".join(filter(None, [tally(sources), rest]))
        yield Finding(
            code="label_sources", group="Labels", severity="info", message=f"Who gave the labels: {said}."
        )
