"""One epoch with the picture store and the token store against the same epoch that decodes (and encodes) anew.

Both sides are the same fit with the same draws, down to its checkpoints; only where the inputs come from differs,
and that the losses agree is checked. An epoch is everything between two events ``epoch``: the training patients,
the validation patients and the writing of the checkpoint.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np
from PIL import Image
from torch.utils.data import DataLoader

from napari_renal_fusion.cases import Cohort
from napari_renal_fusion.compute.devices import DeviceChoice
from napari_renal_fusion.compute.places import cache_dir
from napari_renal_fusion.compute.progress import Progress
from napari_renal_fusion.inputs import StoredPicture
from napari_renal_fusion.inputs.pixels import to_rgb8
from napari_renal_fusion.phantoms import write_cohort
from napari_renal_fusion.training import TrainingConfig, fit, preset
from napari_renal_fusion.training.data import CaseData, EpochBatches, collate_cases
from napari_renal_fusion.training.folds import Fold
from napari_renal_fusion.training.initial import EncoderSource, initial_network
from napari_renal_fusion.training.patients import TrainingCase, prepare
from napari_renal_fusion.training.tokens import encode_cases
from napari_renal_fusion.training.units import Unit

from .side_by_side import Comparison

_PATIENTS, _VALIDATION = 10, 2
_FULL_SIZE = {"om_size": (3072, 2048), "im_size": (1600, 1200), "tem_size": (2048, 2048)}
_SMALL = {"om_size": (768, 512), "im_size": (640, 480), "tem_size": (512, 512)}
_CPU = DeviceChoice("cpu", "float32", "")


def run(rounds: int = 3) -> Iterator[Comparison]:
    """Frozen encoders at two sizes of image files, then encoders that are trained."""
    frozen = _Bench(
        preset("small", encoder_weights="random", folds=2, epochs=4, patience=0), "tokens from the store"
    )
    trained = _Bench(preset("demo", epochs=3, batch=4), "pictures from the store")
    yield frozen.against(
        "decoded and encoded", "epoch, frozen EfficientNet-lite0, full-size files", _FULL_SIZE, rounds
    )
    yield frozen.against(
        "decoded and encoded", "epoch, frozen EfficientNet-lite0, 512 px files", _SMALL, rounds
    )
    yield trained.against(
        "decoded", "epoch, three small ResNets trained, full-size files", _FULL_SIZE, rounds
    )
    yield trained.against(
        f"decoded by {os.cpu_count()} processes", "the same", _FULL_SIZE, rounds, workers=os.cpu_count() or 1
    )


@dataclass(frozen=True)
class _Bench:
    """A training and what its own side is called."""

    config: TrainingConfig
    ours: str

    def against(
        self, alternative: str, what: str, sizes: dict[str, tuple[int, int]], rounds: int, workers: int = 0
    ) -> Comparison:
        with _stores(sizes, self.config) as (cases, tokens):
            anew = [_without_store(one) for one in cases]
            pairs = []
            for _ in range(rounds):
                (ours, losses), (theirs, same) = (
                    self._fit(cases, tokens),
                    self._fit(anew, tokens, workers, anew=True),
                )
                np.testing.assert_allclose(losses, same, rtol=1e-3)
                pairs.append((ours, theirs))
        return Comparison(
            f"{what} ({len(cases)} patients)", self.ours, alternative,
            statistics.median(ours for ours, _ in pairs), statistics.median(theirs for _, theirs in pairs),
            statistics.median(theirs / ours for ours, theirs in pairs), rounds,
        )  # fmt: skip

    def _fit(
        self, cases: list[TrainingCase], tokens, workers: int = 0, *, anew: bool = False
    ) -> tuple[float, list[float]]:
        """Median seconds of the epochs after the first, and the training loss of each epoch."""
        network = initial_network(self.config, "fold-1", EncoderSource("random"))
        moments, losses = [], []

        def tell(event: str, **values) -> None:
            moments.append(time.perf_counter())
            losses.append(values["train_loss"])

        unit = Unit("fold-1", self.config, Fold(name="fold-1", train=(), validation=(), test=()))
        phases = fit.phases_of(unit)
        if anew:
            phases = [replace(one, from_tokens=False) for one in phases]
        with (
            TemporaryDirectory() as folder,
            patch.object(fit, "phases_of", lambda _: phases),
            _decoding(workers),
        ):
            place = fit.Workplace(Path(folder), _CPU, Progress(), tell, tokens)
            fit.fit_unit(unit, network, cases[_VALIDATION:], cases[:_VALIDATION], place)
        return statistics.median(np.diff(moments)), losses


@contextmanager
def _stores(
    sizes: dict[str, tuple[int, int]], config: TrainingConfig
) -> Iterator[tuple[list[TrainingCase], object]]:
    """The benchmark's patients, in stores of their own; tokens where the encoders are frozen."""
    cohort = Cohort.from_csv(_patients(sizes))
    with TemporaryDirectory() as home, patch.dict(os.environ, RENAL_FUSION_HOME=home):
        cases = list(prepare(cohort, config)[0])
        tokens = None
        if config.freeze_encoders:
            network = initial_network(config, "fold-1", EncoderSource("random"))
            tokens = encode_cases(network, cases, config, _CPU, Progress())
        yield cases, tokens


def _patients(sizes: dict[str, tuple[int, int]]) -> Path:
    """Drawn once; bags of 5 to 10, two antibodies, compressed as hospital exports are."""
    folder = cache_dir() / "benchmarks" / f"epochs-{sizes['om_size'][0]}"
    if not (folder / "cohort.csv").is_file():
        print(f"drawing {_PATIENTS} phantoms into {folder} (only once)", file=sys.stderr)
        write_cohort(
            folder, _PATIENTS, 77, n_tem=(5, 10), antibodies=("IgA", "C3"), compression="jpeg",
            workers=os.cpu_count() or 1, **sizes,
        )  # fmt: skip
    return folder / "cohort.csv"


def _without_store(case: TrainingCase) -> TrainingCase:
    """The same patient; each picture is decoded and resized whenever it is asked for."""
    pictures = {
        modality: tuple(replace(one, _load=lambda one=one: _decoded(one)) for one in images)
        for modality, images in case.pictures.items()
    }
    return replace(case, pictures=pictures)


def _decoded(picture: StoredPicture) -> np.ndarray:
    """Only what must be done: no checksums, and a grey image is resized before its channel is repeated."""
    array = picture.image.read()
    box = picture.box
    part = array[box.top : box.top + box.height, box.left : box.left + box.width]
    resized = Image.fromarray(part).resize(picture.preprocessing.size[::-1], Image.Resampling.BICUBIC)
    return to_rgb8(np.asarray(resized))


@contextmanager
def _decoding(workers: int) -> Iterator[None]:
    """Let as many processes as asked make the batches of training, all epochs long."""

    def loader(data: CaseData, batches: EpochBatches) -> DataLoader:
        return DataLoader(data, batch_sampler=batches, collate_fn=collate_cases, num_workers=workers)

    with patch.object(fit, "training_loader", loader):
        yield
