"""Which images enter the model, why, and the way to choose others."""

from __future__ import annotations

from collections.abc import Collection

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QWidget

from ..cases import Modality
from ..inputs.selection import Selection
from .section import Section
from .theme import RHYTHM, label
from .words import SHORT_TITLES


class SelectionSection(Section):
    """Before a run it says what will happen; afterwards, what did."""

    edit_wanted = Signal()
    rerun_wanted = Signal()
    edit_ended = Signal()

    def __init__(self) -> None:
        super().__init__("What enters the model")
        self.edit_button = self.add_action("Edit choice")
        self.edit_button.clicked.connect(self.edit_wanted)
        self.lines = label("", "")
        self.left_out = label("", "secondary")
        self._editor = QWidget()
        row = QHBoxLayout(self._editor)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(RHYTHM)
        self.rerun_button = QPushButton("Run this choice (what if)")
        self.rerun_button.setProperty("role", "main")
        self.rerun_button.clicked.connect(self.rerun_wanted)
        self.keep_button = QPushButton("Keep as it was")
        self.keep_button.clicked.connect(self.edit_ended)
        row.addWidget(self.rerun_button)
        row.addWidget(self.keep_button)
        row.addStretch(1)
        for widget in (self.lines, self.left_out, self._editor):
            self.body.addWidget(widget)
        self.show_rule()

    def show_rule(self) -> None:
        """Nothing has run: the model's rule will choose."""
        self.lines.setText(
            "The model's rule chooses when it runs; every choice is shown here with its reason."
        )
        self.left_out.hide()
        self.end_edit()
        self.edit_button.setEnabled(False)

    def show_selection(self, selection: Selection) -> None:
        lines = []
        for modality in Modality:
            chosen = selection.of(modality)
            title = SHORT_TITLES[modality]
            if modality in selection.missing:
                lines.append(f"<b>{title}</b> none")
            elif len(chosen) > 1:
                lines.append(f"<b>{title}</b> {len(chosen)} images: {chosen[0].reason}")
            elif chosen:
                lines.append(f"<b>{title}</b> {chosen[0].name}: {chosen[0].reason}")
        self.lines.setText("<br>".join(lines))
        out = selection.left_out
        self.left_out.setText(f"{len(out)} not used (why: hold the pointer here)")
        self.left_out.setToolTip("\n".join(f"{one.name}: {one.reason}" for one in out))
        self.left_out.setVisible(bool(out))
        self.end_edit()
        self.edit_button.setEnabled(True)

    def begin_edit(self, singles: Collection[Modality]) -> None:
        """The person ticks thumbnails on the board; of the modalities in ``singles`` the model takes one."""
        kinds = {Modality.OM: "light", Modality.IM: "IF", Modality.TEM: "electron"}
        one = [f"one {kinds[modality]}" for modality in Modality if modality in singles]
        many = [kinds[modality] for modality in Modality if modality not in singles]
        listed = " and ".join([", ".join(many[:-1]), many[-1]] if len(many) > 1 else many)
        wanted = ", ".join([*one, f"any number of {listed} images"] if many else one)
        self.lines.setText(f"Tick images on the board below: {wanted}.")
        self.left_out.hide()
        self._editor.show()
        self.edit_button.setEnabled(False)

    def end_edit(self) -> None:
        self._editor.hide()
