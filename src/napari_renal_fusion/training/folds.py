"""Folds: which patients train, validate and test together; grouped, stratified, saved."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Fold(BaseModel):
    """One unit of fitting: case ids that train, that decide when to stop, and that test (or calibrate).

    ``name`` is ``fold-1`` ... (``repeat-2-fold-1`` ... when repeated), or ``refit``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]


class Folds(BaseModel):
    """The folds of a run, as ``folds.json`` keeps them; another run can be given the same file.

    ``test`` lists the cases of the independent test set, ``groups`` the group (patient or hospital) of each
    case, ``left_out`` cases that may train but neither validate, test nor calibrate (label entered after
    seeing a model).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    group_by: str
    seed: int
    folds: tuple[Fold, ...]
    test: tuple[str, ...] = ()
    groups: dict[str, str]
    labels: dict[str, int]
    train_only: tuple[str, ...] = ()
