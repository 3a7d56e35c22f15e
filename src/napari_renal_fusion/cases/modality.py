"""The three image modalities of a renal biopsy and what people call them."""

from __future__ import annotations

from enum import StrEnum


class Modality(StrEnum):
    """Light (OM), immunofluorescence (IM) or electron microscopy (TEM)."""

    OM = "OM"
    IM = "IM"
    TEM = "TEM"

    @property
    def title(self) -> str:
        """The name shown on screen."""
        return {"OM": "Light (OM)", "IM": "Immunofluorescence (IM)", "TEM": "Electron (TEM)"}[self.value]
