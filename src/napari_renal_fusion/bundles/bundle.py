"""A bundle that was checked and loaded: configuration, weights, mean tokens, and the network built from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..cases import Modality
from ..compute.atomic import atomic_folder
from ..errors import RenalFusionError
from .check import check_files, read_config
from .format import CARD, MANIFEST, WEIGHTS, BundleConfig

if TYPE_CHECKING:
    import torch

    from ..networks import CMUSNet

_MEAN_TOKENS = "mean_tokens."


@dataclass(frozen=True)
class Bundle:
    """A loaded bundle. ``sha256`` identifies configuration and weights together."""

    config: BundleConfig
    folder: Path
    weights: dict[str, torch.Tensor] = field(repr=False)
    mean_tokens: dict[Modality, torch.Tensor] = field(repr=False)

    @property
    def sha256(self) -> str:
        return self.config.sha256[MANIFEST]

    def build_network(self) -> CMUSNet:
        """A new network in eval mode on the CPU, float32.

        Raises
        ------
        RenalFusionError
            ``bundle_mismatch`` if weights and configuration do not fit together.
        """
        from ..networks import CMUSNet

        try:
            network = CMUSNet(self.config.network)
            network.load_state_dict(self.weights, strict=True)
        except (RuntimeError, ValueError, TypeError) as error:
            lines = str(error).splitlines()
            raise RenalFusionError(
                "bundle_mismatch",
                f"The network of the bundle {self.config.name} cannot be built with this program and its weights "
                f"({lines[min(1, len(lines) - 1)].strip()[:200]})",
                path=self.folder,
                remedy="Update napari-renal-fusion and timm, or get a new copy of the bundle.",
            ) from error
        return network.eval()


def load_folder(folder: Path) -> Bundle:
    """Check and load the bundle in ``folder``; weights are float32 on the CPU.

    Raises
    ------
    RenalFusionError
        One of the codes of :mod:`.check`, or ``bundle_not_finite`` if a weight is NaN or infinite.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    config = read_config(folder)
    check_files(folder, config)
    tensors = {}
    try:
        stored = load_file(folder / WEIGHTS)
    except SafetensorError as error:
        raise RenalFusionError(
            "bundle_truncated", f"{WEIGHTS} of the bundle {config.name} cannot be read ({error})", path=folder,
            remedy="Get a new copy of the bundle.",
        ) from error  # fmt: skip
    for name, tensor in stored.items():
        if tensor.is_floating_point():
            if not tensor.isfinite().all():
                raise RenalFusionError(
                    "bundle_not_finite",
                    f"A weight of the bundle {config.name} is not a number ({name})",
                    path=folder,
                    remedy="Train it again or get a new copy.",
                )
            tensor = tensor.float()
        tensors[name] = tensor
    mean_tokens = {m: tensors.pop(f"{_MEAN_TOKENS}{m.value}", None) for m in config.rules.modalities}
    if absent := [m.value for m, one in mean_tokens.items() if one is None]:
        raise RenalFusionError(
            "bundle_mismatch",
            f"The bundle {config.name} has no mean tokens for {', '.join(absent)}",
            path=folder,
            remedy="Get a new copy of the bundle.",
        )
    return Bundle(config, folder, tensors, mean_tokens)


def save_bundle(
    folder: Path,
    config: BundleConfig,
    weights: dict[str, torch.Tensor],
    mean_tokens: dict[Modality, torch.Tensor],
    card: str,
    *,
    half_precision: bool = False,
) -> BundleConfig:
    """Write a bundle atomically and return its sealed configuration.

    ``half_precision`` stores floating-point weights as float16, half as large; the self-test must then
    have been computed with weights rounded the same way (:func:`rounded_to_half`).
    """
    from safetensors.torch import save

    tensors = dict(weights) | {f"{_MEAN_TOKENS}{m.value}": one for m, one in mean_tokens.items()}
    if half_precision:
        tensors = {name: one.half() if one.is_floating_point() else one for name, one in tensors.items()}
    blob = save({name: one.detach().cpu().contiguous() for name, one in tensors.items()})
    sealed = config.sealed(blob, card.encode())
    with atomic_folder(folder) as temporary:
        (temporary / WEIGHTS).write_bytes(blob)
        (temporary / CARD).write_bytes(card.encode())
        (temporary / MANIFEST).write_bytes(sealed.to_json().encode())
    return sealed


def rounded_to_half(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Tensors as they come back from a bundle that was saved with ``half_precision``."""
    return {name: one.half().float() if one.is_floating_point() else one for name, one in tensors.items()}
