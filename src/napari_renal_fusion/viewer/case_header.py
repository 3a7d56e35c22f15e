"""The top of the reader: which case this is, what it holds, and what was noticed while reading it."""

from __future__ import annotations

from ..cases import Case
from .section import Section
from .theme import label
from .words import what_it_holds


class CaseHeader(Section):
    """Case code, biopsy date, image counts, notices."""

    def __init__(self) -> None:
        super().__init__()
        self.title = label("No case open", "title")
        self.details = label(
            "Drop a folder on the worklist, or press Open… or Open sample patient.", "secondary"
        )
        self.notices = label("", "warning")
        for widget in (self.title, self.details, self.notices):
            self.body.addWidget(widget)
        self.notices.hide()

    def show_case(self, case: Case) -> None:
        self.title.setText(f"Case {case.code or case.case_id}")
        date = f"biopsy {case.biopsy_date.isoformat()} · " if case.biopsy_date else ""
        self.details.setText(date + what_it_holds(case))
        said = [notice.message for notice in case.notices if notice.severity != "info"]
        more = f" (+{len(said) - 1} more)" if len(said) > 1 else ""
        self.notices.setText(said[0] + more if said else "")
        self.notices.setToolTip("\n".join(said))
        self.notices.setVisible(bool(said))
