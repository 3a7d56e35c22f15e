"""The range of answers over every admissible choice of images, and whether they contradict each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

from pydantic import BaseModel, ConfigDict

from ..cases import Modality
from ..inputs.choices import SlotChoices

DISAGREE = "choices_disagree"


class Combination(BaseModel):
    """What the model answers when one image of each modality is chosen in one way.

    ``images`` holds the key of the image by modality, of those of which the model takes one; ``probabilities``,
    ``conformal`` and ``fits_none`` are as in a prediction.
    """

    model_config = ConfigDict(frozen=True)

    images: dict[Modality, str]
    probabilities: tuple[float, ...]
    conformal: tuple[int, ...] | None = None
    fits_none: bool | None = None

    @property
    def top(self) -> int:
        """Index of the most probable class."""
        return max(range(len(self.probabilities)), key=self.probabilities.__getitem__)

    @property
    def no_class(self) -> bool:
        """Whether the model says that none of its classes fits: too far from the known patients, or an empty set."""
        return bool(self.fits_none) or self.conformal == ()

    def contradicts(self, other: Combination) -> bool:
        """Whether two choices lead to answers that cannot stand side by side.

        They can while the most probable class of each is in the other's set: the sets are calibrated to keep every
        class that cannot be told apart, so a tie within them is one answer said twice. Without sets there is no
        such tie, and the most probable classes must be the same. An answer beside a choice for which no class
        fits is a contradiction too.
        """
        if self.no_class or other.no_class:
            return self.no_class != other.no_class
        if self.conformal is None or other.conformal is None:
            return self.top != other.top
        apart = not set(self.conformal) & set(other.conformal)
        return apart or (
            self.top != other.top and (self.top not in other.conformal or other.top not in self.conformal)
        )


class Alternatives(BaseModel):
    """Every answer over the admissible choices of images; none of them is averaged.

    Attributes
    ----------
    slots
        The admissible images of each modality of which the model takes one.
    combinations
        An answer for each way to choose; the first is the official one, whose numbers the prediction shows.
    possible
        How many ways there are; more than ``len(combinations)`` if not all were tried.
    class_names
        As in the prediction.
    """

    model_config = ConfigDict(frozen=True)

    slots: tuple[SlotChoices, ...]
    combinations: tuple[Combination, ...]
    possible: int
    class_names: tuple[str, ...]

    @property
    def low(self) -> tuple[float, ...]:
        """The smallest probability of each class over all choices."""
        return tuple(map(min, zip(*(one.probabilities for one in self.combinations), strict=True)))

    @property
    def high(self) -> tuple[float, ...]:
        """The largest probability of each class over all choices."""
        return tuple(map(max, zip(*(one.probabilities for one in self.combinations), strict=True)))

    @property
    def ranges(self) -> tuple[tuple[float, float], ...]:
        """Smallest and largest probability of each class; empty where there was nothing to choose."""
        return tuple(zip(self.low, self.high, strict=True)) if len(self.combinations) > 1 else ()

    @property
    def varying(self) -> tuple[SlotChoices, ...]:
        """The modalities in which there was something to choose."""
        return tuple(one for one in self.slots if len(one.choices) > 1)

    @property
    def disagreement(self) -> str:
        """The sentence that names two choices with contradicting answers; empty if there are none.

        Of several the official answer and the first that contradicts it.
        """
        for first, second in combinations(self.combinations, 2):
            if first.contradicts(second):
                return (
                    "The images that may be chosen lead to different answers: "
                    f"with {self.label(first)} {self._said(first)}, with {self.label(second)} {self._said(second)}."
                )
        return ""

    def label(self, combination: Combination) -> str:
        """What was chosen, in words: ``IgG``, or ``PASM OM-2 and IgG`` where several modalities vary."""
        slots = self.varying or self.slots
        return " and ".join(self.name(one, combination.images[one.modality]) for one in slots)

    @staticmethod
    def name(slot: SlotChoices, key: str) -> str:
        """The name of an image, with its key where another choice has the same name."""
        counts = Counter(one.name for one in slot.choices)
        name = next(one.name for one in slot.choices if one.key == key)
        return name if counts[name] == 1 or name == key else f"{name} {key}"

    def range_text(self, index: int) -> str:
        """``from 71 to 88 % over 3 choices``; empty where there was nothing to choose."""
        if len(self.combinations) < 2:
            return ""
        low, high = rounded(self.low[index]), rounded(self.high[index])
        count = len(self.combinations)
        span = f"{low} %" if low == high else f"from {low} to {high} %"
        return f"{span} over {count} choices"

    def which(self, index: int) -> tuple[str, str]:
        """Labels of the choices that give a class its smallest and its largest probability."""
        ordered = sorted(self.combinations, key=lambda one: one.probabilities[index])
        return self.label(ordered[0]), self.label(ordered[-1])

    def rows(self) -> list[tuple[str, tuple[float, ...], str]]:
        """Of each combination: what was chosen, its probabilities, and its set in words ("" without one)."""
        return [(self.label(one), one.probabilities, self._set(one)) for one in self.combinations]

    @property
    def sentences(self) -> tuple[str, ...]:
        """How the choices were found, what could not be asked, and whether everything was tried."""
        said = [one.rule for one in self.slots if len(one.choices) > 1 or one.not_asked or "only" in one.rule]
        for slot in self.slots:
            said += [f"Not asked with {one.name}: {_as_sentence(one.reason)}" for one in slot.not_asked]
        if self.possible > len(self.combinations):
            said.append(
                f"{len(self.combinations)} of {self.possible} combinations were tried, those nearest to the "
                "official one first."
            )
        return tuple(said)

    def _said(self, one: Combination) -> str:
        if one.no_class:
            return "none of its classes"
        return f"{self.class_names[one.top]} ({one.probabilities[one.top]:.0%})"

    def _set(self, one: Combination) -> str:
        if one.no_class:
            return "none of its classes"
        return "" if one.conformal is None else _listed([self.class_names[index] for index in one.conformal])


def rounded(value: float) -> str:
    """A probability in whole percent, never rounded into certainty."""
    if 0.995 <= value < 1:
        return "> 99"
    if 0 < value < 0.005:
        return "< 1"
    return f"{100 * value:.0f}"


def _listed(names: Sequence[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _as_sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
