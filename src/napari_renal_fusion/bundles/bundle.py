"""A bundle that was checked and loaded: configuration, weights, mean tokens, and the network built from them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..cases import Modality
from ..errors import RenalFusionError
from .check import check_files, read_config
from .format import MANIFEST, BundleConfig
from .weights import read_weights, write_files

if TYPE_CHECKING:
    import numpy as np
    import torch

    from ..networks import FusionNetwork

_MEAN_TOKENS = "mean_tokens."
_KNOWN = "known."
_WITHOUT = "known_without."


@dataclass(frozen=True)
class Bundle:
    """A loaded bundle. ``sha256`` identifies configuration and weights together.

    ``known`` holds the statistics of the known patients as float32 tensors ``{member}.{name}``, empty if the
    bundle has none; ``known_without`` the same by the modalities that are there, for answers without the others.
    """

    config: BundleConfig
    folder: Path
    weights: dict[str, torch.Tensor] = field(repr=False)
    mean_tokens: dict[Modality, torch.Tensor] = field(repr=False)
    known: dict[str, torch.Tensor] = field(default_factory=dict, repr=False)
    known_without: dict[str, dict[str, torch.Tensor]] = field(default_factory=dict, repr=False)

    @property
    def sha256(self) -> str:
        return self.config.sha256[MANIFEST]

    @property
    def known_statistics(self) -> tuple[dict[str, np.ndarray], ...]:
        """What each member keeps of its training patients, by name; empty if the bundle keeps nothing."""
        return _by_member(self.known)

    def statistics_for(self, present: Collection[Modality]) -> tuple[dict[str, np.ndarray], ...]:
        """:attr:`known_statistics` for answers from the modalities ``present``."""
        shown = "-".join(one for one in self.config.network.modalities if one in present)
        return _by_member(self.known_without[shown]) if shown in self.known_without else self.known_statistics

    def build_network(self) -> FusionNetwork:
        """A new network, or ensemble, in eval mode on the CPU, float32.

        Raises
        ------
        RenalFusionError
            ``bundle_mismatch`` if weights and configuration do not fit together.
        """
        from ..networks import build_network

        config = self.config
        try:
            network = build_network(config.network, config.members, config.shared_encoders)
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
    config = read_config(folder)
    check_files(folder, config)
    if config.kind == "healnet":
        from .healnet_bundle import load_healnet

        return load_healnet(folder, config)
    tensors = read_weights(folder, config.name)
    replaced = () if config.network.whole_panel else config.rules.modalities
    mean_tokens = {m: tensors.pop(f"{_MEAN_TOKENS}{m.value}", None) for m in replaced}
    if absent := [m.value for m, one in mean_tokens.items() if one is None]:
        raise _mismatch(config, folder, f"has no mean tokens for {', '.join(absent)}")
    known = {
        name.removeprefix(_KNOWN): tensors.pop(name) for name in sorted(tensors) if name.startswith(_KNOWN)
    }
    known_without: dict[str, dict[str, torch.Tensor]] = {}
    for name in [one for one in sorted(tensors) if one.startswith(_WITHOUT)]:
        shown, _, rest = name.removeprefix(_WITHOUT).partition(".")
        known_without.setdefault(shown, {})[rest] = tensors.pop(name)
    _check_every_known(config, folder, known, known_without)
    return Bundle(config, folder, tensors, mean_tokens, known, known_without)


def _by_member(known: dict[str, torch.Tensor]) -> tuple[dict[str, np.ndarray], ...]:
    members: dict[int, dict[str, np.ndarray]] = {}
    for name, tensor in known.items():
        member, _, statistic = name.partition(".")
        members.setdefault(int(member), {})[statistic] = tensor.numpy()
    return tuple(members[number] for number in sorted(members))


def _check_every_known(
    config: BundleConfig,
    folder: Path,
    known: dict[str, torch.Tensor],
    known_without: dict[str, dict[str, torch.Tensor]],
) -> None:
    _check_known(config, folder, known, config.known is not None)
    for shown in {*config.without, *known_without}:
        partial = config.without.get(shown)
        has_limit = partial is not None and partial.known is not None
        _check_known(config, folder, known_without.get(shown, {}), has_limit)


def _check_known(config: BundleConfig, folder: Path, known: dict[str, torch.Tensor], has_limit: bool) -> None:
    """Every member has the same statistics of known patients, or none has any."""
    members: dict[str, set[str]] = {}
    for name in known:
        number, _, statistic = name.partition(".")
        members.setdefault(number, set()).add(statistic)
    if not has_limit and members:
        raise _mismatch(config, folder, "holds statistics of known patients but no limit for them")
    wanted = {str(number) for number in range(config.members)} if has_limit else set()
    if set(members) != wanted or len({frozenset(one) for one in members.values()}) > 1:
        raise _mismatch(config, folder, "does not hold the known patients of each of its members")


def _mismatch(config: BundleConfig, folder: Path, problem: str) -> RenalFusionError:
    return RenalFusionError(
        "bundle_mismatch",
        f"The bundle {config.name} {problem}",
        path=folder,
        remedy="Get a new copy of the bundle.",
    )


def save_bundle(
    folder: Path,
    config: BundleConfig,
    weights: dict[str, torch.Tensor],
    mean_tokens: dict[Modality, torch.Tensor],
    card: str,
    *,
    half_precision: bool = False,
    known: dict[str, torch.Tensor] | None = None,
    known_without: dict[str, dict[str, torch.Tensor]] | None = None,
) -> BundleConfig:
    """Write a bundle atomically, in the newest format, and return its sealed configuration.

    ``half_precision`` stores floating-point weights as float16, half as large; the self-test must then
    have been computed with weights rounded the same way (:func:`rounded_to_half`). ``known`` are the
    statistics of the known patients, ``{member}.{name}``, always stored as float32; ``known_without`` the same
    by the modalities that are there.

    Raises
    ------
    RenalFusionError
        ``bundle_mismatch`` or ``bundle_too_large`` for what could not be loaded again; errors of the disk.
    """
    known, known_without = known or {}, known_without or {}
    _check_every_known(config, folder, known, known_without)
    tensors = dict(weights) | {f"{_MEAN_TOKENS}{m.value}": one for m, one in mean_tokens.items()}
    if half_precision:
        tensors = {name: one.half() if one.is_floating_point() else one for name, one in tensors.items()}
    tensors |= {f"{_KNOWN}{name}": one.float() for name, one in known.items()}
    for shown, statistics in known_without.items():
        tensors |= {f"{_WITHOUT}{shown}.{name}": one.float() for name, one in statistics.items()}
    return write_files(folder, config, tensors, card)


def rounded_to_half(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Tensors as they come back from a bundle that was saved with ``half_precision``."""
    return {name: one.half().float() if one.is_floating_point() else one for name, one in tensors.items()}
