"""What each kind of image contributed: the answer without it."""

from __future__ import annotations

from ..explain.explanation import Contributions
from .contribution_bars import ContributionBars
from .section import Section
from .theme import label
from .words import lower_first


class ContributionSection(Section):
    """Bars "Without light / IF / electron" for the class that is explained."""

    def __init__(self) -> None:
        super().__init__("What each kind of image counted")
        self.bars = ContributionBars()
        self.note = label("", "secondary")
        self.body.addWidget(self.bars)
        self.body.addWidget(self.note)

    def forget(self) -> None:
        """Leave nothing of an answer in the hidden section."""
        self.bars.show_values(0.0, {}, 0)
        self.bars.setToolTip("")
        self.note.setText("")
        self.note.setToolTip("")

    def show_contributions(
        self,
        contributions: Contributions,
        probabilities: tuple[float, ...],
        class_index: int,
        class_name: str,
    ) -> None:
        without = {modality: values[class_index] for modality, values in contributions.without.items()}
        self.bars.show_values(probabilities[class_index], without, class_index)
        self.note.setText(f"{contributions.baseline_says} The mark is the full answer.")
        self.note.setToolTip(f"Probability of {lower_first(class_name)}")
