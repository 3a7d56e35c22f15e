"""How headings and thumbnails of the gallery are painted."""

from __future__ import annotations

from dataclasses import dataclass

from qtpy.QtCore import QRect, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QFont, QImage, QPainter, QPen, QPixmap

from ..theme import RHYTHM, Colours, mix
from .layout import Measures, Words


@dataclass(frozen=True)
class TileLook:
    """One image as it stands now; ``picture`` is None until it comes, ``unreadable`` if it never will."""

    first: str
    second: str
    doubtful: bool
    picture: QPixmap | None
    unreadable: bool = False
    chosen: bool = False
    taught: bool = False
    current: bool = False
    focused: bool = False


def paint_words(painter: QPainter, words: Words, rect: QRect, font: QFont, colours: Colours) -> None:
    """A heading with its note, or the name of a cluster."""
    bold = QFont(font)
    bold.setBold(words.heading)
    painter.setFont(bold)
    painter.setPen(colours.text if words.heading else colours.secondary)
    metrics = painter.fontMetrics()
    text = metrics.elidedText(words.text, Qt.TextElideMode.ElideRight, rect.width())
    painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter, text)
    painter.setFont(font)
    if words.note:
        beside = rect.adjusted(metrics.horizontalAdvance(text) + 2 * RHYTHM, 0, 0, 0)
        note = painter.fontMetrics().elidedText(words.note, Qt.TextElideMode.ElideRight, beside.width())
        painter.setPen(colours.secondary)
        painter.drawText(beside, Qt.AlignmentFlag.AlignVCenter, note)


def paint_tile(painter: QPainter, rect: QRect, measures: Measures, look: TileLook, colours: Colours) -> None:
    """A picture with its two lines; names are cut at their beginning, because they differ at their ends."""
    room = QRect(rect.left(), rect.top(), measures.width, measures.height)
    if look.chosen:
        painter.fillRect(rect.adjusted(-4, -4, 4, 4), mix(colours.accent, colours.background, 0.28))
    painter.fillRect(room, colours.quiet)
    if look.picture is not None:
        painter.drawPixmap(room.topLeft(), look.picture)
    elif look.unreadable:
        painter.setPen(colours.warning)
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter, "unreadable")
    if look.taught:
        _paint_badge(painter, room, "learnt", colours.accent)
    if look.current:
        painter.setPen(QPen(colours.accent if look.focused else colours.secondary, 3))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(room.adjusted(1, 1, -1, -1))
    line = QRect(rect.left(), room.bottom() + measures.gap // 4, measures.width, measures.line)
    for text, colour, mode in (
        (look.first, colours.text, Qt.TextElideMode.ElideLeft),
        (look.second, colours.warning if look.doubtful else colours.secondary, Qt.TextElideMode.ElideRight),
    ):
        painter.setPen(colour)
        shown = painter.fontMetrics().elidedText(text, mode, line.width())
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, shown)
        line.translate(0, measures.line)


def filling(picture: QImage, size: QSize, ratio: float) -> QPixmap:
    """The middle part of a picture scaled to fill ``size`` device pixels; done once, painted many times."""
    width, height = float(picture.width()), float(picture.height())
    wanted = size.width() / size.height()
    if width / height > wanted:
        part = QRectF((width - height * wanted) / 2, 0, height * wanted, height)
    else:
        part = QRectF(0, (height - width / wanted) / 2, width, width / wanted)
    scaled = picture.copy(part.toAlignedRect()).scaled(
        size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    drawn = QPixmap.fromImage(scaled)
    drawn.setDevicePixelRatio(ratio)
    return drawn


def _paint_badge(painter: QPainter, picture: QRect, word: str, accent: QColor) -> None:
    metrics = painter.fontMetrics()
    badge = QRectF(picture.left(), picture.top(), metrics.horizontalAdvance(word) + RHYTHM, metrics.height())
    painter.fillRect(badge, accent)
    painter.setPen(QColor("#10131A" if accent.lightness() > 120 else "white"))
    painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, word)
