"""All images of a sorting as thumbnails under their headings, with a cursor, a selection and keys; painted as one widget."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from qtpy.QtCore import QEvent, QRect, QSize, Qt, Signal
from qtpy.QtGui import (
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
)
from qtpy.QtWidgets import QAbstractScrollArea, QFrame, QToolTip, QWidget

from ..theme import RHYTHM, colours_of
from .keys import act_of
from .layout import Layout, Measures, Tile, lay_out
from .painting import TileLook, filling, paint_tile, paint_words
from .sections import Section

_MOVES = {
    Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1),
    Qt.Key.Key_PageUp: (0, -3), Qt.Key.Key_PageDown: (0, 3),
}  # fmt: skip


class Gallery(QAbstractScrollArea):
    """Shows sections; keys that do not move the cursor are handed to :attr:`other_keys`."""

    moved = Signal()
    """The cursor or the selection changed."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.other_keys: Callable[[QKeyEvent], bool] = lambda event: False
        self._sections: tuple[Section, ...] = ()
        self._layout = Layout()
        self._tiles: dict[str, Tile] = {}
        self._lines: Mapping[str, tuple[str, str, bool]] = {}
        self._pictures: dict[str, QImage | None] = {}
        self._drawn: dict[str, QPixmap] = {}  # pictures at the size in which they are drawn
        self._taught: frozenset[str] = frozenset()
        self._current = self._anchor = ""
        self._chosen: set[str] = set()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Images to sort")
        self.viewport().setMouseTracking(False)

    def sizeHint(self) -> QSize:
        return QSize(520, 480)

    def minimumSizeHint(self) -> QSize:
        return QSize(220, 160)

    def show_sections(
        self,
        sections: Sequence[Section],
        lines: Mapping[str, tuple[str, str, bool]],
        taught: Iterable[str] = (),
    ) -> None:
        """Lay out anew. ``lines`` has the two lines below each image and whether it is doubtful."""
        self._sections, self._lines, self._taught = tuple(sections), lines, frozenset(taught)
        self._flow()
        self._chosen &= self._tiles.keys()
        if self._current not in self._tiles:
            self.set_current(self.order[0] if self.order else "")

    def set_picture(self, name: str, picture: QImage | None) -> None:
        """Show a thumbnail; None for a file that cannot be read."""
        self._pictures[name] = picture
        self._drawn.pop(name, None)
        tile = self._tiles.get(name)
        if tile is not None:
            self.viewport().update(self._on_screen(tile.rect))

    def forget(self) -> None:
        """Empty the gallery, for other files."""
        self._pictures.clear()
        self._drawn.clear()
        self._chosen.clear()
        self._current = self._anchor = ""
        self.show_sections((), {})

    @property
    def order(self) -> list[str]:
        """Names in the order in which they stand."""
        return [tile.name for tile in self._layout.tiles]

    @property
    def current(self) -> str:
        return self._current

    @property
    def chosen(self) -> tuple[str, ...]:
        """Names of the chosen images, at least the one under the cursor."""
        chosen = self._chosen or ({self._current} if self._current else set())
        return tuple(name for name in self.order if name in chosen)

    @property
    def pictured(self) -> frozenset[str]:
        """Names of the images whose thumbnail came, or that cannot be read."""
        return frozenset(self._pictures)

    def picture_of(self, name: str) -> QImage | None:
        return self._pictures.get(name)

    def place_of(self, name: str) -> QRect:
        """Where an image stands on the viewport now."""
        return self._on_screen(self._tiles[name].rect)

    def set_current(self, name: str, *, extend: bool = False) -> None:
        """Move the cursor; ``extend`` chooses everything from where the selection began."""
        order = self.order
        if extend and self._anchor in order and name in order:
            first, last = sorted((order.index(self._anchor), order.index(name)))
            self._chosen = set(order[first : last + 1])
        else:
            self._anchor, self._chosen = name, set()
        self._current = name
        self._bring_into_view(name)
        self.viewport().update()
        self.moved.emit()

    def choose(self, names: Iterable[str]) -> None:
        """Choose several images, the cursor on the first."""
        names = [name for name in self.order if name in set(names)]
        if names:
            self._current = self._anchor = names[0]
            self._chosen = set(names)
            self._bring_into_view(names[0])
            self.viewport().update()
            self.moved.emit()

    def section_of(self, name: str) -> int:
        """Place of the section that an image stands in, -1 if it stands nowhere."""
        return next((place for place, one in enumerate(self._sections) if name in one.names), -1)

    # keys and mouse

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and (
            event.key() in _MOVES or act_of(event) is not None
        ):
            event.accept()  # napari's own keys stay away while images are sorted
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        extend = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        order = self.order
        if event.key() in _MOVES and order:
            along, rows = _MOVES[event.key()]
            place = order.index(self._current) if self._current in order else 0
            name = (
                order[min(max(place + along, 0), len(order) - 1)]
                if along
                else self._layout.beside(self._current, rows)
            )
            self.set_current(name, extend=extend)
        elif event.key() in (Qt.Key.Key_Home, Qt.Key.Key_End) and order:
            self.set_current(order[0 if event.key() == Qt.Key.Key_Home else -1], extend=extend)
        elif event.key() == Qt.Key.Key_A and control:
            here = self.section_of(self._current)
            if here >= 0:
                self.choose(self._sections[here].names)
        elif event.key() == Qt.Key.Key_Escape and self._chosen:
            self.set_current(self._current)
        elif not self.other_keys(event):
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if event.button() != Qt.MouseButton.LeftButton:
            return
        point = event.position().toPoint()
        point.setY(point.y() + self.verticalScrollBar().value())
        tile = next((tile for tile in self._layout.tiles if tile.rect.contains(point)), None)
        if tile is None:
            words = next((one for one in self._layout.words if one.rect.contains(point)), None)
            if words is not None:
                self.choose(words.names)
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.choose(set(self.chosen) ^ {tile.name} or {tile.name})
        else:
            extend = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self.set_current(tile.name, extend=extend)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            tile = next(
                (one for one in self._layout.tiles if self._on_screen(one.rect).contains(event.pos())), None
            )
            text = self.tip(tile.name) if tile is not None else ""
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().viewportEvent(event)

    tip: Callable[[str], str] = staticmethod(lambda name: name)
    """The text shown where the mouse rests on an image."""

    # layout and paint

    def resizeEvent(self, event: object) -> None:
        self._flow()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._flow()

    def _measures(self) -> Measures:
        line = self.fontMetrics().height()
        least = 6 * line  # grows with the person's text size
        room = self.viewport().width() - RHYTHM
        columns = max(1, room // (least + RHYTHM))
        width = max(least, room // columns - RHYTHM)
        return Measures(width, round(width * 0.75), line, RHYTHM)

    def _flow(self) -> None:
        self._layout = lay_out(self._sections, self.viewport().width(), self._measures())
        self._tiles = {tile.name: tile for tile in self._layout.tiles}
        page = self.viewport().height()
        bar = self.verticalScrollBar()
        bar.setPageStep(page)
        bar.setSingleStep(self._measures().tile // 2)
        bar.setRange(0, max(0, self._layout.height - page))
        self.viewport().update()

    def _on_screen(self, rect: QRect) -> QRect:
        return rect.translated(0, -self.verticalScrollBar().value())

    def _bring_into_view(self, name: str) -> None:
        tile = self._tiles.get(name)
        if tile is None:
            return
        bar, page = self.verticalScrollBar(), self.viewport().height()
        top, bottom = tile.rect.top() - 3 * self._measures().line, tile.rect.bottom() + RHYTHM
        if top < bar.value():
            bar.setValue(max(0, top))
        elif bottom > bar.value() + page:
            bar.setValue(bottom - page)

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        colours, shown, measures = colours_of(self), event.rect(), self._measures()
        for words in self._layout.words:
            if (rect := self._on_screen(words.rect)).intersects(shown):
                paint_words(painter, words, rect, self.font(), colours)
        for tile in self._layout.tiles:
            if (rect := self._on_screen(tile.rect)).adjusted(-4, -4, 4, 4).intersects(shown):
                paint_tile(painter, rect, measures, self._look(tile.name, measures), colours)
        painter.end()

    def _look(self, name: str, measures: Measures) -> TileLook:
        first, second, doubtful = self._lines.get(name, (name, "", False))
        picture = self._pictures.get(name)
        return TileLook(
            first,
            second,
            doubtful,
            picture=None if picture is None else self._drawn_at(name, picture, measures),
            unreadable=picture is None and name in self._pictures,
            chosen=name in self._chosen,
            taught=name in self._taught,
            current=name == self._current,
            focused=self.hasFocus(),
        )

    def _drawn_at(self, name: str, picture: QImage, measures: Measures) -> QPixmap:
        ratio = self.devicePixelRatioF()
        size = QSize(round(measures.width * ratio), round(measures.height * ratio))
        drawn = self._drawn.get(name)
        if drawn is None or drawn.size() != size:
            drawn = self._drawn[name] = filling(picture, size, ratio)
        return drawn

    def focusInEvent(self, event: object) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: object) -> None:
        super().focusOutEvent(event)
        self.viewport().update()
