"""A HEALNet bundle that was checked and loaded, and how one is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import RenalFusionError
from .format import MANIFEST
from .healnet_format import HEALNetBundleConfig
from .weights import read_weights, write_files

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
    weights = read_weights(folder, config.name)
    strange = {name.partition(".")[0] for name in weights} - {str(one) for one in range(config.members)}
    if strange:
        raise RenalFusionError(
            "bundle_mismatch",
            f"The bundle {config.name} holds weights of a member that it does not have ({min(strange)})",
            path=folder,
            remedy="Get a new copy of the bundle.",
        )
    return HEALNetBundle(config, folder, weights)


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
    # Copies: members may share a tensor, which safetensors refuses.
    tensors = {
        f"{number}.{name}": one.clone() for number, state in enumerate(members) for name, one in state.items()
    }
    return write_files(folder, config, tensors, card)
