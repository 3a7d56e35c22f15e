"""The bundle of a finished run: the final network with everything that stands beside its weights."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .. import __version__
from ..bundles import BundleConfig, Calibration, Origin, SelfTest
from ..bundles.format import MANIFEST
from ..bundles.local import remember_training_patients
from .card import model_card
from .config import TrainingConfig
from .descriptors import input_statistics
from .initial import EncoderSource
from .judging import Fitted, Judged
from .results import Results
from .run import BUNDLE, UNITS, Run

if TYPE_CHECKING:
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
) -> Path:
    """Write ``bundle`` (or ``bundle-OM-IM``) and what this laboratory keeps beside it."""
    import torch

    from ..bundles import save_bundle
    from ..inference import noise_logits
    from .members import combined, mean_tokens_of

    started = time.monotonic()
    used = sorted({case for one in judged.members for case in _cases_of(one)})
    trained = sorted({case for one in judged.members for case in one.outcome.cases["train"]})
    shared = frozen and not config.finetune_epochs
    network, state = combined(judged.members, config, run.folder / UNITS, source, shared)
    counts = np.bincount([cases[one].label for one in trained], minlength=config.network.n_classes)
    largest = max((len(cases[one].pictures.get("TEM", ())) for one in trained), default=0)
    known = None
    if judged.fits_none:
        known = {
            f"{k}.{name}": torch.from_numpy(np.asarray(value))
            for k, kept in enumerate(judged.fits_none.statistics)
            for name, value in kept.items()
        }
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
        input_statistics=input_statistics(judged.members, cases, config),
        bag_range=(min(config.bag_size[0], max(largest, 1)), min(config.bag_size[1], largest)),
        calibration=Calibration(
            temperature=judged.temperature,
            abstain_below=judged.abstain_below,
            fitted_on=f"{judged.patients} patients, each answered by a model that never saw them",
        ),
        conformal=judged.conformal,
        known=judged.fits_none.known if judged.fits_none else None,
        class_shares=_shares_in_the_loss(counts, config),
        seen_images=_fingerprints(cases[one] for one in used),
        stands_in_for=config.name if subset else "",
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
            patients=len({cases[one].patient_id for one in used}),
            images=sum(len(images) for one in used for images in cases[one].pictures.values()),
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
        model_card(bundle, results),
        half_precision=config.half_precision_weights,
        known=known,
    )
    remember_training_patients(sealed.sha256[MANIFEST], {cases[one].patient_id for one in used})
    return folder


def _shares_in_the_loss(counts: np.ndarray, config: TrainingConfig) -> tuple[float, ...]:
    """Frequencies of the classes that the network was made to believe; balanced weights make them equal."""
    if config.class_weights == "balanced":
        counts = np.ones(len(counts))
    return tuple((counts / counts.sum()).tolist())


def _cases_of(member: Fitted) -> tuple[str, ...]:
    """Everything that had a part in the model: training, stopping and calibration, not the independent test."""
    return tuple(case for part, ids in member.outcome.cases.items() if part != "independent" for case in ids)


def _fingerprints(used) -> tuple[str, ...]:
    found = {
        one.image_sha256[:_FINGERPRINT]
        for case in used
        for images in case.pictures.values()
        for one in images
    }
    return tuple(sorted(found))


def _measured_on(results: Results) -> str:
    patients = len({one.patient_id for one in results.cases})
    folds = len(results.folds)
    return f"{patients} patients in {folds} folds" if folds > 1 else f"{patients} held-out patients"
