"""How far a patient is from the patients a model knows: "fits none of the classes"."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class KnownPatients(BaseModel):
    """Limit of the distance to the training patients, and how often it errs; its statistics are tensors.

    The tensors stand in ``model.safetensors`` under ``known.``. ``false_refusals`` is the share of known
    patients beyond the limit (out of fold), ``false_accepts`` the share of each class within the limit when
    that class was left out of training.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: float
    false_refusals: float
    false_accepts: dict[str, float] = {}
    fitted_on: str = ""
