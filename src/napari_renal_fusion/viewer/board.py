"""The board: every image of a case as a thumbnail, in three bands: light, immunofluorescence, electron."""

from __future__ import annotations

from dataclasses import dataclass

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QImage
from qtpy.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from ..cases import Case, ImageItem, Modality, SlideItem
from ..cases.grading import grade_text, panel_place
from ..cases.slide_item import keyed_slides
from ..explain.explanation import BagRecord
from ..figures import points
from ..inputs.selection import Selection, keyed_images, parent_of
from .theme import RHYTHM, label
from .thumbnail import Marks, Thumbnail, heights
from .words import lower_first

_EMPTY = {
    Modality.OM: "No light images: put them into a folder OM or LM.",
    Modality.IM: "No IF images: put them into a folder IM or IF.",
    Modality.TEM: "No electron images yet: put them into a folder TEM or EM when they arrive.",
}


@dataclass(frozen=True)
class _Group:
    title: str
    subtitle: str
    keys: list[str]
    band: Modality
    empty: str = ""


class Board(QScrollArea):
    """Thumbnails of one case; a click shows an image, or ticks it while the choice is edited."""

    image_chosen = Signal(str)
    choice_edited = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._thumbnails: dict[str, Thumbnail] = {}
        self._antibodies: dict[str, str | None] = {}
        self._order: list[str] = []
        self._singles: set[Modality] = set()
        self._editing = False
        self.setWidgetResizable(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.show_nothing("")

    def sizeHint(self) -> QSize:
        return QSize(600, self._height)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, self._height)

    @property
    def _height(self) -> int:
        low, high = heights(self)
        return 2 * low + high + 4 * RHYTHM

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
        items = {**keyed_images(case), **keyed_slides(case.slides)}
        self._thumbnails = {key: Thumbnail(key, _called(item)) for key, item in items.items()}
        self._antibodies = {key: item.stain for key, item in items.items()}
        for thumbnail in self._thumbnails.values():
            thumbnail.clicked.connect(self._clicked)
        groups = [] if case.slides and not case.images else [self._modality_group(one) for one in Modality]
        self._lay_out([*groups, *self._slide_group()])

    def follow_case(self, case: Case) -> None:
        """What is known of the images changed: thumbnails take over their names."""
        for key, item in keyed_images(case).items():
            if key in self._thumbnails:
                self._thumbnails[key].set_name(_called(item))

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
        entered = {parent_of(key) for key in selection.keys} if selection is not None else set()
        said = (*selection.left_out, *selection.images) if selection is not None else ()
        reasons = {parent_of(one.key): one.reason for one in said}  # what entered has the last word
        for key, thumbnail in self._thumbnails.items():
            if _is_slide(key):  # a selection is of images; slides enter by their features
                continue
            thumbnail.set_marks(Marks(entered=None if selection is None else key in entered))
            thumbnail.setToolTip(f"{thumbnail.name}: {reasons[key]}" if key in reasons else thumbnail.name)

    def forget_answer(self) -> None:
        """An answer may not be shown: no mark, no order and no word of one stays."""
        self.show_selection(None)
        shown = [self._modality_group(one) for one in Modality]
        keys = [key for group in shown for key in group.keys]
        if self._thumbnails and self._order[: len(keys)] != keys:
            self._lay_out([*shown, *self._slide_group()])

    def show_bag(self, bag: BagRecord, class_index: int, class_name: str) -> None:
        """Order the electron images by their effect on one class and set apart those set aside."""
        by_attention = bag.weighs_by == "attention"
        counted = "share of the attention" if by_attention else "how much it counted (typicality)"
        largest = max((entry.weight for entry in bag.entries), default=0.0) or 1.0
        kept, aside = [], []
        for entry in bag.by_effect(class_index):
            if entry.key not in self._thumbnails:
                continue
            (kept if entry.kept else aside).append(entry.key)
            note = points(entry.effect[class_index]) if entry.kept else "unused"
            badge = "typical" if entry.is_centre else ""
            if entry.duplicate_of:
                note = "a copy"
            self._thumbnails[entry.key].set_marks(
                Marks(
                    entered=entry.kept, note=note, badge=badge,
                    typicality=entry.weight / (largest if by_attention else 1.0) if entry.kept else None,
                )
            )  # fmt: skip
            self._thumbnails[entry.key].setToolTip(
                f"{entry.name}\n{counted}: {entry.weight:.2f}\n"
                f"effect if left out on {lower_first(class_name)}: {points(entry.effect[class_index])} points"
            )
        others = [key for key in self._thumbnails if key.startswith("TEM-") and key not in {*kept, *aside}]
        groups = [
            self._modality_group(Modality.OM),
            self._modality_group(Modality.IM),
            self._modality_group(
                Modality.TEM, f"by effect if left out, in points; bar: {counted.partition(' (')[0]}", kept
            ),
        ]
        if aside:
            groups.append(_Group("Set aside", "unlike the others\n(not: unimportant)", aside, Modality.TEM))
        if others:
            groups.append(_Group("Not chosen", "", others, Modality.TEM))
        self._lay_out([*groups, *self._slide_group()])

    def edit(self, entered: set[str], singles: set[Modality]) -> None:
        """Let the person tick images; of the modalities in ``singles`` the model takes one."""
        self._editing, self._singles = True, singles
        entered = {parent_of(key) for key in entered}
        for key, thumbnail in self._thumbnails.items():
            if not _is_slide(key):
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
        if self._editing and not _is_slide(key):
            modality = Modality(key.split("-")[0])
            ticked = not self._thumbnails[key].ticked
            if modality in self._singles:
                for other, thumbnail in self._thumbnails.items():
                    if other.startswith(f"{modality.value}-"):
                        thumbnail.set_ticked(False)
            self._thumbnails[key].set_ticked(ticked)
            self.choice_edited.emit()
        self.image_chosen.emit(key)

    def _lay_out(self, groups: list[_Group]) -> None:
        """One band below the other; what a band holds besides its own images stands further right in it."""
        self._order = [key for group in groups for key in group.keys]
        strip = QWidget()
        bands = QGridLayout(strip)
        bands.setContentsMargins(RHYTHM, RHYTHM // 2, RHYTHM, RHYTHM // 2)
        bands.setHorizontalSpacing(RHYTHM)
        bands.setVerticalSpacing(RHYTHM // 2)
        for row, modality in enumerate(Modality):
            first, *others = [group for group in groups if group.band is modality] or [None]
            if first is None:
                continue
            band = QHBoxLayout()
            band.setSpacing(RHYTHM)
            band.addLayout(self._pictures(first))
            for group in others:
                band.addSpacing(2 * RHYTHM)
                band.addLayout(_head(group, wrap=False))
                band.addLayout(self._pictures(group))
            band.addStretch(1)
            bands.addLayout(_head(first), row, 0)
            bands.addLayout(band, row, 1)
        bands.setColumnStretch(1, 1)
        bands.setRowStretch(len(Modality), 1)
        # The old strip owned the thumbnails; they have moved to the new one before it goes.
        self.setWidget(strip)

    def _pictures(self, group: _Group) -> QHBoxLayout:
        pictures = QHBoxLayout()
        pictures.setSpacing(RHYTHM // 2)
        for key in group.keys:
            pictures.addWidget(self._thumbnails[key], 0, Qt.AlignmentFlag.AlignTop)
        if not group.keys:
            empty = label(group.empty, "secondary", wrap=False)
            empty.setFixedHeight(heights(self)[0])
            empty.setAlignment(Qt.AlignmentFlag.AlignTop)
            pictures.addWidget(empty)
        return pictures

    def _modality_group(
        self, modality: Modality, subtitle: str = "", keys: list[str] | None = None
    ) -> _Group:
        if keys is None:
            keys = [key for key in self._thumbnails if key.startswith(f"{modality.value}-")]
        if modality is Modality.IM:  # as reports list antibodies
            keys = sorted(keys, key=lambda key: panel_place(self._antibodies.get(key)))
        return _Group(modality.title, subtitle, keys, modality, _EMPTY[modality])

    def _slide_group(self) -> list[_Group]:
        """Slides stand right of the light images; a case without any has no such group."""
        keys = [key for key in self._thumbnails if _is_slide(key)]
        return [_Group("Slides (WSI)", "", keys, Modality.OM)] if keys else []


def _head(group: _Group, *, wrap: bool = True) -> QVBoxLayout:
    """What a group is called, and in grey what its order and bars mean."""
    head = QVBoxLayout()
    head.setContentsMargins(0, 2, 0, 0)
    head.setSpacing(2)
    title = group.title if len(group.title) < 18 else group.title.replace(" (", "\n(")
    head.addWidget(label(title, "heading", wrap=False))
    if group.subtitle:
        head.addWidget(label(group.subtitle, "secondary", wrap=wrap))
    head.addStretch(1)
    return head


def _called(item: ImageItem | SlideItem) -> str:
    """The image's name, with a person's grade of an antibody: ``IgG 3+``."""
    grade = grade_text(item.intensity) if isinstance(item, ImageItem) else ""
    return f"{item.name} {grade}" if grade else item.name


def _is_slide(key: str) -> bool:
    return key.startswith("WSI-")
