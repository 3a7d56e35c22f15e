"""Ask a bundle about a case: select, prepare, encode, fuse, and say what the answer is worth."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .. import __version__
from ..bundles import Bundle, BundleConfig, Frequencies, load
from ..cases import Case, Modality
from ..compute.devices import DeviceChoice, choose_device
from ..compute.memory import is_device_lost, is_out_of_memory, release_memory
from ..compute.progress import Progress
from ..errors import RenalFusionError
from ..inputs import PreparedImage, Selection, TokenCache, bag_order, for_bundle, keyed_images
from ..inputs.crops import chosen_glomeruli
from ..notices import Notice
from .alternatives import Alternatives, ask_others, find_others
from .encode import encode_images
from .engine import Engine, device_for, shared_engine
from .fusing import Fused
from .gather import Gathered, gather
from .outcome import Outcome
from .prediction import Prediction, Provenance
from .reliability import checked_here, chosen_frequencies, frequency_factors, seen_notices
from .session import Session
from .stand_in import choice_for, stand_in_for, stood_in_notice
from .warnings import input_notices

if TYPE_CHECKING:
    import torch

    from ..networks import FusionNetwork


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
    frequencies: Frequencies | Literal["stored", "training"] = "stored",
    features: Mapping[str, tuple[Path, ...]] | None = None,
    tumour: bool | None = None,
) -> Prediction:
    """Answer with one bundle about one case.

    Where images that the bundle needs are missing and a sibling for such cases is installed, the sibling
    answers: ``answered_by`` and a warning ``stood_in`` say so. A bundle that reads the whole panel answers without
    them itself, and a warning ``answered_without`` says so.

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
    frequencies
        Disease frequencies to correct the probabilities to: given ones, those ``stored`` in this laboratory
        (nothing happens if none are), or ``training`` for the probabilities as they were learnt. A
        correction is named in the prediction and in a notice.
    features, tumour
        For bundles of slides and omics (:func:`.healnet.predict_healnet`): files of patch features by modality, and
        whether a person says that the case is a tumour.

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
    if bundle.config.kind == "healnet":
        from .healnet import predict_healnet

        if isinstance(frequencies, Frequencies):
            raise RenalFusionError(
                "frequencies_impossible",
                f"Answers of {bundle.config.name} are not corrected to disease frequencies",
                path=bundle.folder,
                remedy="Ask it without frequencies.",
            )
        return predict_healnet(
            case, bundle, device=device, threads=threads, progress=progress, engine=engine, features=features,
            tumour=tumour,
        )  # fmt: skip
    config, asked = bundle.config, case
    admissible = for_bundle(case, config.crop)
    case = admissible.case
    if choice is not None and config.crop:
        choice = {modality: chosen_glomeruli(case, keys) for modality, keys in choice.items()}
    where = device_for(device, threads)
    started = time.perf_counter()
    with progress.part(0.05, 0.3):
        gathered = gather(case, config, engine.memo, progress, selection=selection, choice=choice)
    wanted = chosen_frequencies(bundle, frequencies)
    # A whole field in place of a glomerulus is refused, never stood in for.
    sibling, unusable = (None, ()) if admissible.refusals else stand_in_for(bundle, gathered, engine)
    if sibling is not None:
        chosen = choice_for(sibling.config, gathered.selection, choice, given=selection is not None)
        with progress.part(0.4, 1.0):
            prediction = predict(
                asked, sibling, choice=chosen, device=device, threads=threads, progress=progress, cache=cache,
                engine=engine, frequencies=wanted or "training",
            )  # fmt: skip
        notice = stood_in_notice(sibling.config.title, gathered.selection.missing)
        return prediction.model_copy(update={"warnings": (notice, *prediction.warnings)})
    selection, prepared = gathered.selection.also_left_out(admissible.left_out), gathered.prepared
    with progress.part(0.3, 0.4):
        others = find_others(case, config, selection, engine.memo, progress)
    shown = config.trained_on == "real" or (gathered.synthetic and others.synthetic)
    hidden = tuple(f"class {i + 1}" for i in range(len(config.class_names)))
    factors = frequency_factors(bundle, wanted if shown else None)
    outcome = Outcome(
        case,
        config,
        config.class_names if shown else hidden,
        shown,
        selection,
        frequencies=wanted.name if wanted and shown else "",
        checked=checked_here(bundle),
    )
    notices = unusable + input_notices(case, config, selection, prepared) + gathered.notices
    notices += seen_notices(case, bundle, prepared)
    if factors is not None:
        notices += (_corrected_notice(wanted, config.class_names),)
    if admissible.refusals:
        return outcome.refused(list(admissible.refusals), notices)
    refusing = [m for m in selection.missing if config.slot(m).if_missing == "refuse"]
    if refusing:
        return outcome.refused([_missing_notice(m) for m in refusing], notices)
    if not prepared:
        nothing = Notice(code="nothing_to_read", message="No image of this case could be read.")
        return outcome.refused([nothing], notices)

    def answer(where: DeviceChoice, more: tuple[Notice, ...]) -> Prediction:
        network, mean_tokens = engine.prepare(bundle, where)
        held = engine.cache if cache is None else cache
        with progress.part(0.4, 0.8):
            tokens, where = _encode(bundle, network, gathered, where, held, progress)
        session = Session(
            bundle=bundle,
            network=network,
            tokens=tokens,
            prepared=prepared,
            order=_order(selection, prepared),
            names={image.key: image.name for image in selection.images},
            class_names=outcome.class_names,
            mean_tokens=mean_tokens,
            substituted=() if config.network.whole_panel else selection.missing,
            frequency_factors=factors,
            absent=selection.missing if config.network.whole_panel else (),
            stains=_stains(case, config, selection),
        )
        provenance = _provenance(bundle, where, prepared, time.perf_counter() - started)

        def ask(fused: Fused) -> Alternatives | None:
            with progress.part(0.8, 1.0):
                return ask_others(others, session, fused, where, held, progress)

        return outcome.answered(session, notices + more, provenance, ask)

    prediction = _on_device_or_processor(answer, where, engine)
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


def _on_device_or_processor(
    answer: Callable[[DeviceChoice, tuple[Notice, ...]], Prediction], where: DeviceChoice, engine: Engine
) -> Prediction:
    """Answer on the chosen device; if its memory is short or it is lost, on the processor, and say so."""
    try:
        return answer(where, ())
    except (RenalFusionError, RuntimeError) as error:
        short = is_out_of_memory(error) or getattr(error, "code", "") == "out_of_memory"
        if where.device == "cpu" or not (short or is_device_lost(error)):
            raise
        first = str(error).splitlines()[0]
    cause = Notice(
        code="memory_fallback" if short else "device_lost",
        message=f"The graphics card {'is short of memory' if short else 'stopped answering'} ({first}); "
        "the processor was used instead.",
    )
    engine.forget()
    release_memory()
    return answer(choose_device("cpu"), (cause,))


def _encode(
    bundle: Bundle,
    network: FusionNetwork,
    gathered: Gathered,
    where: DeviceChoice,
    cache: TokenCache,
    progress: Progress,
) -> tuple[dict[str, torch.Tensor], DeviceChoice]:
    """Token maps by key, and the device with a word about smaller batches if memory was short."""
    smaller: list[int] = []
    tokens = {}
    used = [m for m in bundle.config.rules.modalities if m not in gathered.selection.missing]
    for place, modality in enumerate(used):
        pictures = {image.key: gathered.prepared[image.key] for image in gathered.selection.of(modality)}
        with progress.part(place / len(used), (place + 1) / len(used)):
            tokens |= encode_images(
                network,
                modality,
                pictures,
                bundle.config.preprocessing[modality],
                where,
                bundle_sha256=bundle.sha256,
                cache=cache,
                progress=progress,
                on_smaller=smaller.append,
            )
    if smaller:
        where = replace(where, reason=f"{where.reason}; memory was short, so {smaller[-1]} images at a time")
    return tokens, where


def _order(selection: Selection, prepared: Mapping[str, PreparedImage]) -> dict[Modality, tuple[str, ...]]:
    order = {}
    for modality in Modality:
        keys = {image.key: prepared[image.key] for image in selection.of(modality)}
        if keys:
            order[modality] = bag_order(keys)
    return order


def _stains(case: Case, config: BundleConfig, selection: Selection) -> dict[str, int]:
    """The network's index of what each image shows; empty for a network that does not ask."""
    if not config.network.whole_panel:
        return {}
    keyed = keyed_images(case)
    return {
        one.key: config.network.stain_index(one.modality.value, keyed[one.key].stain)
        for one in selection.images
    }


def _missing_notice(modality: Modality) -> Notice:
    return Notice(
        code="modality_missing",
        severity="error",
        message=f"This model needs {modality.title} and the case has no usable image of it.",
    )


def _corrected_notice(frequencies: Frequencies, class_names: tuple[str, ...]) -> Notice:
    shares = zip(class_names, frequencies.of(class_names), strict=True)
    listed = ", ".join(f"{name} {100 * share:.0f} %" for name, share in shares)
    return Notice(
        code="frequencies_corrected",
        severity="info",
        message=f"Probabilities are corrected to the disease frequencies {frequencies.name!r}: {listed}.",
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
