"""What the check of a cohort found, as one table: worst first, to filter and to copy."""

from __future__ import annotations

from qtpy.QtCore import QRect, QSize, Qt, QTimer
from qtpy.QtGui import QGuiApplication, QKeySequence, QResizeEvent, QShortcut
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QStyledItemDelegate,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ...training.check import CohortReport, Finding
from ..theme import RHYTHM, colours_of, label

WORDS = {"error": "■ Forbids", "warning": "▲ Warning", "info": "Figure"}
_PADDING = 12
_ORDER = {"error": 0, "warning": 1, "info": 2}


class _Wrapped(QStyledItemDelegate):
    """Tells the height that wrapped text needs; Qt forgets the style sheet's padding and cuts the last line."""

    def sizeHint(self, option, index) -> QSize:
        width = self.parent().columnWidth(index.column()) - _PADDING - 8
        flags = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft
        room = QRect(0, 0, max(40, width), 100_000)
        needed = option.fontMetrics.boundingRect(room, int(flags), index.data() or "")
        return QSize(width, needed.height() + _PADDING)


class FindingsTable(QWidget):
    """One row a finding; buttons above show only one kind, a line searches all words."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._findings: tuple[Finding, ...] = ()
        self.kinds: dict[str, QPushButton] = {}
        top = QHBoxLayout()
        top.setSpacing(RHYTHM // 2)
        for kind in ("all", "error", "warning", "info"):
            button = QPushButton()
            button.setCheckable(True)
            button.setAutoExclusive(True)
            button.toggled.connect(lambda _: self._filter())
            self.kinds[kind] = button
            top.addWidget(button)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search findings")
        self.search.setMinimumWidth(90)
        self.search.textChanged.connect(self._filter)
        self.copy_button = QPushButton("Copy")
        self.copy_button.setToolTip("Copy the rows that are shown, for a mail or a spreadsheet")
        self.copy_button.clicked.connect(self.copy)
        top.addWidget(self.search, 1)
        top.addWidget(self.copy_button)
        self.table = QTableWidget(0, 3)
        self.table.setHorizontalHeaderLabels(["Kind", "About", "Finding"])
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setWordWrap(True)
        self.table.setAlternatingRowColors(True)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.table.setItemDelegateForColumn(2, _Wrapped(self.table))
        self._fit = QTimer(self)  # row heights depend on the width; once per resize is enough
        self._fit.setSingleShot(True)
        self._fit.setInterval(30)
        self._fit.timeout.connect(self.table.resizeRowsToContents)
        header = self.table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column in (0, 1):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        header.sectionResized.connect(lambda *_: self._fit.start())  # also when the scroll bar comes
        copy = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self.table)
        copy.setContext(Qt.ShortcutContext.WidgetShortcut)
        copy.activated.connect(self.copy)
        self.nothing = label("", "secondary")
        self.kinds["all"].setChecked(True)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(0, 0, 0, 0)
        column_layout.setSpacing(RHYTHM)
        column_layout.addLayout(top)
        column_layout.addWidget(self.nothing)
        column_layout.addWidget(self.table, 1)

    def show_report(self, report: CohortReport) -> None:
        """Show a report: what forbids training first, then warnings, then figures."""
        self._findings = tuple(sorted(report.findings, key=lambda one: _ORDER[one.severity]))
        counts = {kind: sum(one.severity == kind for one in self._findings) for kind in _ORDER}
        titles = {"error": "Forbids", "warning": "Warnings", "info": "Figures"}
        self.kinds["all"].setText(f"All {len(self._findings)}")
        for kind, count in counts.items():
            self.kinds[kind].setText(f"{titles[kind]} {count}")
            self.kinds[kind].setEnabled(count > 0)
        self.kinds["all"].setChecked(True)
        self.table.setRowCount(len(self._findings))
        for row, finding in enumerate(self._findings):
            self._write(row, finding)
        self._filter()
        self._fit.start()

    def shown(self) -> list[Finding]:
        """The findings that the filter lets through, in the order of the rows."""
        return [one for row, one in enumerate(self._findings) if not self.table.isRowHidden(row)]

    def copy(self) -> None:
        """Put the chosen rows, or all that are shown, onto the clipboard as a table of tabs."""
        chosen = sorted({index.row() for index in self.table.selectionModel().selectedRows()})
        findings = [self._findings[row] for row in chosen if not self.table.isRowHidden(row)] or self.shown()
        rows = [("kind", "about", "finding", "what to do", "cases")]
        rows += [(f.severity, f.group, f.message, f.remedy, ", ".join(f.cases)) for f in findings]
        QGuiApplication.clipboard().setText("\n".join("\t".join(row) for row in rows))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit.start()

    def changeEvent(self, event) -> None:
        super().changeEvent(event)
        if event.type() == event.Type.PaletteChange:
            self._colour()

    def _write(self, row: int, finding: Finding) -> None:
        text = finding.message if not finding.remedy else f"{finding.message}\n{finding.remedy}"
        for column, words in enumerate((WORDS[finding.severity], finding.group, text)):
            item = QTableWidgetItem(words)
            item.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
            if finding.cases:
                item.setToolTip("Cases: " + ", ".join(finding.cases[:30]) + ("…" * (len(finding.cases) > 30)))
            self.table.setItem(row, column, item)
        self._colour_row(row)

    def _colour(self) -> None:
        for row in range(len(self._findings)):
            self._colour_row(row)

    def _colour_row(self, row: int) -> None:
        colours, finding = colours_of(self), self._findings[row]
        kinds = {"error": colours.error, "warning": colours.warning, "info": colours.secondary}
        # A shortcut makes every figure of the training worthless, so it is as red as what forbids it.
        alarming = finding.group == "Shortcuts" and finding.severity == "warning"
        shown = colours.error if alarming else kinds[finding.severity]
        if self.table.item(row, 0) is not None:
            self.table.item(row, 0).setForeground(shown)
            self.table.item(row, 1).setForeground(colours.secondary)

    def _filter(self) -> None:
        kind = next(name for name, button in self.kinds.items() if button.isChecked() or name == "info")
        wanted = self.search.text().casefold()
        for row, one in enumerate(self._findings):
            words = f"{one.group} {one.message} {one.remedy} {' '.join(one.cases)}".casefold()
            self.table.setRowHidden(row, (kind not in ("all", one.severity)) or wanted not in words)
        nothing = not self.shown()
        self.nothing.setText("Nothing was found." if not self._findings else "No finding has these words.")
        self.nothing.setVisible(nothing)
        self.table.setVisible(not nothing)
        self._fit.start()
