"""One answer about one case as a dock holds it, with every explanation asked for so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..explain.explanation import Explanation
from ..inference.prediction import Prediction


@dataclass
class Answer:
    """A prediction, its name in the model's process, and its explanations by class and method."""

    prediction_id: str
    prediction: Prediction
    what_if: bool = False
    explanations: dict[tuple[int, str], Explanation] = field(default_factory=dict)

    @classmethod
    def from_result(cls, result: dict[str, Any], *, what_if: bool = False) -> Answer:
        """Build from what the model's process sent."""
        return cls(result["prediction_id"], Prediction.model_validate(result["prediction"]), what_if)

    def add_explanation(self, result: dict[str, Any]) -> Explanation:
        """Keep an explanation that the model's process sent."""
        explanation = Explanation.model_validate(result["explanation"])
        self.explanations[explanation.class_index, explanation.method] = explanation
        return explanation
