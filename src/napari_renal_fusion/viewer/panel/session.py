"""What of the panel's display a case keeps from one opening to the next, beside its record in the work folder."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...compute.atomic import write_text
from .display import DisplayRange

SESSION_FILE = "panel.json"


class PanelSession(BaseModel):
    """The display range; it belongs to looking, so it never stands in the case's record."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: int = 1
    low: float = Field(0.0, ge=0, le=1)
    high: float = Field(1.0, ge=0, le=1)

    @property
    def display(self) -> DisplayRange:
        return DisplayRange.between(self.low, self.high)


def read_session(folder: Path) -> PanelSession:
    """The session kept in a case's folder; one that is missing or damaged counts as none."""
    try:
        return PanelSession.model_validate_json((folder / SESSION_FILE).read_bytes())
    except (OSError, ValidationError):
        return PanelSession()


def write_session(folder: Path, display: DisplayRange) -> None:
    """Keep a display range.

    Raises
    ------
    RenalFusionError
        ``disk_full`` or ``folder_not_writable``.
    """
    session = PanelSession(low=display.low, high=display.high)
    write_text(folder / SESSION_FILE, session.model_dump_json() + "\n")
