"""Put an explanation together: heat maps, the bag record and contributions of one prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import numpy as np
import torch

from ..cases import Modality
from ..compute import Progress
from ..errors import RenalFusionError
from .bag import bag_record
from .cams import token_cams
from .contributions import contributions
from .deeper import layer_cam
from .explanation import GRADIENT_METHODS, OUTPUT_LAYER, BagEntry, BagRecord, CamMethod, Explanation, HeatMap
from .panel import reads_panel

if TYPE_CHECKING:
    from ..inference.prediction import Prediction
    from ..inference.session import Session


def compose(
    prediction: Prediction,
    class_index: int | None,
    method: CamMethod,
    layer: str | None,
    progress: Progress | None,
) -> Explanation:
    """See :func:`napari_renal_fusion.explain.explain`."""
    session = session_of(prediction)
    class_index = _checked_class(prediction, class_index)
    _check_method(method, session, layer)
    progress = progress or Progress()
    layer = layer or OUTPUT_LAYER
    # A caller that predicts in inference mode may explain in it too; the gradient must exist there.
    with torch.inference_mode(False), torch.enable_grad():
        progress.update(0.0, "Electron images, one left out at a time")
        with torch.no_grad():
            record = _as_selected(prediction, bag_record(session))
            progress.update(0.1, "Contributions of the modalities")
            shares = contributions(session)
        with progress.part(0.2, 1.0):
            maps = _raw_maps(session, record, class_index, method, layer, progress)
    progress.update(1.0, "Explanation ready")
    return Explanation(
        case_id=prediction.case_id,
        class_index=class_index,
        class_name=session.class_names[class_index],
        method=method,
        heat_maps=tuple(
            _heat_map(session, record, key, maps, class_index=class_index, method=method, layer=layer)
            for key in _shown_keys(prediction, session)
        ),
        bag=record,
        contributions=shares,
        methods=methods_of(session),
    )


def session_of(prediction: Prediction) -> Session:
    """The network and token maps that a prediction holds.

    Raises
    ------
    RenalFusionError
        ``explanation_needs_prediction`` if it was read from a file, or the model did not run;
        ``explanation_other_kind`` for a HEALNet on slides and omics.
    """
    if prediction.modalities:
        raise RenalFusionError(
            "explanation_other_kind",
            f"The answer about case {prediction.case_id} comes from slides and omics, which have no heat maps of "
            "images",
            remedy="Look at its attention instead.",
        )
    if prediction._session is None or not prediction.probabilities:
        raise RenalFusionError(
            "explanation_needs_prediction",
            f"The answer about case {prediction.case_id} cannot be explained: what the model made of its "
            "images is not in memory",
            remedy="Run the model on this case again, then ask for the explanation.",
        )
    return prediction._session


def _checked_class(prediction: Prediction, class_index: int | None) -> int:
    n = len(prediction.probabilities)
    class_index = prediction.top if class_index is None else class_index
    if not 0 <= class_index < n:
        raise RenalFusionError(
            "class_unknown",
            f"There is no class number {class_index} (counted from 0)",
            remedy=f"Choose a number from 0 to {n - 1}: {', '.join(prediction.class_names)}.",
        )
    return class_index


def methods_of(session: Session) -> tuple[CamMethod, ...]:
    """Methods that a session's network can be asked for."""
    return (*GRADIENT_METHODS, "attention") if reads_panel(session) else GRADIENT_METHODS


def _check_method(method: str, session: Session, layer: str | None) -> None:
    offered = methods_of(session)
    if method not in get_args(CamMethod):
        problem = f"There is no heat map method called {method!r}"
    elif method not in offered:
        problem = "This model attends to no single image, so it has no attention to show"
    elif method == "attention" and layer not in (None, OUTPUT_LAYER):
        offered = GRADIENT_METHODS
        problem = "Attention is paid to what leaves the encoders, so no layer inside them has any"
    else:
        return
    raise RenalFusionError("cam_method_unknown", problem, remedy=f"Choose one of: {', '.join(offered)}.")


def _shown_keys(prediction: Prediction, session: Session) -> list[str]:
    """Keys of the images in the model, in the order of the selection rather than of their hashes."""
    entered = {key for keys in session.order.values() for key in keys}
    return [key for key in prediction.selection.keys if key in entered]


def _as_selected(prediction: Prediction, record: BagRecord | None) -> BagRecord | None:
    if record is None:
        return None
    place = {key: i for i, key in enumerate(prediction.selection.keys)}
    return record.model_copy(
        update={"entries": tuple(sorted(record.entries, key=lambda one: place[one.key]))}
    )


def _raw_maps(
    session: Session,
    record: BagRecord | None,
    class_index: int,
    method: CamMethod,
    layer: str,
    progress: Progress,
) -> dict[str, np.ndarray]:
    """Raw maps by key; at a deeper layer only of the images that are in use, for each costs an encoding."""
    if layer == OUTPUT_LAYER:
        progress.update(0.0, "Heat maps")
        return token_cams(session, class_index, method)
    inputs = session.inputs
    wanted = [
        key
        for modality, keys in session.order.items()
        for key in keys
        if _is_used(_entry(record, modality, key))
        and not (reads_panel(session) and session.twins[key] != key)
    ]
    maps = {}
    for i, key in enumerate(wanted):
        progress.update(i / len(wanted), f"Heat map {i + 1} of {len(wanted)}: {session.names[key]}")
        maps[key] = layer_cam(session, key, inputs[key], class_index, method, layer)
    return maps


def _entry(record: BagRecord | None, modality: Modality, key: str) -> BagEntry | None:
    return record.get(key) if modality is Modality.TEM else None


def _is_used(entry: BagEntry | None) -> bool:
    """Say whether an image's own token map entered the sum; light and IM images always do."""
    return entry is None or entry.weight > 0


def _heat_map(
    session: Session, record: BagRecord | None, key: str, maps: dict[str, np.ndarray], **asked
) -> HeatMap:
    modality = next(modality for modality, keys in session.order.items() if key in keys)
    entry = _entry(record, modality, key)
    # A merged copy counts through the image that stands for it, so it shows that image's map.
    source = key if entry is None or entry.duplicate_of is None else entry.duplicate_of
    if reads_panel(session):
        source = session.twins[key]
    return HeatMap(
        key=key,
        modality=modality,
        used=_is_used(entry),
        raw=maps[source] if _is_used(_entry(record, modality, source)) else None,
        box=session.boxes[key],
        **asked,
    )
