"""Colours and sizes of our docks, derived from napari's theme so that light and dark both work."""

from __future__ import annotations

from dataclasses import dataclass

from qtpy.QtGui import QColor, QPalette
from qtpy.QtWidgets import QLabel, QWidget

RHYTHM = 8
"""All distances are multiples of this many pixels, or half of it."""


_LINE = 15
"""Pixels: height of a line of text of the usual size."""


@dataclass(frozen=True)
class Colours:
    """The few colours that our docks use."""

    text: QColor
    secondary: QColor
    background: QColor
    quiet: QColor
    accent: QColor
    warning: QColor
    error: QColor


def colours_of(widget: QWidget) -> Colours:
    """Read the colours from a widget's palette, which napari's style sheet keeps up to date."""
    palette = widget.palette()
    text, background = palette.color(QPalette.ColorRole.WindowText), palette.color(QPalette.ColorRole.Window)
    dark = background.lightness() < 128
    return Colours(
        text=text,
        secondary=mix(text, background, 0.62),
        background=background,
        quiet=mix(text, background, 0.14),
        accent=QColor("#56B4E9" if dark else "#0072B2"),
        warning=QColor("#E69F00" if dark else "#A05A00"),
        error=QColor("#FF7F50" if dark else "#B33A00"),
    )


def text_scale(widget: QWidget) -> float:
    """How much larger a widget's text is than the usual one, at least 1: what stands beside text grows with it."""
    return max(1.0, widget.fontMetrics().height() / _LINE)


def mix(first: QColor, second: QColor, share: float) -> QColor:
    """Return ``share`` of ``first`` with the rest of ``second``."""
    return QColor(
        *(
            round(a * share + b * (1 - share))
            for a, b in zip(first.getRgb()[:3], second.getRgb()[:3], strict=True)
        )
    )


def dock_style(theme_id: str) -> str:
    """Style sheet of our docks: two type sizes, grey for what is secondary, one accent colour.

    The text is as large as napari's own (Preferences, Appearance).
    """
    from napari.settings import get_settings
    from napari.utils.theme import get_theme

    theme = get_theme(theme_id)
    size = get_settings().appearance.font_size
    plain, title = f"{size}pt", f"{round(1.4 * size)}pt"
    text, background = QColor(*theme.text.as_rgb_tuple()), QColor(*theme.background.as_rgb_tuple())
    dark = theme.type == "dark"
    secondary = mix(text, background, 0.66).name()
    quiet = mix(text, background, 0.10).name()
    hover = mix(text, background, 0.20).name()
    accent, on_accent = ("#56B4E9", "#10131A") if dark else ("#0072B2", "#FFFFFF")
    warning = "#E69F00" if dark else "#A05A00"
    error = "#FF7F50" if dark else "#B33A00"
    return f"""
QWidget {{ font-size: {plain}; }}
QLabel {{ padding: 0px; }}
QLabel[role="title"] {{ font-size: {title}; font-weight: 600; }}
QLabel[role="heading"] {{ font-weight: 600; }}
QLabel[role="secondary"] {{ color: {secondary}; }}
QLabel[role="warning"] {{ color: {warning}; }}
QLabel[role="error"] {{ color: {error}; }}
QPushButton {{ background-color: {quiet}; padding: 4px 9px; border-radius: 3px; font-size: {plain}; }}
QPushButton, QLineEdit, QComboBox, QRadioButton, QCheckBox {{ border: 1px solid transparent; border-radius: 3px; }}
QPushButton:focus, QLineEdit:focus, QComboBox:focus, QRadioButton:focus, QCheckBox:focus {{ border: 1px solid {accent}; }}
QPushButton[role="main"]:focus {{ border: 2px solid {text.name()}; padding: 4px 9px; }}
QPushButton:hover {{ background-color: {hover}; }}
QPushButton:disabled {{ background-color: {quiet}; color: {mix(text, background, 0.40).name()}; border: 1px solid transparent; }}
QPushButton[role="main"] {{ background-color: {accent}; color: {on_accent}; font-weight: 600; }}
QPushButton[role="main"]:disabled {{ background-color: {quiet}; color: {mix(text, background, 0.40).name()}; }}
QPushButton[role="link"] {{ background-color: transparent; color: {accent}; padding: 0px 2px; text-align: right; }}
QPushButton[role="link"]:focus {{ text-decoration: underline; }}
QPushButton[role="link"]:disabled {{ color: {mix(text, background, 0.40).name()}; }}
QPushButton:checked {{ background-color: {hover}; }}
QComboBox, QLineEdit {{ font-size: {plain}; background-color: {quiet}; min-height: 20px; }}
QListWidget {{ background-color: {background.name()}; font-size: {plain}; border: 0px; outline: 0px; }}
QListWidget::item {{ padding: 6px 6px; border-radius: 3px; }}
QListWidget::item:selected {{ background-color: {hover}; color: {text.name()}; }}
QProgressBar {{ background-color: {quiet}; border: 0px; border-radius: 2px; max-height: 4px; min-height: 4px; }}
QProgressBar::chunk {{ background-color: {accent}; border-radius: 2px; }}
QScrollArea {{ border: 0px; }}
"""


def label(text: str = "", role: str = "", *, wrap: bool = True) -> QLabel:
    """Make a label; ``role`` is ``title``, ``heading``, ``secondary``, ``warning``, ``error`` or empty for plain text."""
    made = QLabel(text)
    made.setProperty("role", role)
    made.setWordWrap(wrap)
    return made


def set_role(widget: QWidget, role: str) -> None:
    """Give a widget another role, and the look of it; style sheets do not notice by themselves."""
    widget.setProperty("role", role)
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def say(place: QLabel, sentence: str, role: str = "") -> None:
    """Write one sentence in a role; an empty one hides the label."""
    set_role(place, role)
    place.setText(sentence)
    place.setVisible(bool(sentence))
