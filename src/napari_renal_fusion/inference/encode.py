"""Encode prepared pictures: all images of a modality together, from the cache where possible."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ..cases import Modality
from ..compute.devices import DeviceChoice
from ..compute.memory import in_batches
from ..compute.progress import Progress
from ..inputs import PreparedImage, Preprocessing, TokenCache, to_tensor

if TYPE_CHECKING:
    import torch

    from ..networks import FusionNetwork

# 16 images of Swin-B need 1.5 GB; larger batches gain nothing measurable (benchmarks/RESULTS.md).
_BATCH = 16


def encode_images(
    network: FusionNetwork,
    modality: Modality,
    prepared: Mapping[str, PreparedImage],
    preprocessing: Preprocessing,
    choice: DeviceChoice,
    *,
    bundle_sha256: str,
    cache: TokenCache,
    progress: Progress,
    on_smaller: Callable[[int], None] | None = None,
) -> dict[str, torch.Tensor]:
    """Token maps, float32 [h, w, d] on the device, by key.

    Pictures with equal content are encoded once, so that a copy of an image has exactly its tokens.
    """
    import torch

    def key_of(one: PreparedImage) -> tuple[str, ...]:
        return bundle_sha256, choice.device, choice.precision, modality.value, one.input_sha256

    missing = {key_of(one): one for one in prepared.values() if cache.get(key_of(one)) is None}
    fresh: dict[tuple[str, ...], torch.Tensor] = {}

    def work(keys: Sequence[tuple[str, ...]]) -> list[torch.Tensor]:
        progress.update(
            len(fresh) / len(missing), f"Encoding {modality.title}: {len(fresh)} of {len(missing)}"
        )
        images = torch.stack([to_tensor(missing[key], preprocessing) for key in keys]).to(choice.device)
        low = choice.precision == "bfloat16"
        with torch.inference_mode(), torch.autocast(choice.device, dtype=torch.bfloat16, enabled=low):
            maps = network.encode_images(modality.value, images).float()
        # A clone each: a slice would keep the whole batch alive in the cache.
        encoded = [one.clone() for one in maps]
        fresh.update(zip(keys, encoded, strict=True))
        return encoded

    if missing:
        in_batches(sorted(missing), work, _BATCH, on_smaller=on_smaller)
    for key, tokens in fresh.items():
        cache.put(key, tokens)
    return {
        name: fresh[key_of(one)] if key_of(one) in fresh else cache.get(key_of(one))
        for name, one in prepared.items()
    }
