"""Weights of a timm model from a ``.safetensors`` file into an encoder, with nothing ignored silently."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import timm
import torch
from torch import Tensor, nn

from ..errors import RenalFusionError
from .encoders import TimmEncoder

# Derived from the configuration; files written by some versions of timm hold them.
_DERIVED = ("relative_position_index", "relative_coords_table", "attn_mask", "num_batches_tracked")


@dataclass(frozen=True)
class LoadedWeights:
    """Where weights came from: the file's name, its SHA-256, and the entries that no encoder needed."""

    file: str
    sha256: str
    dropped: tuple[str, ...]


def load_encoder_weights(network: nn.Module, path: Path | str) -> LoadedWeights:
    """Load timm weights into a :class:`TimmEncoder`, or into every encoder of a network.

    Entries must be named as timm names them. Those of the classifier, and of blocks after the stage at which
    an encoder is cut, are dropped; everything else has to be there, to fit and to be needed.

    Raises
    ------
    RenalFusionError
        ``encoder_weights_missing``, ``encoder_weights_unreadable`` or ``encoder_weights_mismatch``, which names
        the entries. Nothing has been changed then.
    """
    path = Path(path)
    encoders = [module for module in network.modules() if isinstance(module, TimmEncoder)]
    entries = _read(path)
    dropped: set[str] = set()
    wanted = []
    for encoder in encoders:
        needed = encoder.backbone.state_dict()
        unused = set(entries) - set(needed)
        _refuse_mismatch(path, encoder, needed, entries, unused)
        dropped |= unused
        wanted.append({name: entries.get(name, one) for name, one in needed.items()})
    for encoder, state in zip(encoders, wanted, strict=True):
        encoder.backbone.load_state_dict(state)
    return LoadedWeights(path.name, _sha256(path), tuple(sorted(dropped)))


def _read(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not path.is_file():
        raise RenalFusionError(
            "encoder_weights_missing",
            f"The encoder weights {path} do not exist",
            path=path,
            remedy="Check the name, or start from random weights.",
        )
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise RenalFusionError(
            "encoder_weights_unreadable",
            f"The encoder weights {path} cannot be read: {error}",
            path=path,
            remedy="Use a .safetensors file of a timm model; other formats can run programs and are not opened.",
        ) from error


def _refuse_mismatch(
    path: Path, encoder: TimmEncoder, needed: dict[str, Tensor], entries: dict[str, Tensor], unused: set[str]
) -> None:
    missing = [one for one in needed if one not in entries and not one.endswith(_DERIVED)]
    shapes = [
        f"{name} (is {list(entries[name].shape)}, must be {list(one.shape)})"
        for name, one in needed.items()
        if name in entries and entries[name].shape != one.shape
    ]
    unknown: Iterable[str] = ()
    if not missing and not shapes and unused:
        whole = _whole_model(encoder)
        unknown = [one for one in unused if one not in whole and not one.endswith(_DERIVED)]
    not_finite = [
        name
        for name in needed
        if name in entries and entries[name].is_floating_point() and not entries[name].isfinite().all()
    ]
    parts = [
        f"{what}: {_shortened(sorted(names))}"
        for what, names in (
            ("missing", missing),
            ("of another shape", shapes),
            ("not known", unknown),
            ("not finite", not_finite),
        )
        if names
    ]
    if parts:
        raise RenalFusionError(
            "encoder_weights_mismatch",
            f"{path} does not hold the weights of {encoder.config.name}: {'; '.join(parts)}",
            path=path,
            remedy="Choose the encoder that the file was made for, or another file.",
        )


def _whole_model(encoder: TimmEncoder) -> set[str]:
    """Names of all entries of the encoder's model with its classifier and uncut."""
    config = encoder.config
    try:
        with torch.device("meta"):  # names alone: no memory, no random numbers
            model = timm.create_model(config.name, pretrained=False, **config.kwargs)
    except (RuntimeError, NotImplementedError):  # some models compute with numbers while they are built
        with torch.random.fork_rng(devices=[]):
            model = timm.create_model(config.name, pretrained=False, **config.kwargs)
    return set(model.state_dict())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _shortened(names: list[str], most: int = 5) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
