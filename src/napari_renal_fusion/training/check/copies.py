"""Which images of a cohort show the same: equal pixels, or nearly the same picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .facts import CaseFacts, CohortFacts, ImageFacts
from .perceptual_hash import DETAIL_LIMIT, likeness, near_pairs, turned_detail


@dataclass(frozen=True)
class Place:
    """Where an image is: its case and what is known of it."""

    case: CaseFacts
    image: ImageFacts

    @property
    def words(self) -> str:
        return f"{self.image.file} (case {self.case.case.case_id})"


@dataclass(frozen=True)
class Copy:
    """Two images that show the same.

    ``bits`` (of 64) is the distance of their hashes, ``likeness`` that of their details (-1 to 1);
    ``exact`` means equal pixels, ``turned`` that one is mirrored or turned.
    """

    first: Place
    second: Place
    exact: bool
    bits: int = 0
    likeness: float = 1.0
    turned: bool = False

    @property
    def across_patients(self) -> bool:
        return self.first.case.patient != self.second.case.patient

    @property
    def how(self) -> str:
        """Why they count as the same, in words."""
        if self.exact:
            return "the same pixels"
        position = ", mirrored or turned" if self.turned else ""
        return f"{self.bits} of 64 bits differ, likeness of details {self.likeness:.2f}{position}"


def same_pixels(facts: CohortFacts) -> list[list[Place]]:
    """Groups of images with equal pixels. Two crops of one file within a case are two images."""
    groups: dict[str, list[Place]] = {}
    for place in _places(facts):
        group = groups.setdefault(place.image.sha256, [])
        if not any(_crops_of_one_file(place, other) for other in group):
            group.append(place)
    return [group for group in groups.values() if len(group) > 1]


def near_copies(facts: CohortFacts) -> list[Copy]:
    """Pairs of images of other pixels that show the same picture: compressed, resized, brightened, mirrored."""
    first: dict[str, Place] = {}
    for place in _places(facts):
        if not place.image.look.flat:
            first.setdefault(place.image.sha256, place)
    places = list(first.values())
    return list(_confirmed(places))


def _confirmed(places: Sequence[Place]) -> Iterator[Copy]:
    looks = [one.image.look for one in places]
    for i, j, bits, position in near_pairs(looks):
        if _crops_of_one_file(places[i], places[j]):
            continue
        alike = likeness(looks[i].detail, turned_detail(looks[j].detail)[position])
        if alike >= DETAIL_LIMIT:
            yield Copy(places[i], places[j], False, bits, alike, position != 0)


def _places(facts: CohortFacts) -> Iterator[Place]:
    for case in facts.cases:
        for image in case.images:
            if image.usable and not image.blank:
                yield Place(case, image)


def _crops_of_one_file(one: Place, other: Place) -> bool:
    a, b = one.image.item, other.image.item
    return (
        one.case is other.case
        and a.pixels is None
        and (a.path, a.page) == (b.path, b.page)
        and a.crop != b.crop
    )
