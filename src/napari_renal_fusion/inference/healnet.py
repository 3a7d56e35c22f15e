"""Ask a HEALNet bundle about a case of slides and omics: a class or a risk, and what it is worth."""

from __future__ import annotations

import datetime as dt
import re
import time
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .. import __version__
from ..bundles import was_trained_on
from ..cases import Case
from ..compute.progress import Progress
from ..errors import RenalFusionError
from ..inputs.selection import LeftOutImage, Selection, keyed_images
from ..notices import Notice
from .engine import Engine, device_for
from .healnet_gather import HEALNetGathered, gather_healnet
from .healnet_session import HEALNetAnswer, HEALNetSession, answer_of
from .outcome import PLUMBING
from .prediction import Prediction, Provenance, SurvivalAnswer
from .reliability import checked_here

if TYPE_CHECKING:
    from ..bundles.healnet_bundle import HEALNetBundle

_RESEARCH = "Research use only."
_TUMOUR = re.compile(
    r"carcinoma|tumou?r|neoplas|oncocytoma|angiomyolipoma|sarcoma|lymphoma|cancer|\b(?:cc|p|ch)?rcc\b|癌|瘤"
)


def predict_healnet(
    case: Case,
    bundle: HEALNetBundle,
    *,
    device: str = "auto",
    threads: int = 0,
    progress: Progress | None = None,
    engine: Engine,
    features: Mapping[str, tuple[Path, ...]] | None = None,
    tumour: bool | None = None,
) -> Prediction:
    """Answer with one HEALNet bundle about one case; see :func:`napari_renal_fusion.inference.predict`.

    Parameters
    ----------
    features
        Files of patch features by slide modality, read in place of the case's slides.
    tumour
        Whether a person says that this case is a tumour; None: what its label says.

    Raises
    ------
    RenalFusionError
        If the bundle cannot be used or memory runs out. Missing modalities do not raise.
    """
    progress = progress or Progress()
    config = bundle.config
    started = time.perf_counter()
    where = device_for(device, threads)
    common = _common(case, bundle)
    if refusal := _not_its_patients(case, config, tumour):
        return _refused(refusal, (), common)
    with progress.part(0.05, 0.8):
        gathered = gather_healnet(case, config, features=features, device=device, progress=progress)
    notices = (*(one for one in case.notices if one.severity != "info"), *gathered.notices)
    common["modalities"] = tuple(gathered.uses)
    if not gathered.present:
        wanted = " or ".join(config.names)
        nothing = Notice(
            code="nothing_to_read",
            severity="error",
            message=f"This model reads {wanted}, and the case has nothing of it that can be used.",
        )
        return _refused(nothing, notices, common)
    progress.update(0.8, "Asking the model")
    network, _ = engine.prepare(bundle, where)
    for tensors in gathered.member_tensors:
        for name, tensor in tensors.items():
            if tensor is not None:
                tensors[name] = tensor.to(where.device)
    session = HEALNetSession(
        bundle=bundle,
        network=network,
        member_tensors=tuple(gathered.member_tensors),
        layouts={one.name: one.layout for one in config.inputs},
        features=gathered.features,
        all_slides=gathered.all_slides,
        slide_of=gathered.slide_of,
        patch_sides=gathered.patch_sides,
        omics=gathered.omics,
    )
    logits = session.member_logits()
    if not np.isfinite(logits).all():
        raise RenalFusionError(
            "features_not_finite",
            "The model's answer is not a number",
            remedy="Look for impossible values in the omics table, or choose the device cpu.",
        )
    if was_trained_on(bundle.sha256, case.patient_id):
        notices += (
            Notice(
                code="seen_in_training",
                message="This patient was in this model's training: its answer is no second opinion here.",
            ),
        )
    common["provenance"] = Provenance(
        program_version=__version__,
        bundle_name=config.name,
        bundle_sha256=bundle.sha256,
        trained_on=config.trained_on,
        device=where.device,
        device_reason=where.reason,
        precision="float32",
        made_at=dt.datetime.now(dt.UTC),
        input_sha256=gathered.input_sha256,
        seconds=round(time.perf_counter() - started, 3),
    )
    answer = answer_of(bundle, logits)
    if config.survival is not None:
        prediction = _risk_answer(bundle, answer, notices, common)
    else:
        prediction = _class_answer(bundle, logits, answer, gathered, notices, common)
    prediction._session = session
    progress.update(1.0, "Done")
    return prediction


def says_tumour(case: Case) -> bool:
    """Whether the case's label names a tumour."""
    return bool(_TUMOUR.search(unicodedata.normalize("NFKC", case.label or "").casefold()))


def _common(case: Case, bundle: HEALNetBundle) -> dict:
    config = bundle.config
    left_out = tuple(
        LeftOutImage(
            key=key, modality=image.modality, name=image.name, reason="this model reads slides and omics only"
        )
        for key, image in keyed_images(case).items()
    )
    shown = config.trained_on == "real" or config.task == "survival"
    return {
        "case_id": case.code or case.case_id,
        "task": config.task,
        "class_names": config.class_names
        if shown
        else tuple(f"class {i + 1}" for i in range(len(config.class_names))),
        "names_shown": shown,
        "scope": config.scope
        if shown
        else f"Can only tell {len(config.class_names)} classes of made-up patients apart; no disease is named here.",
        "selection": Selection(images=(), left_out=left_out),
        "checked_here": checked_here(bundle),
        "answered_by": config.title,
    }


def _not_its_patients(case: Case, config, tumour: bool | None) -> Notice | None:
    """Why a bundle of a tumour may not answer about a medical biopsy; None if it may."""
    if config.survival is None or not config.survival.neoplastic or not case.images:
        return None
    if tumour is True or (tumour is None and says_tumour(case)):
        return None
    return Notice(
        code="neoplastic_bundle",
        severity="error",
        message=f"This model was trained on tumours ({config.survival.population}), and this is a medical renal "
        "biopsy: nothing says that it is a tumour.",
    )


def _refused(reason: Notice, notices: tuple[Notice, ...], common: dict) -> Prediction:
    return Prediction(
        status="refused",
        verdict=f"No opinion: {reason.message} {_RESEARCH}",
        reasons=(reason,),
        warnings=notices,
        **common,
    )


def _risk_answer(
    bundle: HEALNetBundle, answer: HEALNetAnswer, notices: tuple[Notice, ...], common: dict
) -> Prediction:
    task = bundle.config.survival
    percentile = task.percentile(answer.risk)
    group = "high" if answer.risk > task.group_above else "low"
    survival = SurvivalAnswer(
        times=task.times,
        curve=answer.curve,
        outcome=task.outcome,
        population=task.population,
        time_zero=task.time_zero,
        unit=task.time_unit,
        group=group,
        percentile=percentile,
    )
    if bundle.config.trained_on == "synthetic":
        reason = Notice(
            code="synthetic_bundle",
            message="The model was trained on made-up patients; its numbers only show that the program works.",
        )
        return Prediction(
            status="refused", verdict=f"{PLUMBING} {_RESEARCH}", reasons=(reason,), warnings=notices,
            risk=answer.risk, survival=survival, **(common | {"names_shown": False}),
        )  # fmt: skip
    return Prediction(
        status="answered",
        verdict=f"{survival.sentence} {_RESEARCH}",
        warnings=notices,
        risk=answer.risk,
        survival=survival,
        **common,
    )


def _class_answer(
    bundle: HEALNetBundle, logits: np.ndarray, answer: HEALNetAnswer, gathered: HEALNetGathered,
    notices: tuple[Notice, ...], common: dict,
) -> Prediction:  # fmt: skip
    config = bundle.config
    # The networks of a fold answered its patients together when sets and temperature were fitted.
    by_fold = logits.astype(np.float64).reshape(config.folds, config.networks_a_fold, -1).mean(axis=1)
    scaled = by_fold / config.calibration.temperature
    each = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    each /= each.sum(axis=1, keepdims=True)
    spread = tuple(each.std(axis=0).tolist()) if len(each) > 1 else ()
    conformal = None
    if config.conformal is not None:
        if len(gathered.present) == len(config.names):
            conformal = config.conformal.sets(each[:, None])[0]
        else:
            notices += (
                Notice(
                    code="set_not_given",
                    severity="info",
                    message="No set of classes is given: its coverage was measured on patients with every modality.",
                ),
            )
    best = int(np.argmax(answer.probabilities))
    value = answer.probabilities[best]
    name = common["class_names"][best]
    reasons: list[Notice] = []
    if not common["names_shown"]:
        reason = Notice(
            code="synthetic_bundle",
            message="The model was trained on made-up patients; its numbers only show that the program works.",
        )
        status, verdict, reasons = "refused", f"{PLUMBING} {_RESEARCH}", [reason]
    else:
        if conformal == ():
            reasons.append(Notice(code="set_empty", message="No class is left at the stated coverage."))
        if value < config.calibration.abstain_below:
            reasons.append(
                Notice(
                    code="too_uncertain",
                    message=f"The largest probability is {value:.2f}, below {config.calibration.abstain_below:.2f}, "
                    "under which this model gives no opinion.",
                )
            )
        status = "abstained" if reasons else "answered"
        verdict = f"Most like {name} ({value:.0%}). {_RESEARCH}"
        if reasons:
            verdict = f"No opinion: {reasons[0].message} {_RESEARCH}"
    return Prediction(
        status=status,
        verdict=verdict,
        reasons=tuple(reasons),
        warnings=notices,
        probabilities=answer.probabilities,
        conformal=conformal,
        coverage=None if conformal is None else config.conformal.coverage,
        member_spread=spread,
        **common,
    )
