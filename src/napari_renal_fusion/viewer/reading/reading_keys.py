"""The keys of the own reading, from any place in the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QPushButton

from ..keys import register

if TYPE_CHECKING:
    from ..workspace import Workspace
    from .place import ReadingPlace

GROUP = "Your reading"


def register_keys(workspace: Workspace, place: ReadingPlace) -> None:
    """Add the rows to the workspace's table."""
    section, decision = place.section, place.section.decision

    def come() -> None:
        workspace.bring_to_front()
        workspace.reader.ensure_visible(section)

    def enter() -> None:
        come()
        (decision.keep if section.revealed else section.field).setFocus()

    def be_sure(name: str) -> None:
        if not section.revealed:
            come()
            section.confidence.choose(name)

    def reveal() -> None:
        come()
        section.reveal_button.click()

    def decide(button: QPushButton) -> None:
        if section.revealed and button.isEnabled():
            come()
            button.click()

    def final() -> None:
        if place.known is not None:
            come()
            section.final.begin()

    names = enumerate(section.confidence.buttons, 1)
    register(
        workspace,
        [
            ("Alt-I", "enter your own diagnosis", enter),
            *(
                (f"Alt-{number}", f"confidence {name}", lambda name=name: be_sure(name))
                for number, name in names
            ),
            ("Alt-O", "reveal the model's opinion", reveal),
            ("Alt-K", "keep your reading", lambda: decide(decision.keep)),
            ("Alt-C", "change your reading", lambda: decide(decision.change)),
            ("Alt-U", "unsure", lambda: decide(decision.unsure)),
            ("Alt-D", "enter the final diagnosis", final),
            ("Alt-Y", "agreement over all cases", place.show_agreement),
        ],
        GROUP,
    )
