"""Ask a bundle about a case: select, prepare, encode, fuse, and say what the answer is worth."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from .. import __version__
from ..bundles import Bundle, BundleConfig, load
from ..cases import Case, ImageItem, Modality
from ..compute.devices import DeviceChoice, choose_device
from ..compute.memory import is_device_lost
from ..compute.progress import Progress
from ..errors import RenalFusionError
from ..inputs import (
    ImageMemo,
    PreparedImage,
    Preprocessing,
    Selection,
    TokenCache,
    bag_order,
    keyed_images,
    prepare_image,
    select,
    without_unreadable,
)
from ..notices import Notice
from ..phantoms.stamp import is_phantom
from .encode import encode_images
from .engine import Engine, device_for, shared_engine
from .outcome import Outcome
from .prediction import Prediction, Provenance
from .session import Session
from .warnings import input_notices


def predict(
    case: Case,
    bundle: str | Path | Bundle,
    *,
    selection: Selection | None = None,
    choice: Mapping[Modality, tuple[str, ...]] | None = None,
    device: str = "auto",
    threads: int = 0,
    progress: Progress | None = None,
    cache: TokenCache | None = None,
    engine: Engine | None = None,
) -> Prediction:
    """Answer with one bundle about one case.

    Parameters
    ----------
    bundle
        Name, folder, ``.zip`` or a loaded bundle.
    selection
        A ready selection; without it the bundle's rule chooses, modified by ``choice`` (keys per
        modality that the person chose).
    device
        ``auto``, ``cuda``, ``mps`` or ``cpu``. A card that is lost midway is replaced by the processor,
        with a warning.
    threads
        Processor threads, 0 for torch's own choice.
    progress
        Told what happens; cancelling it raises :class:`~napari_renal_fusion.compute.Cancelled`.
    cache, engine
        Where token maps and networks are kept; by default those of this process.

    Raises
    ------
    RenalFusionError
        If the bundle cannot be used, memory runs out, or features are not finite. Missing or
        unreadable images do not raise: the prediction is ``refused`` or carries a warning.
    """
    progress = progress or Progress()
    engine = engine or shared_engine()
    progress.update(0.0, "Loading the model")
    bundle = load(bundle)
    config = bundle.config
    where = device_for(device, threads)
    started = time.perf_counter()
    network, mean_tokens = engine.prepare(bundle, where)

    selection = selection or select(case, config.rules, choice, engine.memo)
    with progress.part(0.05, 0.4):
        selection, prepared, synthetic = _prepare(case, selection, config, engine.memo, progress)
    shown = config.trained_on == "real" or synthetic
    class_names = (
        config.class_names if shown else tuple(f"class {i + 1}" for i in range(len(config.class_names)))
    )
    answer = Outcome(case, config, class_names, shown, selection)
    refusing = [m for m in selection.missing if config.slot(m).if_missing == "refuse"]
    notices = input_notices(case, config, selection, prepared)
    if refusing:
        return answer.refused([_missing_notice(m) for m in refusing], notices)
    if not prepared:
        return answer.refused(
            [Notice(code="nothing_to_read", message="No image of this case could be read.")], notices
        )

    with progress.part(0.4, 0.95):
        tokens, where, lost = _encode(
            bundle, network, prepared, selection, where, engine, cache or engine.cache, progress
        )
    if lost:
        network, mean_tokens = engine.prepare(bundle, where)
        notices += (lost,)
    session = Session(
        bundle=bundle,
        network=network,
        tokens=tokens,
        prepared=prepared,
        order=_order(selection, prepared),
        names={image.key: image.name for image in selection.images},
        class_names=class_names,
        mean_tokens=mean_tokens,
        substituted=selection.missing,
    )
    progress.update(0.95, "Fusing")
    prediction = answer.answered(
        session, notices, _provenance(bundle, where, prepared, time.perf_counter() - started)
    )
    progress.update(1.0, "Done")
    return prediction


def model_input(prediction: Prediction, key: str) -> PreparedImage:
    """The picture that the model saw (``.pixels``, uint8 [H, W, 3]) and the part of the image it covers (``.box``).

    Raises
    ------
    RenalFusionError
        ``explanation_needs_prediction`` for a prediction that was read from a file, ``selection_unknown`` for
        an image that did not enter the model.
    """
    session = prediction._session
    if session is None:
        raise RenalFusionError(
            "explanation_needs_prediction",
            "This answer was read from a file, without the pictures behind it",
            remedy="Run the model again.",
        )
    if key not in session.prepared:
        raise RenalFusionError(
            "selection_unknown",
            f"{key} did not enter the model",
            remedy=f"Choose among {', '.join(session.prepared)}.",
        )
    return session.prepared[key]


def _prepare(
    case: Case, selection: Selection, config: BundleConfig, memo: ImageMemo, progress: Progress
) -> tuple[Selection, dict[str, PreparedImage], bool]:
    """Read and prepare the selected images; also tell whether every one of them is a phantom."""
    keyed = keyed_images(case)
    prepared: dict[str, PreparedImage] = {}
    unreadable: dict[str, RenalFusionError] = {}
    synthetic = True
    for done, image in enumerate(selection.images):
        progress.update(done / len(selection.images), f"Reading {image.key} ({image.name})")
        rule = config.preprocessing[image.modality]
        find_out = partial(_read, keyed[image.key], rule)
        try:
            prepared[image.key], phantom = memo.get(keyed[image.key], rule, find_out)
            synthetic = synthetic and phantom
        except RenalFusionError as error:
            unreadable[image.key] = error
    return without_unreadable(selection, unreadable), prepared, synthetic and bool(prepared)


def _read(image: ImageItem, preprocessing: Preprocessing) -> tuple[PreparedImage, bool]:
    """The prepared picture, and whether the image carries the phantom stamp."""
    array = image.read()
    return prepare_image(image, preprocessing, array), is_phantom(array)


def _encode(bundle, network, prepared, selection, where, engine, cache, progress):
    """Token maps by key; after a lost graphics card, from the processor and with a notice."""

    def run(network, where: DeviceChoice):
        smaller: list[int] = []
        tokens = {}
        used = [m for m in bundle.config.rules.modalities if m not in selection.missing]
        for place, modality in enumerate(used):
            keys = {image.key: prepared[image.key] for image in selection.of(modality)}
            with progress.part(place / len(used), (place + 1) / len(used)):
                tokens |= encode_images(
                    network,
                    modality,
                    keys,
                    bundle.config.preprocessing[modality],
                    where,
                    bundle_sha256=bundle.sha256,
                    cache=cache,
                    progress=progress,
                    on_smaller=smaller.append,
                )
        if smaller:
            where = replace(
                where, reason=f"{where.reason}; memory was short, so {smaller[-1]} images at a time"
            )
        return tokens, where

    try:
        return *run(network, where), None
    except RenalFusionError as error:
        if error.code != "out_of_memory" or where.device == "cpu":
            raise
        cause = Notice(code="memory_fallback", message=f"{error.problem}; the processor was used instead.")
    except RuntimeError as error:
        if not is_device_lost(error):
            raise
        cause = Notice(
            code="device_lost",
            message=f"The graphics card stopped answering ({str(error).splitlines()[0]}); the processor was used instead.",
        )
        engine.forget()
        cache = engine.cache
    where = choose_device("cpu")
    network, _ = engine.prepare(bundle, where)
    tokens, where = run(network, where)
    return tokens, where, cause


def _order(selection: Selection, prepared: Mapping[str, PreparedImage]) -> dict[Modality, tuple[str, ...]]:
    order = {}
    for modality in Modality:
        keys = {image.key: prepared[image.key] for image in selection.of(modality)}
        if keys:
            order[modality] = bag_order(keys)
    return order


def _missing_notice(modality: Modality) -> Notice:
    return Notice(
        code="modality_missing",
        severity="error",
        message=f"This model needs {modality.title} and the case has no usable image of it.",
    )


def _provenance(
    bundle: Bundle, where: DeviceChoice, prepared: Mapping[str, PreparedImage], seconds: float
) -> Provenance:
    return Provenance(
        program_version=__version__,
        bundle_name=bundle.config.name,
        bundle_sha256=bundle.sha256,
        trained_on=bundle.config.trained_on,
        device=where.device,
        device_reason=where.reason,
        precision=where.precision,
        made_at=dt.datetime.now(dt.UTC),
        input_sha256={key: one.image_sha256 for key, one in prepared.items()},
        seconds=round(seconds, 3),
    )
