"""One answer about one case as a dock holds it, with every explanation asked for so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..explain.explanation import Explanation
    from ..inference.prediction import Prediction
    from ..readings import StoredAnswer


def import_ahead() -> None:
    """Import what answers are made of; run in a thread, so that the first answer does not wait for it."""
    from ..explain import explanation  # noqa: F401
    from ..inference import prediction  # noqa: F401


@dataclass
class Answer:
    """A prediction, its name in the model's process, and its explanations by class and method.

    ``question`` is what the process was asked: it is asked again when it no longer holds the answer. ``number`` is
    that of a what-if, ``stored`` the answer as the work folder keeps it, None until it does.
    """

    prediction_id: str
    prediction: Prediction
    what_if: bool = False
    explanations: dict[tuple[int, str], Explanation] = field(default_factory=dict)
    question: dict[str, Any] = field(default_factory=dict)
    number: int = 0
    stored: StoredAnswer | None = None

    @property
    def attends(self) -> bool:
        """Whether the model reads slides and omics, whose explanation is its attention and not heat maps."""
        return bool(self.prediction.modalities)

    @classmethod
    def from_result(
        cls, result: dict[str, Any], *, what_if: bool = False, question: dict[str, Any] | None = None
    ) -> Answer:
        """Build from what the model's process sent."""
        from ..inference.prediction import Prediction

        return cls(
            result["prediction_id"], Prediction.model_validate(result["prediction"]), what_if,
            question=question or {},
        )  # fmt: skip

    def add_explanation(self, result: dict[str, Any]) -> Explanation:
        """Keep an explanation that the model's process sent."""
        from ..explain.explanation import Explanation

        explanation = Explanation.model_validate(result["explanation"])
        self.explanations[explanation.class_index, explanation.method] = explanation
        return explanation
