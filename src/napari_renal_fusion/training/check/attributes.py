"""What is known of each patient beside the content of the images: the attributes that could give a label away."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ...cases import Modality
from .facts import CaseFacts, CohortFacts, ImageFacts

Value = float | str | None


@dataclass(frozen=True)
class Attribute:
    """One attribute: its ``title`` in the middle of a sentence, and its value for each patient.

    Numbers are compared as numbers, ``show`` writes them. ``remedy`` says what to do where it predicts.
    """

    title: str
    values: dict[str, Value]
    show: Callable[[float], str] = "{:g}".format
    remedy: str = ""

    @property
    def numeric(self) -> bool:
        return any(isinstance(one, float) for one in self.values.values())


_PANEL = (
    "If it follows from the disease in your service, say so in the model card; else choose the image that enters "
    "by the same rule for every disease."
)
_SOURCE = "Export all patients in the same way (format, size, names), or take them from the same sources."
_SIZE = (
    "Part of it may be what the images show (bright or detailed images compress less); if not, export all patients "
    "in the same way."
)
_PLACE = "Collect every disease from every source, and compare folds that keep whole hospitals together."


def attributes(facts: CohortFacts) -> Iterator[Attribute]:
    """All attributes of the patients that have one label (:attr:`CohortFacts.label_of`).

    The most telling first, since of those that divide the patients in the same way the first gets the line.
    """

    def make(title: str, of_case: Callable[[CaseFacts], Value], remedy: str, **more: Any) -> Attribute:
        values = {
            patient: typical(of_case(case) for case in facts.patients[patient]) for patient in facts.label_of
        }
        return Attribute(title, values, remedy=remedy, **more)

    yield make("the hospital", lambda case: case.case.hospital, _PLACE)
    yield make("the year of the biopsy", _year, _PLACE)
    for modality in facts.modalities:
        title = modality.title.partition(" (")[0].lower()
        bag = any(one.modality == modality and not one.takes_one for one in facts.config.rules.slots)
        image = f"the {title} images that enter" if bag else f"the {title} image that enters"

        def about(of_image: Callable[[ImageFacts], Value], modality=modality) -> Callable[[CaseFacts], Value]:
            return lambda case: typical(of_image(one) for one in case.entering.get(modality, ()))

        if modality is not Modality.TEM:
            word = "antibody" if modality is Modality.IM else "stain"
            yield make(f"the {word} of {image}", about(lambda one: one.item.stain), _PANEL)
            yield make(f"the set of {_plural(word)} of the {title} images", _panel(modality), _PANEL)
        yield make(f"the number of {title} images", _number(modality), _PANEL)
        yield make(
            f"the resolution of {image}",
            about(lambda one: f"{one.shape[1]} x {one.shape[0]} pixels"),
            _SOURCE,
        )
        yield make(
            f"the pixel size of {image}",
            about(lambda one: round(one.pixel_size.um, 6) if one.pixel_size else None),
            "Take all images with the same objective, or bring them to one pixel size.",
            show="{:.3g} um".format,
        )
        yield make(f"the file format of {image}", about(_format), _SOURCE)
        yield make(f"the colours and bits of {image}", about(lambda one: one.colours), _SOURCE)
        yield make(f"the beginning of the file name of {image}", about(_beginning), _SOURCE)
        yield make(f"the pattern of the file name of {image}", about(_pattern), _SOURCE)
        yield make(
            f"the length of the file name of {image}",
            about(lambda one: float(len(_name(one)))),
            _SOURCE,
            show="{:g} characters".format,
        )
        yield make(f"the magnification of {image}", about(lambda one: one.item.magnification), _SOURCE)
        yield make(f"the scanner of {image}", about(lambda one: one.item.scanner), _PLACE)
        yield make(
            f"the file size of {image}",
            about(lambda one: float(one.file_bytes) if one.file_bytes else None),
            _SIZE,
            show=_bytes,
        )


def typical(values: Iterable[Value]) -> Value:
    """The median of numbers, the most frequent of words; None if nothing is known."""
    known = [one for one in values if one is not None]
    if not known:
        return None
    if isinstance(known[0], float):
        return float(statistics.median(known))
    counts = Counter(known)
    return min(counts, key=lambda one: (-counts[one], one))


def _panel(modality: Modality) -> Callable[[CaseFacts], Value]:
    return lambda case: (
        ", ".join(sorted({one.item.stain for one in case.usable(modality) if one.item.stain})) or None
    )


def _number(modality: Modality) -> Callable[[CaseFacts], Value]:
    return lambda case: float(len(case.usable(modality)))


def _year(case: CaseFacts) -> Value:
    return str(case.case.biopsy_date.year) if case.case.biopsy_date else None


def _format(one: ImageFacts) -> str:
    suffix = one.item.path.suffix.lower().lstrip(".")
    return {"jpeg": "jpg", "tiff": "tif"}.get(suffix, suffix)


def _name(one: ImageFacts) -> str:
    """The file's name without its stain: a file named by its antibody gives away the antibody, not more."""
    stem = one.item.path.name.split(".")[0]
    if not one.item.stain:
        return stem
    return re.sub(re.escape(one.item.stain), "*", stem, flags=re.IGNORECASE)


def _beginning(one: ImageFacts) -> str:
    return re.match(r"[^\d]*", _name(one))[0] or "a digit"


def _pattern(one: ImageFacts) -> str:
    """Digits as 9 and letters as a; their numbers of digits stay, as ``a_999``."""
    letters = re.sub(r"[^\W\d_]+", "a", _name(one))
    return re.sub(r"\d", "9", letters) or "no name"


def _plural(word: str) -> str:
    return {"antibody": "antibodies"}.get(word, word + "s")


def _bytes(size: float) -> str:
    return (
        f"{size / 1e6:.1f} MB"
        if size >= 1e7
        else f"{size / 1e3:.0f} kB"
        if size >= 1e4
        else f"{size:.0f} bytes"
    )
