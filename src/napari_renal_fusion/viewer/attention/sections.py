"""The dock's lower parts: top patches with their nuclei, answers without a modality, the survival curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal

from ...compute.progress import Step
from ...explain.attention import TopPatch
from ...explain.modality_skip import SkipTable
from ..progress_row import ProgressRow
from ..section import Section
from ..theme import label
from .gallery import Gallery
from .skip_bars import SkipBars
from .survival_plot import SurvivalPlot

if TYPE_CHECKING:
    from ...explain.nuclei import NucleusCount
    from ...inference.prediction import SurvivalAnswer


class PatchSection(Section):
    """The gallery, and nuclei counted on demand."""

    count_wanted = Signal()
    cancel_wanted = Signal()

    def __init__(self) -> None:
        super().__init__("Most attended patches")
        self.count_button = self.add_action("Count nuclei")
        self.gallery = Gallery()
        self.progress = ProgressRow()
        self.note = label("", "secondary")
        self.body.addWidget(self.progress)
        self.body.addWidget(self.gallery)
        self.body.addWidget(self.note)
        self.count_button.clicked.connect(self.count_wanted)
        self.progress.cancelled.connect(self.cancel_wanted)

    def show_patches(self, patches: Sequence[TopPatch], even: float, *, slide: bool) -> None:
        """``slide`` says whether there is a slide to take pictures from, or features alone."""
        self.gallery.show_patches(patches, even)
        self.count_button.setEnabled(slide)
        self.note.setText(
            "A click flies there. Below each: its rank and raw attention."
            if slide
            else "The patches came as a file of features, without their slide: there are no pictures to show."
        )

    def start_counting(self) -> None:
        self.count_button.setEnabled(False)
        self.progress.start("Counting nuclei")

    def report(self, step: Step) -> None:
        self.progress.report(step)

    def finish_counting(self) -> None:
        self.count_button.setEnabled(True)
        self.progress.finish()

    def show_method(self, count: NucleusCount) -> None:
        """What counted, and how far it may be trusted."""
        self.note.setText(f"{count.method}. {count.note}")


class SkipSection(Section):
    """Hidden where there is no table."""

    def __init__(self) -> None:
        super().__init__("The answer without each part")
        self.bars = SkipBars()
        self.note = label("", "secondary")
        self.body.addWidget(self.bars)
        self.body.addWidget(self.note)

    def show_table(self, table: SkipTable | None) -> None:
        self.setVisible(table is not None)
        self.bars.show_table(table)
        if table is not None:
            words = "Exactly recomputed: a part left out is skipped, nothing stands in for it."
            if table.missing:
                words += f" This patient lacks {' and '.join(table.missing)}."
            self.note.setText(words)


class SurvivalSection(Section):
    """The curve of one patient with everything that says what it is of; hidden for other tasks."""

    def __init__(self) -> None:
        super().__init__("Survival curve of this patient")
        self.plot = SurvivalPlot()
        self.said = label("", "secondary")
        self.body.addWidget(self.plot)
        self.body.addWidget(self.said)

    def show_answer(self, answer: SurvivalAnswer | None) -> None:
        self.setVisible(answer is not None)
        self.plot.show_answer(answer)
        if answer is not None:
            self.said.setText(
                f"Without {answer.outcome}, predicted. Population: {answer.population}. "
                f"Time zero: {answer.time_zero}. Unit: {answer.unit}."
            )
