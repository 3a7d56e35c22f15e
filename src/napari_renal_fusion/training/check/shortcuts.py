"""Shortcuts: what predicts the label without looking at the tissue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from .attributes import attributes
from .facts import CohortFacts
from .finding import Finding
from .one_attribute import Binned, binned, predicting
from .words import count, percent, some

_FEWEST = 12
_SURE = 0.01
_NOTABLE = 0.15
"""Share of the way from chance to perfect from which on a sure effect is a warning."""
_BINS_SHOWN = 4


def shortcuts(facts: CohortFacts) -> Iterator[Finding]:
    """A warning for each attribute that alone predicts the label, and what else was tested."""
    sizes = Counter(facts.label_of.values())
    kept = [name for name in facts.names if sizes[name] > 1]
    patients = [patient for patient, label in facts.label_of.items() if label in kept]
    if len(kept) < 2 or len(patients) < _FEWEST:
        yield Finding(
            code="shortcuts_untested",
            group="Shortcuts",
            severity="info",
            message=f"Too few patients ({len(facts.label_of)}) to test whether something beside the tissue gives "
            f"the label away; {_FEWEST} in two classes are needed.",
        )
        return
    labels = np.array([kept.index(facts.label_of[patient]) for patient in patients])
    tested = _tested(facts, patients)
    results = predicting([one.bins.of for one in tested], labels)
    chance = 1 / len(kept)
    ranked = sorted(zip(tested, results, strict=True), key=lambda one: (-one[1].accuracy, one[0].title))
    found = []
    for one, result in ranked:
        if result.p_value > _SURE or result.accuracy <= chance:
            continue
        found.append(one)
        strong = result.accuracy >= chance + _NOTABLE * (1 - chance)
        also = f" So {'do' if len(one.also) > 1 else 'does'} {some(one.also, 40)}." if one.also else ""
        yield Finding(
            code="shortcut" if strong else "shortcut_weak",
            group="Shortcuts",
            severity="warning" if strong else "info",
            message=f"{one.title[0].upper()}{one.title[1:]} alone predicts the label of "
            f"{percent(result.accuracy)} of patients (chance {percent(chance)}, p {_p(result.p_value)}): "
            f"{_what(one.bins, labels, kept)}.{also}",
            remedy=one.remedy,
        )
    others = [title for one in tested if one not in found for title in (one.title, *one.also)]
    number = sum(1 + len(one.also) for one in tested)
    yield Finding(
        code="shortcuts_tested",
        group="Shortcuts",
        severity="info",
        message=f"{count(number, 'attribute')} beside the tissue tested on {len(patients)} patients"
        + (f"; no sure prediction from {some(others, 40)}." if others else "."),
    )


@dataclass(frozen=True)
class _Tested:
    """An attribute in its bins; ``also`` are the titles of others that divide the patients in the same way."""

    title: str
    remedy: str
    bins: Binned
    also: tuple[str, ...] = ()


def _tested(facts: CohortFacts, patients: list[str]) -> list[_Tested]:
    found: dict[tuple[int, ...], _Tested] = {}
    for one in attributes(facts):
        bins = binned([one.values[patient] for patient in patients], one.show)
        numbers: dict[int, int] = {}
        division = tuple(numbers.setdefault(int(place), len(numbers)) for place in bins.of)
        if len(numbers) == 1:  # what is the same everywhere says nothing
            continue
        first = found.get(division)
        found[division] = (
            replace(first, also=(*first.also, one.title)) if first else _Tested(one.title, one.remedy, bins)
        )
    return list(found.values())


def _what(bins: Binned, labels: np.ndarray, names: list[str]) -> str:
    """Where the attribute points: the bins in which one class stands out most."""
    sizes = np.bincount(labels, minlength=len(names))
    telling: list[tuple[float, int, str]] = []
    for place in np.unique(bins.of):
        here = np.bincount(labels[bins.of == place], minlength=len(names))
        label = int((here / sizes).argmax())
        more = here[label] - here.sum() * sizes[label] / sizes.sum()
        telling.append(
            (more, int(place), f"{bins.names[place]}: {names[label]} {here[label]} of {here.sum()}")
        )
    shown = sorted(telling, key=lambda one: -one[0])[:_BINS_SHOWN]
    return "; ".join(text for _, _, text in sorted(shown, key=lambda one: one[1]))


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
