"""The files of a bundle, whatever its kind: weights read with every check, all files written or none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ..compute.atomic import atomic_folder
from ..errors import RenalFusionError
from .check import check_size
from .format import CARD, FORMAT_VERSION, MANIFEST, WEIGHTS, Sealed

if TYPE_CHECKING:
    import torch

_Config = TypeVar("_Config", bound=Sealed)


def read_weights(folder: Path, name: str) -> dict[str, torch.Tensor]:
    """Every tensor of the bundle ``name`` in ``folder``, on the CPU; floating-point ones as float32.

    Raises
    ------
    RenalFusionError
        ``bundle_truncated`` if the file cannot be read, ``bundle_not_finite`` if a weight is NaN or infinite.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        stored = load_file(folder / WEIGHTS)
    except SafetensorError as error:
        raise RenalFusionError(
            "bundle_truncated", f"{WEIGHTS} of the bundle {name} cannot be read ({error})", path=folder,
            remedy="Get a new copy of the bundle.",
        ) from error  # fmt: skip
    for key, tensor in stored.items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise RenalFusionError(
                "bundle_not_finite",
                f"A weight of the bundle {name} is not a number ({key})",
                path=folder,
                remedy="Train it again or get a new copy.",
            )
    return {key: one.float() if one.is_floating_point() else one for key, one in stored.items()}


def write_files(folder: Path, config: _Config, tensors: dict[str, torch.Tensor], card: str) -> _Config:
    """Write the three files, in the newest format, and return the sealed configuration.

    Raises
    ------
    RenalFusionError
        ``bundle_too_large`` for what could not be loaded again; errors of the disk.
    """
    from safetensors.torch import save

    blob = save({name: one.detach().cpu().contiguous() for name, one in tensors.items()})
    sealed = config.model_copy(update={"format_version": FORMAT_VERSION}).sealed(blob, card.encode())
    files = {WEIGHTS: blob, CARD: card.encode(), MANIFEST: sealed.to_json().encode()}
    for name, content in files.items():
        check_size(folder, name, len(content))
    with atomic_folder(folder) as temporary:
        for name, content in files.items():
            (temporary / name).write_bytes(content)
    return sealed
