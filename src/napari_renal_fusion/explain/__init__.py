"""From a prediction to an explanation: heat maps, the bag record and contributions; no torch on import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .attention import SlideAttention, TokenAttention, slide_attention, token_attention
from .explanation import BagEntry, BagRecord, CamMethod, Contributions, Explanation, HeatMap
from .modality_skip import SkipTable, modality_skip
from .nuclei import NucleusCount, count_nuclei

if TYPE_CHECKING:
    from ..compute import Progress
    from ..inference.prediction import Prediction

__all__ = [
    "BagEntry",
    "BagRecord",
    "CamMethod",
    "Contributions",
    "Explanation",
    "HeatMap",
    "NucleusCount",
    "SkipTable",
    "SlideAttention",
    "TokenAttention",
    "count_nuclei",
    "explain",
    "layer_names",
    "modality_skip",
    "slide_attention",
    "token_attention",
]


def explain(
    prediction: Prediction,
    class_index: int | None = None,
    method: CamMethod = "gradcam",
    layer: str | None = None,
    progress: Progress | None = None,
) -> Explanation:
    """Explain one class of a prediction: heat maps, the bag of electron images, and contributions.

    Everything is computed from the token maps that the prediction holds in memory, so no image is
    encoded again, with one exception: a deeper ``layer`` runs an encoder once for every image.

    Parameters
    ----------
    prediction
        What :func:`napari_renal_fusion.inference.predict` returned in this process.
    class_index
        The class to explain, counted from 0; None is the most probable one.
    method
        ``gradcam``, ``gradcam++``, ``layercam``, ``eigencam`` or ``hirescam``; or ``attention`` for a network that
        reads the whole panel: mean attention over layers, heads and latents, the same for every class.
    layer
        None, or "encoder output", is the output of the encoders; any other name is a layer inside
        them, see :func:`layer_names`.
    progress
        Told how far the work is; may stop it.

    Raises
    ------
    RenalFusionError
        ``explanation_needs_prediction`` without token maps or probabilities; ``class_unknown``,
        ``cam_method_unknown``, ``layer_unknown`` or ``layer_not_spatial`` for a request that this
        model cannot answer.
    Cancelled
        If ``progress`` was cancelled.
    """
    from .compose import compose

    return compose(prediction, class_index, method, layer, progress)


def layer_names(prediction: Prediction) -> tuple[str, ...]:
    """Name the layers that :func:`explain` can look at, from the finest grid to the encoder output.

    Raises
    ------
    RenalFusionError
        ``explanation_needs_prediction`` if the prediction has no network in memory.
    """
    from .compose import session_of
    from .deeper import offered_layers

    return offered_layers(session_of(prediction))
