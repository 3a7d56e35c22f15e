"""Every picture of a cohort encoded once by the frozen encoders, through the token store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..cases import Modality
from ..compute.devices import DeviceChoice
from ..compute.memory import in_batches
from ..compute.progress import Progress
from ..inputs import StoredPicture, TokenStore
from ..inputs.token_store import encoder_id
from .config import TrainingConfig
from .data import TokensOfCases, normalised

if TYPE_CHECKING:
    from ..networks import FusionNetwork
    from .patients import TrainingCase

_BATCH = 16


def encode_cases(
    network: FusionNetwork,
    cases: Sequence[TrainingCase],
    config: TrainingConfig,
    choice: DeviceChoice,
    progress: Progress,
) -> TokensOfCases:
    """Token maps [h, w, d] of all cases, mapped from the store; only what the store does not have is encoded."""
    stores: dict[Modality, TokenStore] = {}
    for number, modality in enumerate(config.rules.modalities):
        encoder = network.encoders[modality.value]
        # Sums depend on how threads and devices divide them, so each way keeps tokens of its own.
        how = f"{choice.precision} {choice.device} {torch.get_num_threads()}"
        store = TokenStore(None, encoder_id(encoder, config.preprocessing[modality], how))
        stores[modality] = store
        pictures = {one.input_sha256: one for case in cases for one in case.pictures[modality]}
        missing = [one for sha, one in sorted(pictures.items()) if store.get(sha) is None]
        count = len(config.rules.modalities)
        with progress.part(number / count, (number + 1) / count):
            _encode(network, modality, missing, config, choice, store, progress)
    return {
        case.case_id: {
            modality: tuple(stores[modality].get(one.input_sha256) for one in case.pictures[modality])
            for modality in config.rules.modalities
        }
        for case in cases
    }


def _encode(
    network: FusionNetwork,
    modality: Modality,
    missing: list[StoredPicture],
    config: TrainingConfig,
    choice: DeviceChoice,
    store: TokenStore,
    progress: Progress,
) -> None:
    if not missing:
        return
    encoder = network.encoders[modality.value].to(choice.device).eval()
    done = 0

    largest = _BATCH

    def smaller(size: int) -> None:
        nonlocal largest
        largest = size

    def work(pictures: Sequence[StoredPicture]) -> list[None]:
        nonlocal done
        progress.update(done / len(missing), f"Encoding {modality.title}: {done} of {len(missing)} images")
        # Always a full batch: libraries choose their way of summing by its size, and a run that is resumed
        # while it encodes, or that shares images with another cohort, must get the same digits.
        filled = [*pictures, *[pictures[0]] * (largest - len(pictures))]
        images = normalised(np.stack([one.pixels for one in filled]), config, modality).to(choice.device)
        low = choice.precision == "bfloat16"
        with torch.inference_mode(), torch.autocast(choice.device, dtype=torch.bfloat16, enabled=low):
            maps = network.encode_images(modality.value, images).float().cpu()
        for picture, tokens in zip(pictures, maps, strict=False):
            store.put(picture.input_sha256, tokens.clone())
        done += len(pictures)
        return [None] * len(pictures)

    in_batches(missing, work, _BATCH, on_smaller=smaller)
    encoder.cpu()
