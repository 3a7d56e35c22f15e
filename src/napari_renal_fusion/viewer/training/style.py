"""What the training pages need of a style sheet beyond that of all docks."""

from __future__ import annotations

from qtpy.QtGui import QColor

from ..theme import dock_style, mix


def page_style(theme_id: str) -> str:
    """Style sheet of the training dock: flat tables, a bar of steps, a quiet place to drop files."""
    from napari.utils.theme import get_theme

    theme = get_theme(theme_id)
    text, background = QColor(*theme.text.as_rgb_tuple()), QColor(*theme.background.as_rgb_tuple())
    secondary, quiet = mix(text, background, 0.66).name(), mix(text, background, 0.10).name()
    faint, hover = mix(text, background, 0.05).name(), mix(text, background, 0.20).name()
    disabled = mix(text, background, 0.40).name()
    accent = "#56B4E9" if theme.type == "dark" else "#0072B2"
    return (
        dock_style(theme_id)
        + f"""
QPushButton[role="step"] {{ background-color: transparent; color: {secondary}; border: 0px;
    border-bottom: 2px solid {quiet}; border-radius: 0px; padding: 7px 4px; }}
QPushButton[role="step"]:hover {{ background-color: {faint}; }}
QPushButton[role="step"]:checked {{ background-color: transparent; color: {text.name()}; font-weight: 600;
    border-bottom: 2px solid {accent}; }}
QPushButton[role="step"]:disabled {{ background-color: transparent; color: {disabled};
    border-bottom: 2px solid {quiet}; }}
QPushButton[role="link"]:hover {{ background-color: transparent; text-decoration: underline; }}
QPushButton[role="fold"] {{ background-color: transparent; font-weight: 600; padding: 4px 0px; text-align: left; }}
QPushButton[role="fold"]:checked, QPushButton[role="fold"]:hover {{ background-color: transparent; }}
QFrame[role="drop"] {{ background-color: {faint}; border: 1px dashed {disabled}; border-radius: 6px; }}
QFrame[role="drop"][over="true"] {{ border: 1px dashed {accent}; background-color: {quiet}; }}
QFrame[role="card"] {{ background-color: {faint}; border: 0px; border-radius: 4px; }}
QFrame[role="drop"] QLabel, QFrame[role="card"] QLabel {{ background-color: transparent; }}
QSpinBox, QDoubleSpinBox {{ font-size: {theme.font_size}; background-color: {quiet}; min-height: 20px; }}
QCheckBox {{ font-size: {theme.font_size}; }}
QTableView {{ background-color: {background.name()}; alternate-background-color: {faint}; border: 0px;
    outline: 0px; font-size: {theme.font_size}; gridline-color: {background.name()};
    selection-background-color: {hover}; selection-color: {text.name()}; }}
QTableView::item {{ padding: 4px 6px; border: 0px; }}
QTableView::item:selected {{ background-color: {hover}; color: {text.name()}; }}
QHeaderView {{ background-color: {background.name()}; border: 0px; }}
QHeaderView::section {{ background-color: {background.name()}; color: {secondary}; border: 0px;
    padding: 4px 6px; font-size: {theme.font_size}; }}
"""
    )
