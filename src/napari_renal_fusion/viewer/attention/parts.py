"""What the attention of an answer consists of, as it crosses from the model's process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from ...explain.modality_skip import SkipTable


class AttentionPart(BaseModel):
    """One modality of the model: ``reason`` says why this patient has no attention to it, empty if there is some.

    ``tokens`` are patches or features, ``slides`` the files that the patches are of.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    kind: Literal["slide", "omics"]
    tokens: int = 0
    slides: tuple[str, ...] = ()
    reason: str = ""


class AttentionParts(BaseModel):
    """All modalities, and the answers without each; ``reason`` is filled where a model has no attention at all."""

    model_config = ConfigDict(frozen=True)

    parts: tuple[AttentionPart, ...] = ()
    skip: SkipTable | None = None
    reason: str = ""


@dataclass(frozen=True)
class Choice:
    """Which attention is asked for; None is the mean over all of them."""

    modality: str
    slide: int = 0
    layer: int | None = None
    latent: int | None = None
    head: int | None = None
