"""The bundle of a finished run: the final network with everything that stands beside its weights."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from .. import __version__
from ..bundles import BundleConfig, Calibration, Origin, PartialCalibration, SelfTest
from ..bundles.format import MANIFEST
from ..bundles.local import remember_training_patients
from ..cases import Modality
from ..errors import RenalFusionError
from ..inputs import PositivePanel
from .card import model_card
from .config import TrainingConfig
from .descriptors import input_statistics
from .groups import patient_keys
from .initial import EncoderSource
from .judging import Fitted, Judged
from .results import Results
from .run import BUNDLE, CONFIG, FOLDS, UNITS, Run

if TYPE_CHECKING:
    import torch

    from .patients import TrainingCase

_SELF_TEST_SEED, _SELF_TEST_BAG = 20260101, 4
_FINGERPRINT = 16  # hex digits of an image's SHA-256 that a bundle remembers


def write_bundle(
    run: Run,
    subset: str,
    config: TrainingConfig,
    judged: Judged,
    results: Results,
    cases: dict[str, TrainingCase],
    frozen: bool,
    source: EncoderSource,
    without: Mapping[str, tuple[Judged, Results]] | None = None,
) -> tuple[str, ...]:
    """Write ``bundle`` (or ``bundle-OM-IM``) and what this laboratory keeps beside it; say what could not be kept.

    ``without`` are calibration and figures of answers from some modalities alone, by their names.
    """
    from ..bundles import save_bundle
    from ..inference import noise_logits
    from .members import combined, mean_tokens_of

    started = time.monotonic()
    used = sorted({case for one in judged.members for case in _cases_of(one)})
    trained = sorted({case for one in judged.members for case in one.outcome.cases["train"]})
    shared = frozen and not config.finetune_epochs
    network, state = combined(judged.members, config, run.folder / UNITS, source, shared)
    counts = np.bincount([cases[one].label for one in trained], minlength=config.network.n_classes)
    keys = patient_keys(tuple(cases.values()))
    pictures = [images for one in used for images in _read_by_the_network(cases[one], config)]
    without = without or {}
    bundle = BundleConfig(
        name=f"{config.name}-{subset}"[:64] if subset else config.name,
        title=f"{config.title} ({subset.replace('-', ' + ')})" if subset else config.title,
        network=config.network,
        members=len(judged.members),
        shared_encoders=shared or len(judged.members) == 1,
        class_names=run.info.class_names,
        trained_on="synthetic" if all(cases[one].synthetic for one in used) else "real",
        rules=config.rules,
        preprocessing=config.preprocessing,
        crop=config.crop,
        input_statistics=input_statistics(judged.members, cases, config),
        bag_range=_bag_range([cases[one] for one in trained], config),
        panel=_positive_panel([cases[one] for one in trained], config),
        kind=config.network.kind,
        calibration=_calibration(judged),
        conformal=judged.conformal,
        known=judged.fits_none.known if judged.fits_none else None,
        without={
            shown: PartialCalibration(
                calibration=_calibration(partial),
                conformal=partial.conformal,
                known=partial.fits_none.known if partial.fits_none else None,
                accuracy=round(figures.mean["accuracy"], 4),
            )
            for shown, (partial, figures) in without.items()
        },
        class_shares=_shares_in_the_loss(counts, config),
        # What the encoders had learnt before came with them.
        seen_images=tuple(
            sorted(
                {one.image_sha256[:_FINGERPRINT] for images in pictures for one in images}
                | source.seen_images
            )
        ),
        stands_in_for=config.name if subset else "",
        run_id=run_id(run),
        self_test=SelfTest(
            seed=_SELF_TEST_SEED, bag=_SELF_TEST_BAG, logits=(0.0,) * config.network.n_classes
        ),
        metrics={name: round(value, 4) for name, value in results.mean.items()},
        metrics_measured_on=_measured_on(results),
        origin=Origin(
            program_version=__version__,
            command=run.info.command,
            seed=config.seed,
            made_on=dt.date.today().isoformat(),
            patients=len({keys[one] for one in used}),
            images=sum(map(len, pictures)),
            seconds=round(sum(one.outcome.seconds for one in judged.members) + time.monotonic() - started, 1),
        ),
    )
    expected = noise_logits(network, bundle, _SELF_TEST_SEED, _SELF_TEST_BAG)
    bundle = bundle.model_copy(update={"self_test": bundle.self_test.model_copy(update={"logits": expected})})
    folder = run.folder / (f"{BUNDLE}-{subset}" if subset else BUNDLE)
    sealed = save_bundle(
        folder,
        bundle,
        state,
        mean_tokens_of(judged.members, shared or len(judged.members) == 1),
        model_card(bundle, results, {shown: figures for shown, (_, figures) in without.items()}),
        half_precision=config.half_precision_weights,
        known=_statistics(judged),
        known_without={
            shown: _statistics(partial) for shown, (partial, _) in without.items() if partial.fits_none
        },
    )
    try:
        remember_training_patients(sealed.sha256[MANIFEST], {cases[one].patient_id for one in used})
    except (RenalFusionError, OSError) as error:
        # The bundle is whole without it, and a run of days must not fail at its last line.
        return (f"{folder.name}: its patients cannot be recognised here later, because {error}",)
    return ()


def _calibration(judged: Judged) -> Calibration:
    return Calibration(
        temperature=judged.temperature,
        abstain_below=judged.abstain_below,
        fitted_on=f"{judged.patients} patients, each answered by a single member that never saw them",
    )


def _statistics(judged: Judged) -> dict[str, torch.Tensor] | None:
    """Statistics of the known patients of each member as a bundle keeps them."""
    import torch

    if judged.fits_none is None:
        return None
    return {
        f"{k}.{name}": torch.from_numpy(np.asarray(value))
        for k, kept in enumerate(judged.fits_none.statistics)
        for name, value in kept.items()
    }


def run_id(run: Run) -> str:
    """What the bundles of one run share: 16 hex digits of the SHA-256 over its folds and its configuration."""
    content = b"".join((run.folder / name).read_bytes() for name in (FOLDS, CONFIG))
    return hashlib.sha256(content).hexdigest()[:16]


def _read_by_the_network(case: TrainingCase, config: TrainingConfig) -> list:
    """The pictures of each modality that this network reads; a run's cases have those of all its networks."""
    return [images for modality, images in case.pictures.items() if modality in config.rules.modalities]


def _positive_panel(trained: list[TrainingCase], config: TrainingConfig) -> PositivePanel | None:
    """The weakest antibody that a network which reads one image of the panel learnt from."""
    slot = config.rules.of(Modality.IM)
    if slot is None or not slot.takes_one:
        return None
    images = [one for case in trained for one in case.pictures.get(Modality.IM, ())]
    return PositivePanel.fit((one.image.intensity, one.pixels) for one in images)


def _bag_range(trained: list[TrainingCase], config: TrainingConfig) -> tuple[int, int]:
    """Fewest and most electron images of a bag in training; (0, 0) for a network that reads none."""
    if Modality.TEM not in config.rules.modalities:
        return 0, 0
    largest = max((len(one.pictures.get(Modality.TEM, ())) for one in trained), default=0)
    return min(config.bag_size[0], max(largest, 1)), min(config.bag_size[1], largest)


def _shares_in_the_loss(counts: np.ndarray, config: TrainingConfig) -> tuple[float, ...]:
    """Frequencies of the classes that the network was made to believe; balanced weights make them equal."""
    if config.class_weights == "balanced":
        counts = np.ones(len(counts))
    return tuple((counts / counts.sum()).tolist())


def _cases_of(member: Fitted) -> tuple[str, ...]:
    """Everything that had a part in the model: training, stopping and calibration, not the independent test."""
    return tuple(case for part, ids in member.outcome.cases.items() if part != "independent" for case in ids)


def _measured_on(results: Results) -> str:
    """``120 patients in 5 folds, 3 times``; counted from the units, because folds can be given."""
    patients = len(set(patient_keys(results.cases).values()))
    folds = len(results.folds)
    if folds == 1:
        return f"{patients} held-out patients"
    repeats = len({one.unit.rpartition("/")[2].rpartition("fold-")[0] for one in results.folds})
    if repeats > 1 and folds % repeats == 0:
        return f"{patients} patients in {folds // repeats} folds, {repeats} times"
    return f"{patients} patients in {folds} folds"
