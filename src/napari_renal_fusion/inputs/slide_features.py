"""Features of the patches of a slide by any timm model: read ahead, encoded in batches, kept as HDF5, resumable."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..cases.names import readable
from ..cases.slide_item import SlideItem
from ..compute.atomic import explain_os_error
from ..compute.devices import DeviceChoice, choose_device
from ..compute.memory import in_batches, is_device_lost, is_out_of_memory, release_memory
from ..compute.progress import Progress
from ..errors import RenalFusionError
from ..notices import Notice
from .patch_grid import Patches, PatchGrid, find_patches, stored_level
from .slide_feature_files import RECORD, SlideFeatures, read_features, read_key, write_features
from .slide_feature_key import FeatureEncoder, FeatureKey, feature_key, slide_hash
from .slide_feature_parts import FeatureParts, plan_parts

if TYPE_CHECKING:
    from ..cases.slide import Slide
    from ..networks import TimmEncoder

__all__ = [
    "FeatureEncoder",
    "FeatureKey",
    "SlideFeatures",
    "extract_features",
    "feature_key",
    "read_features",
    "read_key",
    "slide_hash",
]

_PART = 64  # patches that a kill can cost at most, and 10 MB of pixels
# Per patch a processor is fastest with few at a time: their activations stay in its caches.
_BATCH_CPU, _BATCH_CARD = 4, 64


def extract_features(
    slide: SlideItem,
    out: Path | str,
    encoder: FeatureEncoder | None = None,
    grid: PatchGrid | None = None,
    *,
    device: str = "auto",
    replace: bool = False,
    progress: Progress | None = None,
    notices: list[Notice] | None = None,
) -> Path:
    """Write the features of a slide's patches to ``out`` (.h5) and return it.

    What is there already from the same slide, model and grid is kept as it is. A run that was stopped or killed at
    any moment goes on where it was and gives the same numbers. Patches are read in other threads while the encoder
    works; memory is bounded whatever the size of the slide. When a graphics card is short of memory batches get
    smaller, then the processor goes on, and a notice is added to ``notices``.

    Raises
    ------
    RenalFusionError
        ``features_exist`` if ``out`` holds something else and ``replace`` is False; what opening a slide,
        `find_patches`, `FeatureEncoder.build` and writing raise; ``features_not_finite``.
    Cancelled
        When ``progress`` was cancelled; what is done is kept for the next call.
    """
    out = Path(out)
    encoder, grid = encoder or FeatureEncoder(), grid or PatchGrid()
    progress = progress or Progress()
    notices = notices if notices is not None else []
    with slide.open() as opened:
        key = feature_key(opened, encoder, grid)
        if _is_there(out, key, replace):
            progress.update(1.0, f"{readable(out.name)} is there already")
            return out
        with progress.part(0.0, 0.04):
            patches = find_patches(opened, grid, progress=progress)
        machine = _PatchEncoder(encoder, grid.patch, choose_device(device), notices)
        bands = patches.bands()
        plan = plan_parts(patches.blocks(), bands, _PART)
        parts = FeatureParts(out, key, machine.choice.precision, plan)
        with progress.part(0.04, 0.99):
            _encode_all(opened, patches, parts, machine, progress)
        # Written among the parts, so that a run killed now leaves nothing beside the file.
        draft = parts.folder / f"whole{out.suffix}"
        write_features(
            draft,
            patches.coords,
            machine.network.width,
            parts.rows(),
            _attributes(out, opened, patches, encoder, grid, key, machine),
        )
    try:
        draft.replace(out)
    except OSError as error:
        raise explain_os_error(error, out) from error
    parts.remove()
    progress.update(1.0, f"{len(patches)} patches")
    return out


def _is_there(out: Path, key: FeatureKey, replace: bool) -> bool:
    """Whether ``out`` holds the wanted features; refuses to lose what it holds otherwise."""
    if not out.exists():
        return False
    found = read_key(out)
    if found is not None and found.same_as(key):
        try:
            read_features(out, expected=key)
            return True
        except RenalFusionError:  # damaged: nothing to lose
            return False
    if not replace:
        made = "was made otherwise" if found is None else f"holds features by {found.model_text}"
        if found is not None and found.model == key.model:
            made = f"lies on another grid ({found.grid_text})"
            if found.grid == key.grid:
                made = "comes from another slide, or from this one before it was changed"
        raise RenalFusionError(
            "features_exist",
            f"{readable(out)} exists and {made}",
            path=out,
            remedy="Choose another folder, or say that it may be replaced (--replace).",
        )
    return False


def _encode_all(
    slide: Slide, patches: Patches, parts: FeatureParts, machine: _PatchEncoder, progress: Progress
) -> None:
    """Make the parts that are missing."""
    missing = parts.missing()
    total = len(patches)
    done = total - sum(len(parts.plan[number]) for number in missing)
    progress.update(done / total, f"Patches: {done} of {total}")
    with _read_ahead(slide, patches, [parts.plan[number] for number in missing]) as pictures:
        for number, pixels in zip(missing, pictures, strict=True):
            parts.put(number, machine.encode(pixels))
            done += len(pixels)
            progress.update(done / total, f"Patches: {done} of {total}")


@contextmanager
def _read_ahead(slide: Slide, patches: Patches, plan: Sequence[np.ndarray]) -> Iterator[Iterator[np.ndarray]]:
    """Pixels of every part in turn, uint8 [k, p, p, 3], read by other threads while the caller works."""
    threads = min(4, max(1, (os.cpu_count() or 1) // 2))
    pool = ThreadPoolExecutor(threads, thread_name_prefix="patches")
    waiting: deque[Future[np.ndarray]] = deque()

    def pictures() -> Iterator[np.ndarray]:
        for indices in plan:
            waiting.append(pool.submit(patches.read, slide, indices))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    try:
        yield pictures()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


class _PatchEncoder:
    """The network on its device; falls from large batches to small ones and from the card to the processor."""

    def __init__(self, encoder: FeatureEncoder, patch: int, choice: DeviceChoice, notices: list[Notice]):
        self.choice = choice
        self.notices = notices
        self.network: TimmEncoder = encoder.build(patch)
        self.devices = [choice.device]
        self._batch = _BATCH_CPU if choice.device == "cpu" else _BATCH_CARD
        self._move(choice.device)

    def encode(self, pixels: np.ndarray) -> np.ndarray:
        """Features float32 [k, d] of patches uint8 [k, p, p, 3]."""
        try:
            found = in_batches(pixels, self._work, self._batch, on_smaller=self._smaller)
        except (RenalFusionError, RuntimeError) as error:
            short = is_out_of_memory(error) or getattr(error, "code", "") == "out_of_memory"
            if self.choice.device == "cpu" or not (short or is_device_lost(error)):
                raise
            self._to_processor(error, short)
            found = in_batches(pixels, self._work, self._batch, on_smaller=self._smaller)
        features = np.stack(found)
        if not np.isfinite(features).all():
            raise RenalFusionError(
                "features_not_finite",
                "The encoder gives values that are not numbers",
                remedy="Choose other weights, or the device cpu.",
            )
        return features

    def _work(self, pixels: np.ndarray) -> list[np.ndarray]:
        import torch

        images = torch.from_numpy(np.ascontiguousarray(pixels)).to(self.choice.device)
        images = (images.permute(0, 3, 1, 2).float() / 255 - self._mean) / self._std
        low = self.choice.precision == "bfloat16"
        with torch.inference_mode(), torch.autocast(self.choice.device, dtype=torch.bfloat16, enabled=low):
            tokens = self.network(images)
        return list(tokens.float().mean(dim=(1, 2)).cpu().numpy())

    def _smaller(self, batch: int) -> None:
        self._batch = batch

    def _to_processor(self, error: Exception, short: bool) -> None:
        first = str(error).splitlines()[0]
        self.notices.append(
            Notice(
                code="memory_fallback" if short else "device_lost",
                message=f"The graphics card {'is short of memory' if short else 'stopped answering'} ({first}); "
                "the processor went on.",
            )
        )
        self.choice = choose_device("cpu")
        self.devices.append("cpu")
        self._batch = _BATCH_CPU
        self._move("cpu")
        release_memory()

    def _move(self, device: str) -> None:
        import torch

        self.network.to(device)
        self._mean = torch.tensor(self.network.mean, device=device).view(1, 3, 1, 1)
        self._std = torch.tensor(self.network.std, device=device).view(1, 3, 1, 1)


def _attributes(
    out: Path,
    slide: Slide,
    patches: Patches,
    encoder: FeatureEncoder,
    grid: PatchGrid,
    key: FeatureKey,
    machine: _PatchEncoder,
) -> dict[str, dict[str, Any]]:
    """Attributes in CLAM's and TRIDENT's words, and our record."""
    stored = stored_level(slide, patches.side / grid.patch)
    rows, columns = slide.levels[stored].shape
    height, width = slide.levels[0].shape
    downsample = slide.levels[stored].downsample
    record = {
        "format": 1,
        "key": key.model_dump(),
        "encoder": encoder.model_dump(mode="json", exclude={"weights"})
        | {"weights_sha256": encoder.sha256_of_weights()},
        "grid": grid.model_dump(),
        "level0_um": patches.um_per_pixel,
        "pooling": "mean",
        "devices": machine.devices,
        "precision": machine.choice.precision,
    }
    coords = {
        # CLAM: a patch is read_region(coords, patch_level, (patch_size, patch_size)).
        "patch_size": round(patches.side / downsample),
        "patch_level": sum(level.stored for level in slide.levels[:stored]),
        "downsample": np.array([downsample] * 2),
        "downsampled_level_dim": np.array([columns, rows]),
        "level_dim": np.array([columns, rows]),
        "name": out.stem,
        "save_path": "",
        # TRIDENT
        "patch_size_level0": patches.side,
        "level0_magnification": round(10 / patches.um_per_pixel, 2),
        "target_magnification": round(10 / grid.um_per_pixel, 2),
        "overlap": 0,
        "savetodir": "",
        "level0_width": width,
        "level0_height": height,
    }
    return {
        "coords": coords,
        "features": {"encoder": encoder.name, "name": out.stem},
        "file": {RECORD: json.dumps(record, sort_keys=True)},
    }
