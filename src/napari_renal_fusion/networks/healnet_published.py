"""State dicts of the published HEALNet: their names are used here as they are, and checked strictly."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from .errors import CheckpointMismatch


def entries_from_published(entries: Mapping[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """``entries`` after a check that they are exactly those of ``model``.

    Raises
    ------
    CheckpointMismatch
        Entries are missing, unknown or of another shape, or differ although ``model`` shares them: weights that
        were trained without ``weight_tie_layers`` have the same names, and the last ones would win.
    """
    ours = model.state_dict(keep_vars=True)
    wrong_shape = [
        f"{name} (is {list(entries[name].shape)}, must be {list(value.shape)})"
        for name, value in ours.items()
        if name in entries and entries[name].shape != value.shape
    ]
    if wrong_shape or set(ours) != set(entries):
        raise CheckpointMismatch(
            set(ours) - set(entries), set(entries) - set(ours), wrong_shape, network="HEALNet"
        )
    first_name: dict[int, str] = {}
    unequal = []
    for name, value in ours.items():
        first = first_name.setdefault(id(value), name)
        if not torch.equal(entries[name], entries[first]):
            unequal.append(f"{name} (is not {first}, which weight_tie_layers shares with it)")
    if unequal:
        raise CheckpointMismatch(unequal=unequal, network="HEALNet")
    return dict(entries)
