"""The same image twice: in a case, across the biopsies of a patient, and across patients, where it leaks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from .copies import Copy, Place, near_copies, same_pixels
from .facts import CohortFacts
from .finding import Finding
from .words import count, some

_MOST_OF = 0.5
_FEWEST_SHARED = 3
_LINES = 40


def duplicates(facts: CohortFacts) -> Iterator[Finding]:
    """A patient under two ids, images shared by patients, and copies within a patient."""
    groups = same_pixels(facts)
    near = near_copies(facts)
    links = [
        Copy(a, b, True) for group in groups for a, b in _pairs(group) if a.case.patient != b.case.patient
    ]
    links += [one for one in near if one.across_patients]
    twins = _twins(facts, links)
    for pair, shared in twins.items():
        yield _twin(facts, pair, shared)
    yield from limited(_shared_exact(groups, twins))
    yield from limited(_shared_near(near, twins))
    yield from limited(_within(groups, near))


def _pairs(group: list[Place]) -> Iterator[tuple[Place, Place]]:
    # A picture that hundreds of patients share (a placeholder) is told once, not for each pair of them.
    return combinations(group[:50], 2)


def _patients(one: Copy) -> tuple[str, str]:
    first, second = sorted((one.first.case.patient, one.second.case.patient))
    return first, second


def _twins(facts: CohortFacts, links: list[Copy]) -> dict[tuple[str, str], list[Copy]]:
    """Pairs of patients that share at least half of the images of the one that has fewer."""
    shared: dict[tuple[str, str], list[Copy]] = {}
    for one in links:
        shared.setdefault(_patients(one), []).append(one)
    found = {}
    for pair, copies in shared.items():
        size = min(sum(len(case.images) for case in facts.patients[patient]) for patient in pair)
        least = _matched(copies)
        if least >= _MOST_OF * size and least >= min(_FEWEST_SHARED, size):
            found[pair] = copies
    return found


def _matched(copies: list[Copy]) -> int:
    """How many different pictures are shared."""
    sides: tuple[set[str], set[str]] = (set(), set())
    for one in copies:
        for place in (one.first, one.second):
            sides[place.case.patient == _patients(one)[0]].add(place.image.sha256)
    return min(map(len, sides))


def _twin(facts: CohortFacts, pair: tuple[str, str], copies: list[Copy]) -> Finding:
    one, other = (facts.patient_id(patient) for patient in pair)
    size = min(sum(len(case.images) for case in facts.patients[patient]) for patient in pair)
    exact = sum(copy.exact for copy in copies)
    how = "the same pixels" if exact == len(copies) else f"{exact} with the same pixels, the others nearly"
    example = f"for example {copies[0].first.image.file} and {copies[0].second.image.file}"
    return Finding(
        code="patient_duplicated",
        group="Patients",
        severity="error",
        message=f"Patients {one} and {other} are one patient under two ids: they share {_matched(copies)} of "
        f"{count(size, 'image')} ({how}; {example}).",
        remedy="Give both the same patient_id, or leave one out.",
        cases=tuple(case.case.case_id for patient in pair for case in facts.patients[patient]),
    )


def _shared_exact(groups: list[list[Place]], twins) -> Iterator[Finding]:
    for group in groups:
        owners = dict.fromkeys(place.case.patient for place in group)
        if any(tuple(sorted(pair)) not in twins for pair in combinations(owners, 2)):
            yield Finding(
                code="image_two_patients",
                group="Images",
                severity="error",
                message=f"{count(len(owners), 'patient')} share an image (the same pixels): "
                f"{some([place.words for place in group])}. It would stand on both sides of a fold.",
                remedy="Find out whose image it is and leave the other out; if they are one patient, give both "
                "the same patient_id.",
                cases=_ids(group),
            )


def _shared_near(near: list[Copy], twins) -> Iterator[Finding]:
    for one in near:
        if one.across_patients and _patients(one) not in twins:
            yield Finding(
                code="image_two_patients_nearly",
                group="Images",
                severity="warning",
                message=f"Two patients have nearly the same image: {one.first.words} and {one.second.words}; "
                f"{one.how}.",
                remedy="Look at both: a copy would stand on both sides of a fold.",
                cases=_ids([one.first, one.second]),
            )


def _within(groups: list[list[Place]], near: list[Copy]) -> Iterator[Finding]:
    for group in groups:
        by_patient: dict[str, list[Place]] = {}
        for place in group:
            by_patient.setdefault(place.case.patient, []).append(place)
        for places in by_patient.values():
            if len(places) > 1:
                yield _copy(places, "the same pixels")
    for one in near:
        if not one.across_patients and not _two_stains(one):
            yield _copy([one.first, one.second], one.how)


def _two_stains(one: Copy) -> bool:
    """Whether the images are said to show different stains: neighbouring sections are alike without being copies."""
    stains = {(place.image.item.stain or "").casefold() for place in (one.first, one.second)}
    return len(stains) == 2 and "" not in stains


def _copy(places: list[Place], how: str) -> Finding:
    ids = _ids(places)
    if len(ids) == 1:
        where, code = f"Case {ids[0]} has one image {_times(len(places))}", "image_twice_in_case"
        names = [place.image.file for place in places]
    else:
        patient = places[0].case.case.patient_id
        where, code = f"Biopsies of patient {patient} share an image", "image_two_biopsies"
        names = [place.words for place in places]
    return Finding(
        code=code,
        group="Images",
        severity="warning",
        message=f"{where}: {some(names)} ({how}).",
        remedy="Leave one out: a copy counts twice.",
        cases=ids,
    )


def _times(number: int) -> str:
    return "twice" if number == 2 else f"{number} times"


def _ids(places: list[Place]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(place.case.case.case_id for place in places))


def limited(findings: Iterator[Finding]) -> Iterator[Finding]:
    """The first lines of a kind, then one line for the rest: a thousand lines tell nobody anything."""
    every = list(findings)
    yield from every[:_LINES]
    if len(every) > _LINES:
        rest = every[_LINES:]
        yield rest[0].model_copy(
            update={
                "message": f"{len(rest)} further findings like the {_LINES} above.",
                "cases": tuple(dict.fromkeys(case_id for one in rest for case_id in one.cases)),
                "severity": max((one.severity for one in rest), key=("info", "warning", "error").index),
            }
        )
