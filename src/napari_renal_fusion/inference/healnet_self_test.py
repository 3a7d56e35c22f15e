"""A HEALNet bundle's self-test: on seeded noise its networks give what they gave when the bundle was made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import RenalFusionError

if TYPE_CHECKING:
    from ..bundles.healnet_bundle import HEALNetBundle, HEALNetMembers
    from ..bundles.healnet_format import HEALNetBundleConfig


def healnet_noise_logits(members: HEALNetMembers, config: HEALNetBundleConfig) -> tuple[float, ...]:
    """Mean logits [outputs] of the members on standard-normal values of every modality, on the CPU."""
    import torch

    generator = np.random.Generator(np.random.PCG64(config.self_test.seed))
    tensors = []
    for one in config.inputs:
        tokens = config.self_test.tokens
        if one.kind == "omics":
            tokens = 1 if one.layout == "one_token" else len(one.columns)
        # Drawn by numpy, whose streams are the same on every platform and in every version of torch.
        noise = generator.standard_normal((1, tokens, one.channels), dtype=np.float32)
        tensors.append(torch.from_numpy(noise))
    with torch.inference_mode():
        logits = torch.stack([network(tensors).logits[0] for network in members.networks])
    return tuple(logits.double().mean(dim=0).tolist())


def run_healnet_self_test(bundle: HEALNetBundle, members: HEALNetMembers) -> float:
    """The largest difference to the recorded logits.

    Raises
    ------
    RenalFusionError
        ``self_test_failed`` if it exceeds the bundle's tolerance.
    """
    test = bundle.config.self_test
    difference = float(np.abs(np.subtract(healnet_noise_logits(members, bundle.config), test.logits)).max())
    if not difference <= test.tolerance * max(1.0, float(np.abs(test.logits).max())):
        raise RenalFusionError(
            "self_test_failed",
            f"The bundle {bundle.config.name} computes something else on this computer than where it was made "
            f"(difference {difference:.2g})",
            path=bundle.folder,
            remedy="Update torch or train the bundle again; its answers would not be reliable.",
        )
    return difference
