"""The answer without each modality and with each alone, exactly recomputed: nothing stands in for what is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from ..inference.healnet_session import HEALNetSession


class SkipRow(BaseModel):
    """One answer: ``kind`` says which, ``modality`` is the one left out or alone (empty for everything).

    ``probabilities`` (one a class) or ``risk`` is filled, and the other empty; both are where nothing is left
    to answer from.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["everything", "without", "only"]
    modality: str = ""
    used: tuple[str, ...] = ()
    probabilities: tuple[float, ...] = ()
    risk: float | None = None

    @property
    def answered(self) -> bool:
        return bool(self.probabilities) or self.risk is not None


class SkipTable(BaseModel):
    """All such answers of one patient; ``missing`` are the modalities that the patient lacks anyway.

    A row equals the network's answer about a patient who never had the modality, because its step is skipped.
    With two modalities "without the one" and "only the other" are the same answer and stand once.
    """

    model_config = ConfigDict(frozen=True)

    class_names: tuple[str, ...] = ()
    rows: tuple[SkipRow, ...]
    missing: tuple[str, ...] = ()

    def get(self, kind: str, modality: str = "") -> SkipRow:
        return next(row for row in self.rows if (row.kind, row.modality) == (kind, modality))


def modality_skip(session: HEALNetSession, class_names: tuple[str, ...] | None = None) -> SkipTable:
    """Recompute the answer with every single modality left out, and with every one alone.

    ``class_names`` are the names as they may be shown (``Prediction.class_names``), else the bundle's.
    """
    there = tuple(name for name in session.names if session.tensors.get(name) is not None)
    rows = [_row(session, there, "everything", "", there)]
    for name in there:
        rows.append(_row(session, there, "without", name, tuple(one for one in there if one != name)))
    if len(there) > 2:
        rows += [_row(session, there, "only", name, (name,)) for name in there]
    return SkipTable(
        class_names=tuple(session.class_names if class_names is None else class_names),
        rows=tuple(rows),
        missing=tuple(name for name in session.names if name not in there),
    )


def _row(
    session: HEALNetSession, there: tuple[str, ...], kind: str, modality: str, used: tuple[str, ...]
) -> SkipRow:
    if not used:
        return SkipRow(kind=kind, modality=modality)
    answer = session.answer(without=tuple(name for name in there if name not in used))
    return SkipRow(
        kind=kind, modality=modality, used=used, probabilities=tuple(answer.probabilities), risk=answer.risk
    )
