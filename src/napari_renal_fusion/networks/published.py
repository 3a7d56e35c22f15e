"""Names of the authors' published CMUS-Net checkpoint, and how they map to the ones used here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from .config import CMUSNetConfig, EncoderConfig
from .errors import CheckpointMismatch

# Ours on the left; the encoders are renamed by rule below.
_MODULES = {
    "cmsa.query": "CrossAttn.W_q",
    "cmsa.key": "CrossAttn.W_k",
    "cmsa.value": "CrossAttn.W_v",
    "cmsa.projection": "CrossAttn.proj",
    "heads.TEM": "TEM_fc.linear",
    "heads.OM": "OM_fc.linear",
    "heads.IM": "IM_fc.linear",
    "classifier.0": "MLP.linear1",
    "classifier.3": "MLP.linear2",
}


def published_config(
    entries: Mapping[str, Tensor],
    encoder: EncoderConfig | Mapping[str, Any] | str | None,
) -> CMUSNetConfig:
    """Configuration of a published checkpoint; classes and hidden units are read from its classifier."""
    sizes = ("MLP.linear1.weight", "MLP.linear2.weight")
    missing = [name for name in sizes if name not in entries]
    if missing:
        raise CheckpointMismatch(missing=missing)
    hidden, n_classes = (len(entries[name]) for name in sizes)
    encoder = EncoderConfig() if encoder is None else encoder
    return CMUSNetConfig(preset="published_code", encoder=encoder, n_classes=n_classes, hidden=hidden)


def renamed_from_published(entries: Mapping[str, Tensor], ours: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a published checkpoint under the names of ``ours``, a state dict of the network.

    ``relative_position_index`` is derived from the window size; it has to be there and is dropped.

    Raises
    ------
    CheckpointMismatch
        Entries are missing, unknown, or of another shape than in ``ours``.
    """
    names = {name: published_name(name) for name in ours}
    derived = {
        name.removesuffix("bias_table") + "index"
        for name in names.values()
        if name.endswith("relative_position_bias_table")
    }
    expected = set(names.values()) | derived
    wrong_shape = [
        f"{theirs} (is {list(entries[theirs].shape)}, must be {list(ours[name].shape)})"
        for name, theirs in names.items()
        if theirs in entries and entries[theirs].shape != ours[name].shape
    ]
    if wrong_shape or expected != set(entries):
        raise CheckpointMismatch(expected - set(entries), set(entries) - expected, wrong_shape)
    return {name: entries[theirs] for name, theirs in names.items()}


def published_name(name: str) -> str:
    """Name in the published checkpoint of one of our state entries (Swin encoders only)."""
    encoder = re.fullmatch(r"encoders\.(OM|IM|TEM)\.backbone\.(.+)", name)
    if encoder:
        return f"{encoder[1]}_encoder.{_torchvision_name(encoder[2])}"
    module, _, parameter = name.rpartition(".")
    return f"{_MODULES[module]}.{parameter}"


def _torchvision_name(name: str) -> str:
    """The torchvision name of a timm Swin weight, where 0 is ``features`` and 1 the final norm."""
    block = re.fullmatch(r"layers\.(\d+)\.blocks\.(\d+)\.(.+)", name)
    if block:
        inside = block[3].replace("mlp.fc1", "mlp.0").replace("mlp.fc2", "mlp.3")
        return f"0.{2 * int(block[1]) + 1}.{block[2]}.{inside}"
    downsample = re.fullmatch(r"layers\.(\d+)\.downsample\.(.+)", name)
    if downsample:
        return f"0.{2 * int(downsample[1])}.{downsample[2]}"
    for ours, theirs in (("patch_embed.proj.", "0.0.0."), ("patch_embed.norm.", "0.0.2."), ("norm.", "1.")):
        if name.startswith(ours):
            return theirs + name.removeprefix(ours)
    raise ValueError(f"{name!r} is not a weight of a Swin encoder; published checkpoints have Swin encoders")
