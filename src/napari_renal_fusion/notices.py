"""Notices: warnings and reasons as data, with a stable code and a sentence for people."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from .errors import RenalFusionError


class Notice(BaseModel):
    """One warning or reason; ``code`` is for programs, ``message`` for people.

    ``path`` and ``row`` say where it comes from (``row`` counts from 1 with the header as row 1,
    as a spreadsheet shows it).
    """

    model_config = ConfigDict(frozen=True)

    code: str
    message: str
    severity: Literal["info", "warning", "error"] = "warning"
    path: Path | None = None
    row: int | None = None

    @classmethod
    def from_error(cls, error: RenalFusionError, *, row: int | None = None) -> Notice:
        return cls(code=error.code, message=str(error), severity="error", path=error.path, row=row)
