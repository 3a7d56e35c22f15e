"""Images: unreadable and blank ones, missing modalities, bag sizes, stains and antibodies."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator

from ...cases import Modality
from ...cases.names import readable
from .facts import CohortFacts, ImageFacts
from .finding import Finding
from .words import count, some, tally


def images(facts: CohortFacts) -> Iterator[Finding]:
    """Everything about images but copies and calibration."""
    yield from _unreadable(facts)
    yield from _blank(facts)
    yield from _missing(facts)
    yield from _nothing(facts)
    yield from _bags(facts)
    yield from _stains(facts)
    yield from _other_stain(facts)
    yield from _phantoms(facts)
    for notice in facts.store_notices:
        yield Finding(code=notice.code, group="Images", severity="warning", message=notice.message)


def _unreadable(facts: CohortFacts) -> Iterator[Finding]:
    for one in facts.cases:
        for image in one.images:
            if image.error is None:
                continue
            error, modality = image.error, image.item.modality
            others = len(one.usable(modality))
            after = (
                f"It is left out; {count(others, modality.title + ' image')} of the case can be read."
                if others
                else f"It is the case's only {modality.title} image."
            )
            yield Finding(
                code=error.code,
                group="Images",
                severity="warning",
                message=f"Case {one.case.case_id}{_problem(image)}. {after}",
                remedy=error.remedy,
                cases=(one.case.case_id,),
            )


def _problem(image: ImageFacts) -> str:
    """The reader's sentence, with the file named once and as the table of the cohort names it."""
    problem = image.error.problem.rstrip(".").replace(readable(image.item.path), image.file)
    return f": {problem}" if image.file in problem else f", {image.file}: {problem}"


def _blank(facts: CohortFacts) -> Iterator[Finding]:
    found = [(one.case.case_id, image.file) for one in facts.cases for image in one.images if image.blank]
    if found:
        yield Finding(
            code="image_blank",
            group="Images",
            severity="warning",
            message=f"{count(len(found), 'image is', 'images are')} one flat colour and show nothing: "
            f"{some([file for _, file in found])}.",
            remedy="Export them again, or leave them out.",
            cases=tuple(dict.fromkeys(case_id for case_id, _ in found)),
        )


def _missing(facts: CohortFacts) -> Iterator[Finding]:
    without = {one.modality for one in facts.config.rules.slots if one.if_missing == "without"}
    for modality in facts.modalities:
        lacking = [one.case.case_id for one in facts.labelled if not one.usable(modality)]
        has = "has" if len(lacking) == 1 else "have"
        if lacking and modality in without:
            every = len(lacking) == len(facts.labelled)
            yield Finding(
                code="modality_nobody_has" if every else "modality_lacking",
                group="Images",
                severity="error" if every else "info",
                message=f"{count(len(lacking), 'case')} {has} no usable {modality.title} image"
                + (
                    "."
                    if every
                    else f" and {'trains' if len(lacking) == 1 else 'train'} without: {some(lacking)}."
                ),
                remedy="Train a network that does not read this modality (network.modalities)."
                if every
                else "",
                cases=tuple(lacking),
            )
        elif lacking:
            yield Finding(
                code="modality_missing",
                group="Images",
                severity="error",
                message=f"{count(len(lacking), 'case')} {has} no usable {modality.title} image, which the "
                f"network reads: {some(lacking)}.",
                remedy="Complete these cases, take them out of the cohort, or train without that modality.",
                cases=tuple(lacking),
            )


def _nothing(facts: CohortFacts) -> Iterator[Finding]:
    """Cases without a single image, where the network can do without any modality."""
    lacking = [one.case.case_id for one in facts.labelled if not any(one.usable(m) for m in facts.modalities)]
    if lacking and all(one.if_missing == "without" for one in facts.config.rules.slots):
        yield Finding(
            code="modality_missing",
            group="Images",
            severity="error",
            message=f"{count(len(lacking), 'case')} {'has' if len(lacking) == 1 else 'have'} no usable image at "
            f"all: {some(lacking)}.",
            remedy="Complete these cases, or take them out of the cohort.",
            cases=tuple(lacking),
        )


def _bags(facts: CohortFacts) -> Iterator[Finding]:
    for slot in facts.config.rules.slots:
        if slot.takes_one or slot.modality not in facts.modalities:
            continue
        sizes = {one.case.case_id: len(one.entering[slot.modality]) for one in facts.labelled}
        sizes = {case_id: size for case_id, size in sizes.items() if size}
        if not sizes:
            continue
        low, high = min(sizes.values()), max(sizes.values())
        drawn = facts.config.bag_size[1] if slot.modality == Modality.TEM else high
        more = f" At most {drawn} of a case are drawn in one epoch." if high > drawn else ""
        yield Finding(
            code="bag_sizes",
            group="Images",
            severity="info",
            message=f"{slot.modality.title} images of a case: {low} to {high}, "
            f"median {statistics.median(sizes.values()):g}.{more}",
        )
        single = [case_id for case_id, size in sizes.items() if size == 1]
        if single and not facts.config.network.whole_panel:  # which sets no image aside
            yield Finding(
                code="bag_single",
                group="Images",
                severity="warning",
                message=f"{count(len(single), 'case has', 'cases have')} a single {slot.modality.title} image, "
                f"so that no outlier can be set aside: {some(single)}.",
                remedy="Add further images of these cases where they exist.",
                cases=tuple(single),
            )


def _stains(facts: CohortFacts) -> Iterator[Finding]:
    for modality, word, words in (
        (Modality.OM, "stain", "Stains"),
        (Modality.IM, "antibody", "Antibodies"),
    ):
        found = [image for one in facts.cases for image in one.images if image.item.modality == modality]
        if not found:
            continue
        counts = Counter(image.item.stain for image in found if image.item.stain)
        unknown = len(found) - sum(counts.values())
        without = f"; {count(unknown, 'image')} without a stated {word}" if unknown else ""
        yield Finding(
            code="stains",
            group="Images",
            severity="info",
            message=f"{words} of {count(len(found), modality.title + ' image')}: {tally(counts) or 'none stated'}"
            f"{without}.",
        )


def _other_stain(facts: CohortFacts) -> Iterator[Finding]:
    for slot in facts.config.rules.slots:
        if slot.choose != "preferred_stain" or not slot.stains or slot.modality not in facts.modalities:
            continue
        wanted = {one.casefold() for one in slot.stains}
        other = [
            one.case.case_id
            for one in facts.labelled
            if any((image.item.stain or "").casefold() not in wanted for image in one.entering[slot.modality])
        ]
        if other:
            yield Finding(
                code="stain_not_preferred",
                group="Images",
                severity="warning",
                message=f"{count(len(other), 'case has', 'cases have')} no {' or '.join(slot.stains)} image that is "
                f"named so; the first {slot.modality.title} image enters instead: {some(other)}.",
                remedy="Fill the column `stain`, or name the files by their stain.",
                cases=tuple(other),
            )


def _phantoms(facts: CohortFacts) -> Iterator[Finding]:
    if facts.synthetic and len(facts.synthetic) < len(facts.cases):
        ids = [one.case.case_id for one in facts.synthetic]
        yield Finding(
            code="phantoms_mixed",
            group="Images",
            severity="warning",
            message=f"{count(len(ids), 'case is synthetic', 'cases are synthetic')}, the others are not: {some(ids)}.",
            remedy="Train on real patients or on phantoms, not on both.",
            cases=tuple(ids),
        )
