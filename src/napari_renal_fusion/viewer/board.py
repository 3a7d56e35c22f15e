"""The board: every image of a case as a strip of thumbnails, light, fluorescence and electron in groups."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QImage
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from ..cases import Case, Modality
from ..explain.explanation import BagRecord
from ..figures import points
from ..inputs.selection import Selection, keyed_images
from .theme import RHYTHM, label
from .thumbnail import HEIGHT, Marks, Thumbnail
from .words import lower_first

_EMPTY = {
    Modality.OM: "No light images: put them into a folder OM or LM.",
    Modality.IM: "No IF images: put them into a folder IM or IF.",
    Modality.TEM: "No electron images yet: put them into a folder TEM or EM when they arrive.",
}


class Board(QScrollArea):
    """Thumbnails of one case; a click shows an image, or ticks it while the choice is edited."""

    image_chosen = Signal(str)
    choice_edited = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._thumbnails: dict[str, Thumbnail] = {}
        self._order: list[str] = []
        self._singles: set[Modality] = set()
        self._editing = False
        self.setWidgetResizable(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.show_nothing("")

    def sizeHint(self) -> QSize:
        return QSize(600, HEIGHT + 64)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, HEIGHT + 60)

    @property
    def order(self) -> list[str]:
        """Keys in the order in which they stand on the board, for next and previous."""
        return list(self._order)

    def thumbnail(self, key: str) -> Thumbnail:
        return self._thumbnails[key]

    def show_nothing(self, sentence: str) -> None:
        """Show an empty board with a sentence that says what to do."""
        self._thumbnails, self._order, self._editing = {}, [], False
        empty = label(sentence, "secondary")
        empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setWidget(empty)

    def show_case(self, case: Case) -> None:
        """Lay out a case; thumbnails come later through :meth:`set_thumbnail`."""
        self._editing = False
        self._thumbnails = {key: Thumbnail(key, item.name) for key, item in keyed_images(case).items()}
        for thumbnail in self._thumbnails.values():
            thumbnail.clicked.connect(self._clicked)
        groups = []
        for modality in Modality:
            keys = [key for key in self._thumbnails if key.startswith(f"{modality.value}-")]
            groups.append((modality.title, "", keys, _EMPTY[modality]))
        self._lay_out(groups)

    def set_thumbnail(self, key: str, picture: QImage) -> None:
        if key in self._thumbnails:
            self._thumbnails[key].set_picture(picture)

    def set_problem(self, key: str, sentence: str) -> None:
        if key in self._thumbnails:
            self._thumbnails[key].set_problem(sentence)

    def set_current(self, key: str) -> None:
        """Mark the image that is on the canvas and bring its thumbnail into view."""
        for other, thumbnail in self._thumbnails.items():
            thumbnail.set_current(other == key)
        if key in self._thumbnails:
            self.ensureWidgetVisible(self._thumbnails[key], RHYTHM, 0)

    def show_selection(self, selection: Selection | None) -> None:
        """Mark the images that entered the model; None takes the marks away."""
        entered = set(selection.keys) if selection is not None else set()
        reasons = {one.key: one.reason for one in (*selection.images, *selection.left_out)} if selection else {}
        for key, thumbnail in self._thumbnails.items():
            thumbnail.set_marks(Marks(entered=None if selection is None else key in entered))
            thumbnail.setToolTip(f"{thumbnail.name}: {reasons[key]}" if key in reasons else thumbnail.name)

    def show_bag(self, bag: BagRecord, class_index: int, class_name: str) -> None:
        """Order the electron images by their effect on one class and set apart those set aside."""
        kept, aside = [], []
        for entry in bag.by_effect(class_index):
            if entry.key not in self._thumbnails:
                continue
            (kept if entry.kept else aside).append(entry.key)
            note = f"{points(entry.effect[class_index])} points" if entry.kept else "not used"
            badge = "most typical" if entry.is_centre else ""
            if entry.duplicate_of:
                note = "copy of another"
            self._thumbnails[entry.key].set_marks(
                Marks(
                    entered=entry.kept, note=note, badge=badge,
                    typicality=entry.weight if entry.kept else None,
                )
            )  # fmt: skip
            self._thumbnails[entry.key].setToolTip(
                f"{entry.name}\nhow much it counted (typicality): {entry.weight:.2f}\n"
                f"effect if left out on {lower_first(class_name)}: {points(entry.effect[class_index])} points"
            )
        others = [key for key in self._thumbnails if key.startswith("TEM-") and key not in {*kept, *aside}]
        groups = [
            (modality.title, "", [key for key in self._thumbnails if key.startswith(f"{modality.value}-")],
             _EMPTY[modality])
            for modality in (Modality.OM, Modality.IM)
        ]  # fmt: skip
        groups.append(
            (Modality.TEM.title, "by effect if left out; bar: how much it counted", kept, _EMPTY[Modality.TEM])
        )
        if aside:
            groups.append(("Set aside", "unlike the others (not: unimportant)", aside, ""))
        if others:
            groups.append(("Not chosen", "", others, ""))
        self._lay_out(groups)

    def edit(self, entered: set[str], singles: set[Modality]) -> None:
        """Let the person tick images; of the modalities in ``singles`` the model takes one."""
        self._editing, self._singles = True, singles
        for key, thumbnail in self._thumbnails.items():
            thumbnail.set_ticked(key in entered)

    def end_edit(self) -> None:
        self._editing = False
        for thumbnail in self._thumbnails.values():
            thumbnail.set_ticked(None)

    @property
    def editing(self) -> bool:
        return self._editing

    def choice(self) -> dict[str, list[str]]:
        """Ticked keys per modality."""
        chosen: dict[str, list[str]] = {modality.value: [] for modality in Modality}
        for key, thumbnail in self._thumbnails.items():
            if thumbnail.ticked:
                chosen[key.split("-")[0]].append(key)
        return chosen

    def _clicked(self, key: str) -> None:
        if self._editing:
            modality = Modality(key.split("-")[0])
            ticked = not self._thumbnails[key].ticked
            if modality in self._singles:
                for other, thumbnail in self._thumbnails.items():
                    if other.startswith(f"{modality.value}-"):
                        thumbnail.set_ticked(False)
            self._thumbnails[key].set_ticked(ticked)
            self.choice_edited.emit()
        self.image_chosen.emit(key)

    def _lay_out(self, groups: list[tuple[str, str, list[str], str]]) -> None:
        self._order = [key for _, _, keys, _ in groups for key in keys]
        strip = QWidget()
        row = QHBoxLayout(strip)
        row.setContentsMargins(RHYTHM, 4, RHYTHM, 4)
        row.setSpacing(3 * RHYTHM)
        for title, subtitle, keys, empty in groups:
            row.addLayout(self._group(title, subtitle, keys, empty))
        row.addStretch(1)
        # The old strip owns the thumbnails; they move to the new one before it goes.
        self.setWidget(strip)

    def _group(self, title: str, subtitle: str, keys: list[str], empty: str) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(4)
        head = QHBoxLayout()
        head.setSpacing(RHYTHM)
        head.addWidget(label(title, "heading", wrap=False))
        if subtitle:
            head.addWidget(label(subtitle, "secondary", wrap=False))
        head.addStretch(1)
        column.addLayout(head)
        pictures = QHBoxLayout()
        pictures.setSpacing(RHYTHM // 2)
        for key in keys:
            pictures.addWidget(self._thumbnails[key])
        if not keys:
            pictures.addWidget(_empty_place(empty))
        pictures.addStretch(1)
        column.addLayout(pictures)
        column.addStretch(1)
        return column


def _empty_place(sentence: str) -> QLabel:
    made = label(sentence, "secondary")
    made.setFixedSize(180, HEIGHT)
    made.setAlignment(Qt.AlignmentFlag.AlignTop)
    return made
