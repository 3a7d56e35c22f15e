"""A HEALNet bundle that was checked and loaded, and how one is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..compute.atomic import atomic_folder
from ..errors import RenalFusionError
from .check import check_size
from .format import CARD, FORMAT_VERSION, MANIFEST, WEIGHTS
from .healnet_format import HEALNetBundleConfig

if TYPE_CHECKING:
    import torch

    from ..networks import HEALNet


@dataclass(frozen=True)
class HEALNetBundle:
    """A loaded bundle: ``weights`` float32 by ``{member}.{name}``. ``sha256`` identifies all of it."""

    config: HEALNetBundleConfig
    folder: Path
    weights: dict[str, torch.Tensor] = field(repr=False)

    @property
    def sha256(self) -> str:
        return self.config.sha256[MANIFEST]

    @property
    def mean_tokens(self) -> dict[str, torch.Tensor]:
        """Nothing stands in for a missing modality: HEALNet skips it."""
        return {}

    def build_network(self) -> HEALNetMembers:
        """The members in eval mode on the CPU, float32.

        Raises
        ------
        RenalFusionError
            ``bundle_mismatch`` if weights and configuration do not fit together.
        """
        from ..networks import HEALNet

        members = []
        for number in range(self.config.members):
            own = {
                name.partition(".")[2]: tensor
                for name, tensor in self.weights.items()
                if name.partition(".")[0] == str(number)
            }
            try:
                network = HEALNet(self.config.network)
                network.load_state_dict(own, strict=True)
            except (RuntimeError, ValueError, TypeError) as error:
                lines = str(error).splitlines()
                raise RenalFusionError(
                    "bundle_mismatch",
                    f"The network of the bundle {self.config.name} cannot be built with this program and its "
                    f"weights ({lines[min(1, len(lines) - 1)].strip()[:200]})",
                    path=self.folder,
                    remedy="Update napari-renal-fusion, or get a new copy of the bundle.",
                ) from error
            members.append(network.requires_grad_(False).eval())
        return HEALNetMembers(tuple(members))


@dataclass(frozen=True)
class HEALNetMembers:
    """The networks of a bundle, each with a scaling of its own, so they are asked one by one."""

    networks: tuple[HEALNet, ...]

    def to(self, device: str) -> HEALNetMembers:
        for one in self.networks:
            one.to(device)
        return self

    def eval(self) -> HEALNetMembers:
        return self


def load_healnet(folder: Path, config: HEALNetBundleConfig) -> HEALNetBundle:
    """Load what the static checks have passed; weights are float32 on the CPU.

    Raises
    ------
    RenalFusionError
        ``bundle_truncated``, ``bundle_not_finite``, ``bundle_mismatch``.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        weights = load_file(folder / WEIGHTS)
    except SafetensorError as error:
        raise RenalFusionError(
            "bundle_truncated", f"{WEIGHTS} of the bundle {config.name} cannot be read ({error})", path=folder,
            remedy="Get a new copy of the bundle.",
        ) from error  # fmt: skip
    for name, tensor in weights.items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise RenalFusionError(
                "bundle_not_finite",
                f"A weight of the bundle {config.name} is not a number ({name})",
                path=folder,
                remedy="Train it again or get a new copy.",
            )
    strange = {name.partition(".")[0] for name in weights} - {str(one) for one in range(config.members)}
    if strange:
        raise RenalFusionError(
            "bundle_mismatch",
            f"The bundle {config.name} holds weights of a member that it does not have ({min(strange)})",
            path=folder,
            remedy="Get a new copy of the bundle.",
        )
    return HEALNetBundle(
        config,
        folder,
        {name: one.float() if one.is_floating_point() else one for name, one in weights.items()},
    )


def save_healnet_bundle(
    folder: Path, config: HEALNetBundleConfig, members: list[dict[str, torch.Tensor]], card: str
) -> HEALNetBundleConfig:
    """Write a bundle atomically, in the newest format, and return its sealed configuration.

    ``members`` are the states of the networks in the order of their scalings.

    Raises
    ------
    RenalFusionError
        ``bundle_too_large`` for what could not be loaded again; errors of the disk.
    """
    from safetensors.torch import save

    tensors = {
        f"{number}.{name}": one.detach().cpu().contiguous().clone()
        for number, state in enumerate(members)
        for name, one in state.items()
    }
    blob = save(tensors)
    config = config.model_copy(update={"format_version": FORMAT_VERSION})
    sealed = config.sealed(blob, card.encode())
    files = {WEIGHTS: blob, CARD: card.encode(), MANIFEST: sealed.to_json().encode()}
    for name, content in files.items():
        check_size(folder, name, len(content))
    with atomic_folder(folder) as temporary:
        for name, content in files.items():
            (temporary / name).write_bytes(content)
    return sealed
