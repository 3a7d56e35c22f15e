"""Filling and scaling omics values as the training patients ask for, and telling what does not fit them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..errors import RenalFusionError
from ..notices import Notice

Number = Annotated[float, Field(allow_inf_nan=False)]

FEWEST_KNOWN = 0.5
"""A row with a smaller share of the columns that count is scaled with a warning: it is mostly training means."""


class OmicsScaling(BaseModel):
    """What the training patients' values of one modality are like: value -> (value - centre) / scale.

    A missing value becomes ``fill`` first, the mean of the training patients. A column without a value in
    training, or with the same one in every patient, has told nothing about it: ``silent`` columns are always
    filled, whatever stands there.

    Attributes
    ----------
    modality
        Name of the modality, for sentences.
    columns
        [p] names in the order of the network's channels or tokens.
    centre, scale, fill
        [p]; without scaling ``centre`` is 0 and ``scale`` 1.
    silent
        Places of the columns that tell nothing.
    limit
        Scaled values beyond it (in standard deviations) are drawn in to it, or None. Expression has long tails:
        without it one gene of one patient can outweigh all others.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    modality: str
    columns: tuple[str, ...] = Field(min_length=1)
    centre: tuple[Number, ...]
    scale: tuple[Annotated[float, Field(gt=0, allow_inf_nan=False)], ...]
    fill: tuple[Number, ...]
    silent: tuple[Annotated[int, Field(ge=0)], ...] = ()
    limit: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _sizes_agree(self) -> OmicsScaling:
        if not len(self.columns) == len(self.centre) == len(self.scale) == len(self.fill):
            raise ValueError("columns, centre, scale and fill must have as many entries each")
        if len(set(self.columns)) < len(self.columns):
            raise ValueError("a column occurs twice")
        if any(place >= len(self.columns) for place in self.silent):
            raise ValueError("silent names a column that does not exist")
        return self

    @classmethod
    def fit(
        cls,
        columns: Sequence[str],
        values: ArrayLike,
        *,
        modality: str = "omics",
        scale: bool = True,
        limit: float | None = None,
    ) -> OmicsScaling:
        """Fit to the training patients' ``values`` [n, p], NaN for missing; patients without a value do not count.

        Parameters
        ----------
        scale
            Whether columns are brought to mean 0 and standard deviation 1 (ddof 0); without it only missing
            values are filled.
        limit
            As in the class; only with scaling.

        Raises
        ------
        RenalFusionError
            ``omics_nobody_to_fit`` if no training patient has a value; ``omics_all_silent`` if none varies.
        """
        values = np.asarray(values, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != len(columns):
            raise ValueError(f"values of shape {values.shape} for {len(columns)} columns")
        if limit is not None and not scale:
            raise ValueError("a limit in standard deviations needs scaling")
        known = np.isfinite(values)
        if not known.any():
            raise RenalFusionError(
                "omics_nobody_to_fit",
                f"No training patient has a value of {modality}",
                remedy=f"Leave {modality} out, or add patients who have it.",
            )
        counts = known.sum(axis=0)
        filled = np.where(known, values, 0.0)
        mean = filled.sum(axis=0) / np.maximum(counts, 1)
        spread = np.sqrt((np.where(known, values - mean, 0.0) ** 2).sum(axis=0) / np.maximum(counts, 1))
        # The sd of equal numbers may be a rounding error instead of 0.
        silent = spread <= 1e-9 * np.abs(filled).max(axis=0)
        if silent.all():
            raise RenalFusionError(
                "omics_all_silent",
                f"Every column of {modality} has one value only among the {int(known.any(axis=1).sum())} "
                "training patients who have it",
                remedy=f"Leave {modality} out, or add patients who differ in it.",
            )
        return cls(
            modality=modality,
            columns=tuple(columns),
            centre=tuple(mean) if scale else (0.0,) * len(columns),
            scale=tuple(np.where(silent, 1.0, spread)) if scale else (1.0,) * len(columns),
            fill=tuple(mean),
            silent=tuple(np.flatnonzero(silent).tolist()),
            limit=limit,
        )

    def transform(self, values: ArrayLike) -> np.ndarray:
        """Filled and scaled values float32 [n, p] of values [n, p] in the order of ``columns``."""
        values = np.asarray(values, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != len(self.columns):
            raise ValueError(f"values of shape {values.shape} for {len(self.columns)} columns")
        filled = np.where(np.isfinite(values), values, self.fill)
        filled[:, list(self.silent)] = np.asarray(self.fill)[list(self.silent)]
        with np.errstate(over="ignore"):
            scaled = (filled - np.asarray(self.centre)) / np.asarray(self.scale)
        most = _LARGEST if self.limit is None else self.limit
        return np.clip(scaled, -most, most).astype(np.float32)

    def apply(
        self, row: Mapping[str, float] | ArrayLike, columns: Sequence[str] | None = None
    ) -> tuple[np.ndarray, tuple[Notice, ...]]:
        """Values of one patient as the network takes them, and what was missing or unknown.

        Parameters
        ----------
        row
            Column -> value, or values [k] of ``columns`` [k].

        Returns
        -------
        float32 [p] and notices: ``omics_columns_missing`` (a warning; with fewer than half of the columns
        known it says so) and ``omics_columns_unknown`` (information).

        Raises
        ------
        RenalFusionError
            ``omics_no_known_value``: the row has none of the columns, so this patient lacks the modality.
        """
        if columns is not None:
            row = {
                column: float(value)
                for column, value in zip(columns, np.asarray(row, dtype=np.float64), strict=True)
            }
        values = np.array([row.get(column, np.nan) for column in self.columns], dtype=np.float64)
        known = np.isfinite(values)
        if not known.any():
            raise RenalFusionError(
                "omics_no_known_value",
                f"The row has no value in any of the {len(self.columns)} columns of {self.modality} that "
                f"the model knows ({', '.join(self.columns[:3])}, ...)",
                remedy="Check that the columns are named as in the table that the model was trained on.",
            )
        return self.transform(values[None])[0], (*self._missing(known), *self._unknown(row))

    def _missing(self, known: np.ndarray) -> tuple[Notice, ...]:
        counts = np.ones(len(self.columns), dtype=bool)
        counts[list(self.silent)] = False
        absent = [self.columns[place] for place in np.flatnonzero(counts & ~known)]
        if not absent:
            return ()
        total = int(counts.sum())
        message = (
            f"{self.modality}: {len(absent)} of {total} values are missing ({_some(absent)}) "
            "and were replaced by the mean of the training patients."
        )
        if total - len(absent) < FEWEST_KNOWN * total:
            message += " The answer rests on less than half of what the model was trained on."
        return (Notice(code="omics_columns_missing", message=message),)

    def _unknown(self, row: Mapping[str, float]) -> tuple[Notice, ...]:
        unknown = sorted(set(row) - set(self.columns))
        if not unknown:
            return ()
        message = (
            f"{self.modality}: the model does not know {len(unknown)} of the columns ({_some(unknown)})."
        )
        return (Notice(code="omics_columns_unknown", message=message, severity="info"),)


_LARGEST = float(np.finfo(np.float32).max)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
