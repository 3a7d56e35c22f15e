"""An engine: loaded bundles on their device and the token cache, reused from one question to the next."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ..bundles import Bundle, load_folder, read_config
from ..compute.devices import DeviceChoice, choose_device
from ..inputs import ImageMemo, TokenCache
from .self_test import run_self_test

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from ..cases import Modality
    from ..networks import FusionNetwork


class Engine:
    """Keeps networks ready: loading, checking and moving a bundle to its device happen once.

    The self-test of a bundle runs when it is loaded, before it may answer anything.
    """

    def __init__(self) -> None:
        self.cache = TokenCache()
        self.memo = ImageMemo()
        self._ready: dict[tuple[str, str], tuple[FusionNetwork, dict[Modality, torch.Tensor]]] = {}
        self._stand_in: Bundle | None = None
        self._lock = threading.Lock()

    def prepare(
        self, bundle: Bundle, choice: DeviceChoice
    ) -> tuple[FusionNetwork, dict[Modality, torch.Tensor]]:
        """The bundle's network, eval mode, and its mean tokens [L, d], both on the chosen device."""
        with self._lock:
            key = bundle.sha256, choice.device
            if key not in self._ready:
                network = bundle.build_network()
                run_self_test(bundle, network)
                network.to(choice.device)
                means = {modality: one.to(choice.device) for modality, one in bundle.mean_tokens.items()}
                self._ready = {key: (network, means)}  # one at a time: graphics memory is scarce
            return self._ready[key]

    def stand_in(self, folder: Path) -> Bundle:
        """The bundle in ``folder``, loaded once for all cases of a cohort that need it."""
        with self._lock:
            config = read_config(folder)
            if self._stand_in is None or self._stand_in.config != config or self._stand_in.folder != folder:
                self._stand_in = load_folder(folder)
            return self._stand_in

    def forget(self) -> None:
        """Drop networks and tokens, for example after a graphics card was lost."""
        with self._lock:
            self._ready = {}
            self.cache = TokenCache()


_shared = Engine()


def shared_engine() -> Engine:
    """The engine of this process."""
    return _shared


def device_for(request: str, threads: int) -> DeviceChoice:
    """Set the number of processor threads (0 keeps torch's own choice) and choose a device."""
    import torch

    if threads:
        torch.set_num_threads(threads)
    return choose_device(request)
