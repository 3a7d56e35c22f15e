"""Under the probabilities: the range over every admissible choice of images, and which choice gave which."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from ...figures import class_letters, percent
from ..theme import RHYTHM, label

if TYPE_CHECKING:
    from ...inference.answer_range import Alternatives

_MORE, _LESS = "Which choice gave which", "Hide the choices"


class RangeLine(QWidget):
    """One sentence, and a table that opens; empty where the model chooses nothing."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.sentence = label("", "")
        self.more = QPushButton(_MORE)
        self.more.setProperty("role", "link")
        self.more.setStyleSheet(
            "QPushButton, QPushButton:checked { text-align: left; background: transparent; }"
        )
        self.more.setCheckable(True)
        self.table = label("", "")
        self.table.setTextFormat(Qt.TextFormat.RichText)
        self.rules = label("", "secondary")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(RHYTHM // 2)
        for widget in (self.sentence, self.more, self.table, self.rules):
            column.addWidget(widget)
        self.more.toggled.connect(self._open)
        self.show_alternatives(None)

    def show_alternatives(self, found: Alternatives | None, top: int | None = None) -> None:
        """Show the range of the class ``top`` in words and all of them in the table; None shows nothing."""
        self.more.setChecked(False)
        said = found.range_text(top) if found is not None and top is not None else ""
        self.sentence.setText(f"{_first_upper(found.class_names[top])} {said} of images." if said else "")
        self.table.setText(_table(found) if said else "")
        rules = found.sentences if found is not None else ()
        self.rules.setText("\n".join(rules))
        self.sentence.setVisible(bool(said))
        self.more.setVisible(bool(said))
        self.table.hide()
        self.rules.setVisible(bool(rules) and not said)
        self.setVisible(bool(said or rules))

    def _open(self, there: bool) -> None:
        self.more.setText(_LESS if there else _MORE)
        self.table.setVisible(there)
        self.rules.setVisible(bool(self.rules.text()) and (there or not self.sentence.text()))


def _table(found: Alternatives) -> str:
    """Rows of choices, columns of classes by their letters; the official choice comes first."""
    letters = class_letters(found.class_names)
    head = "".join(f'<td align="right"><b>{letter}</b></td>' for letter in letters)
    rows = []
    for place, (name, probabilities, known) in enumerate(found.rows()):
        top = max(probabilities)
        shares = [f"<b>{percent(one)}</b>" if one == top else percent(one) for one in probabilities]
        numbers = "".join(f'<td align="right">&nbsp;{one}</td>' for one in shares)
        shown = f"{escape(name)} (official)" if place == 0 else escape(name)
        rows.append(f"<tr><td>{shown}&nbsp;</td>{numbers}</tr>")
        if known:
            rows.append(f'<tr><td colspan="{len(letters) + 1}">&nbsp;&nbsp;{escape(known)}</td></tr>')
    return f"<table cellspacing='1'><tr><td></td>{head}</tr>{''.join(rows)}</table>"


def _first_upper(name: str) -> str:
    return name[:1].upper() + name[1:]
