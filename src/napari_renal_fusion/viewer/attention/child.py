"""What the model's process answers about attention; plain JSON in and out, without Qt and napari."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...cases import Box, Case, PixelSize
from ...compute.progress import Progress
from ..json_lines import Handler

if TYPE_CHECKING:
    from ...inference.healnet_session import HEALNetSession
    from ...inference.prediction import Prediction
    from .parts import AttentionPart

_KEPT_BYTES = 2**28
"""Attention of the last answer that is kept for the next choice; above it is computed again each time."""
_COUNTING_UM = 0.5

Recall = Callable[[dict[str, Any]], tuple[Case, "Prediction"]]


class AttentionWork:
    """Second questions about an answer that the process still holds; ``recall`` finds it by ``prediction_id``."""

    def __init__(self, recall: Recall):
        self._recall = recall
        self._kept: tuple[str, Any] | None = None

    def handlers(self) -> dict[str, Handler]:
        return {"attention_parts": self.parts, "attention": self.attention, "nuclei": self.nuclei}

    def parts(self, params: dict[str, Any], progress: Progress) -> dict[str, Any]:
        """``prediction_id``: the modalities that can be looked at, and the answer without each."""
        from ...explain.modality_skip import modality_skip
        from .parts import AttentionParts

        _, prediction = self._recall(params)
        session = _session(prediction)
        if session is None:
            return AttentionParts(reason=_no_attention(prediction)).model_dump(mode="json")
        progress.update(0.0, "The answer without each modality")
        found = AttentionParts(
            parts=tuple(_part(session, name) for name in session.names),
            skip=modality_skip(session, prediction.class_names),
        )
        return found.model_dump(mode="json")

    def attention(self, params: dict[str, Any], progress: Progress) -> dict[str, Any]:
        """``prediction_id``, ``modality``, ``slide``, ``layer``, ``latent``, ``head`` (numbers or null)."""
        from ...explain.attention import slide_attention, token_attention

        _, prediction = self._recall(params)
        session, name = _session(prediction), params["modality"]
        progress.update(0.0, "Attention")
        output = self._output(params["prediction_id"], session)
        choice = {one: params.get(one) for one in ("layer", "latent", "head")}
        if name in session.features:
            found = slide_attention(session, name, slide=params.get("slide", 0), output=output, **choice)
        else:
            found = token_attention(session, name, output=output, **choice)
        return found.model_dump(mode="json")

    def nuclei(self, params: dict[str, Any], progress: Progress) -> dict[str, Any]:
        """``path``, ``stain``, ``pixel_size`` (or null) of a slide and ``box`` (top, left, height, width at level 0)."""
        from ...cases.slide_item import SlideItem
        from ...explain.nuclei import count_nuclei
        from ...explain.slide_patches import read_patch

        progress.update(0.0, "Counting nuclei")
        stated = params.get("pixel_size")
        item = SlideItem(Path(params["path"]), params.get("stain"), PixelSize(**stated) if stated else None)
        box = Box(*params["box"])
        with item.open() as slide:
            size = slide.pixel_size
            # The whole count is made at one resolution, whatever the scanner's.
            zoom = 1.0 if size is None else min(1.0, size.um / _COUNTING_UM)
            pixels = read_patch(slide, box, max(1, round(max(box.height, box.width) * zoom)))
        counted = count_nuclei(pixels, None if size is None else size.um / zoom, stain=item.stain)
        return counted.model_dump(mode="json")

    def _output(self, name: str, session: HEALNetSession) -> Any:
        if self._kept is not None and self._kept[0] == name:
            return self._kept[1]
        output = session.forward(attention=True)
        size = sum(
            one.numel() * one.element_size() for layer in output.attention for one in layer if one is not None
        )
        self._kept = (name, output) if size <= _KEPT_BYTES else None
        return output


def _session(prediction: Prediction) -> HEALNetSession | None:
    """The session of a prediction if its model reads slides or omics; None else."""
    session = prediction._session
    return session if hasattr(session, "layouts") else None


def _no_attention(prediction: Prediction) -> str:
    if prediction._session is None:
        return "The model did not answer about this case, so there is no attention to show."
    return "This model reads images of light, immunofluorescence and electron microscopy; its heat maps stand in the reader."


def _part(session: HEALNetSession, name: str) -> AttentionPart:
    from .parts import AttentionPart

    tensor = session.tensors.get(name)
    slides = tuple(str(item.path) for item in session.all_slides.get(name, ()))
    kind = "slide" if name in session.features or _reads_slides(session, name) else "omics"
    if tensor is None:
        reason = f"This patient has no {name}, so the model paid no attention to it."
        return AttentionPart(name=name, kind=kind, reason=reason)
    return AttentionPart(name=name, kind=kind, tokens=int(tensor.shape[1]), slides=slides)


def _reads_slides(session: HEALNetSession, name: str) -> bool:
    return next((one.kind == "slide" for one in session.bundle.config.inputs if one.name == name), False)
