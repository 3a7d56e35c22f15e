"""The page "What is stored where": every kind of stored things, one case, the work folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ...cases.storage import Amount, amount, kinds, purge_kind
from ...cases.work_folder import WorkFolder
from ...errors import RenalFusionError
from ..theme import RHYTHM, label
from ..threads import Threads
from .confirm_button import ConfirmButton
from .kind_row import KindRow

_INTRODUCTION = (
    "Originals are never changed and never moved, and nothing leaves this computer unless you send it. A folder of a "
    "patient that was opened also holds renal-fusion-key.json, which says who stands behind a code: it stays with the "
    "originals, and nothing here deletes it."
)


class StoredPage(QWidget):
    """Counts and deletes in ``threads``; ``open_code`` says which case is open and must not be deleted."""

    work_folder_chosen = Signal(str)
    purged = Signal(str)
    """Key of the kind, or the code of the case, that was deleted."""

    def __init__(
        self, threads: Threads, work: WorkFolder, open_code: Callable[[], str] = lambda: "",
        parent: QWidget | None = None,
    ):  # fmt: skip
        super().__init__(parent)
        self._threads, self._work, self._open_code = threads, work, open_code
        self.rows = {kind.key: KindRow(kind) for kind in kinds(work)}
        self.message = label("", "warning")
        self.message.hide()
        self.codes = QComboBox()
        self.codes.setAccessibleName("Case")
        self.codes.currentTextChanged.connect(lambda code: self.delete_case.set_verb(f"Delete case {code}"))
        self.delete_case = ConfirmButton("Delete this case…", "Delete case")
        self.delete_case.confirmed.connect(self._purge_case)
        self.change = QPushButton("Change work folder…")
        self.change.setProperty("role", "link")
        self.change.clicked.connect(self._ask_for_folder)
        self._lay_out()
        self.refresh()

    def refresh(self) -> None:
        """Count everything anew, in another thread."""
        work = self._work

        def count() -> tuple[dict[str, Amount], tuple[str, ...]]:
            return {kind.key: amount(kind) for kind in kinds(work)}, work.codes()

        self._threads.run(count, self._show, self._fail)

    def _show(self, found: tuple[dict[str, Amount], tuple[str, ...]]) -> None:
        amounts, codes = found
        for key, row in self.rows.items():
            row.show_amount(amounts[key])
        before = self.codes.currentText()
        self.codes.blockSignals(True)
        self.codes.clear()
        self.codes.addItems(codes)
        self.codes.setCurrentIndex(max(0, self.codes.findText(before)))
        self.codes.blockSignals(False)
        self.delete_case.set_verb(f"Delete case {self.codes.currentText()}")
        self._case_row.setVisible(bool(codes))

    def _purge_case(self) -> None:
        code = self.codes.currentText()
        if code == self._open_code():
            self._say(f"Case {code} is open. Open another case, then delete it.")
            return
        self._run(lambda: self._work.purge(code), code)

    def _purge(self, key: str) -> None:
        opened = self._open_code()
        if key == "cases" and opened in self._work.codes():
            self._say(f"Case {opened} is open. Open the sample patient, then delete all cases.")
            return
        self._run(lambda: purge_kind(key, self._work), key)

    def _run(self, work: Callable[[], object], what: str) -> None:
        def done(_: object) -> None:
            self._say("")
            self.purged.emit(what)
            self.refresh()

        self._threads.run(work, done, self._fail)

    def _ask_for_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Where work on cases is kept", str(self._work.root))
        if chosen:
            self.choose_work_folder(Path(chosen))

    def choose_work_folder(self, folder: Path) -> None:
        """Keep work on cases in ``folder`` from the next start of the workspace on."""
        self.work_folder_chosen.emit(str(folder))
        self._say(
            f"From the next start of the workspace on, work on cases is kept in {folder}. What lies in the old folder "
            "stays there; copy its folders over to go on with them."
        )

    def _fail(self, error: RenalFusionError) -> None:
        self._say(str(error))
        self.refresh()

    def _say(self, sentence: str) -> None:
        self.message.setText(sentence)
        self.message.setVisible(bool(sentence))

    def _lay_out(self) -> None:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(2 * RHYTHM, 2 * RHYTHM, 2 * RHYTHM, 2 * RHYTHM)
        column.setSpacing(2 * RHYTHM)
        column.addWidget(label("What is stored where", "title"))
        column.addWidget(label(_INTRODUCTION, "secondary"))
        column.addWidget(self.message)
        self._case_row = QWidget()
        case = QHBoxLayout(self._case_row)
        case.setContentsMargins(0, 0, 0, 0)
        case.setSpacing(RHYTHM)
        for widget in (label("One case:", wrap=False), self.codes, self.delete_case):
            case.addWidget(widget)
        case.addStretch(1)
        for row in self.rows.values():
            column.addWidget(row)
            row.purge_wanted.connect(self._purge)
            if row.kind.key == "cases":
                column.addWidget(self._case_row)
                column.addWidget(self.change, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(inside)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)
