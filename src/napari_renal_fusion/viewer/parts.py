"""The parts of the workspace that stand on their own: each is a class that is made with the workspace."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .workspace import Workspace

PARTS: dict[str, str] = {
    "attention": "attention.workspace_host:AttentionPlace",
    "reading": "reading.place:ReadingPlace",
    "sorter": "sorter.place:SorterPlace",
    "glomeruli": "glomeruli.place:GlomeruliPlace",
    "panel": "panel.place:PanelPlace",
    "scale": "scale.place:ScalePlace",
    "privacy": "privacy.place:PrivacyPlace",
}
"""Attribute of the workspace -> module below ``viewer`` and class, in the order in which they are made."""


def make_parts(workspace: Workspace) -> dict[str, Any]:
    """Make every part; each has ``shut()``, called once when the workspace closes."""
    made = {}
    for name, place in PARTS.items():
        module, _, cls = place.partition(":")
        made[name] = getattr(import_module(f".{module}", __package__), cls)(workspace)
        setattr(workspace, name, made[name])
    return made
