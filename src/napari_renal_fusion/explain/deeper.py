"""Class activation maps at a layer inside an encoder, through pytorch-grad-cam; this does run the encoder."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from ..cases import Modality
from ..errors import RenalFusionError
from .explanation import OUTPUT_LAYER, CamMethod
from .formulas import needs_gradient, raw_maps
from .panel import entering_keys, reads_panel
from .patient import fuse, patient_tokens

if TYPE_CHECKING:
    from ..inference.session import Session
    from ..networks import TimmEncoder


class OneImageVaries(nn.Module):
    """The network as a function of one image of a patient, with the tokens of all others held fixed.

    Parameters
    ----------
    session
        The patient.
    modality
        Modality of the image that varies.
    position
        Its place among the images of that modality that enter, in the order in which they do.
    """

    def __init__(self, session: Session, modality: Modality, position: int):
        super().__init__()
        self.network = session.network
        self._session, self._modality, self._position = session, modality, position
        self._held = patient_tokens(session)

    def forward(self, image: Tensor) -> Tensor:
        """Logits [1, C] for one normalised image [1, 3, H, W]."""
        varying = self.network.encode_images(self._modality.value, image).flatten(1, 2)
        held = self._held[self._modality]
        if held.ndim == 2:  # the only image of its modality
            varying = varying[0]
        else:
            varying = varying.reshape(1, *held.shape[1:])
            varying = torch.cat([held[: self._position], varying, held[self._position + 1 :]])
        tokens = {**self._held, self._modality: varying}
        return fuse(self._session, {modality: one[None] for modality, one in tokens.items()}).fusion


def offered_layers(session: Session) -> tuple[str, ...]:
    """Names of the stages that every encoder of the patient's images has, then the encoder output.

    An ensemble whose members have encoders of their own has no layer inside that all answers pass through.
    """
    if not getattr(session.network, "shared_encoders", True):
        return (OUTPUT_LAYER,)
    encoders = [session.network.encoders[modality.value] for modality in session.order]
    stages = [_stages(encoder) for encoder in encoders]
    common = [name for name in stages[0] if all(name in other for other in stages[1:])]
    return (*common, OUTPUT_LAYER)


def layer_cam(
    session: Session, key: str, image: Tensor, class_index: int, method: CamMethod, layer: str
) -> np.ndarray:
    """Raw map, float32 [h, w], of one image at a named layer of the backbone of its encoder.

    ``image`` is the normalised network input [3, H, W] of the image called ``key``. It passes through its
    encoder once more, in float32, while the tokens of all other images are held fixed; tokens that were
    made in lower precision are therefore not reproduced to the last digit.

    Raises
    ------
    RenalFusionError
        ``layer_unknown`` if the backbone has no layer of this name, ``layer_not_spatial`` if what it
        gives does not lie on a grid over the image, ``layer_of_ensemble`` if each member of an ensemble has
        encoders of its own.
    """
    if not getattr(session.network, "shared_encoders", True):
        raise RenalFusionError(
            "layer_of_ensemble",
            f"This model is {len(session.network.members)} networks with encoders of their own, so no layer "
            "inside them has one heat map",
            remedy=f"Choose the {OUTPUT_LAYER}.",
        )
    modality = next(modality for modality, keys in session.order.items() if key in keys)
    encoder = session.network.encoders[modality.value]
    target = _find(session, modality, layer)
    keys = entering_keys(session, modality) if reads_panel(session) else session.order[modality]
    varies = OneImageVaries(session, modality, keys.index(key))
    image = image[None].to(next(session.network.parameters()).device)
    activations, gradients = _captured(
        varies, target, _OnGrid(encoder.backbone, target, layer), image, class_index, method
    )
    if method == "eigencam":
        # The library would ask for a square matrix of all positions: 600 MB for a 112 x 112 layer.
        return raw_maps(method, activations, None)[0]
    cam = _library_class(method)(varies, [])
    return np.float32(cam.get_cam_image(image, target, None, activations, gradients, False)[0])


def _captured(
    varies: OneImageVaries,
    target: nn.Module,
    on_grid: _OnGrid,
    image: Tensor,
    class_index: int,
    method: CamMethod,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Activations and gradients [1, d, h, w] of one layer; leaves no gradient on the weights."""
    from pytorch_grad_cam.activations_and_gradients import ActivationsAndGradients

    with_gradient = needs_gradient(method)
    recorder = ActivationsAndGradients(varies, [target], on_grid)
    try:
        with torch.set_grad_enabled(with_gradient):
            image = image.clone().requires_grad_(with_gradient)
            logits = recorder(image)
            if with_gradient:
                # With respect to the image alone: the library's own backward call would fill the
                # gradient of every weight, a second copy of the network in memory.
                torch.autograd.grad(logits[0, class_index], image)
        if len(recorder.activations) != 1 or len(recorder.gradients) != int(with_gradient):
            raise on_grid.refusal()
        gradients = recorder.gradients[0].numpy() if with_gradient else None
        return recorder.activations[0].numpy(), gradients
    finally:
        recorder.release()


def _library_class(method: CamMethod) -> type:
    import pytorch_grad_cam

    return {
        "gradcam": pytorch_grad_cam.GradCAM,
        "gradcam++": pytorch_grad_cam.GradCAMPlusPlus,
        "layercam": pytorch_grad_cam.LayerCAM,
        "hirescam": pytorch_grad_cam.HiResCAM,
    }[method]


def _find(session: Session, modality: Modality, layer: str) -> nn.Module:
    modules = dict(session.network.encoders[modality.value].backbone.named_modules())
    if not layer or layer not in modules:
        raise RenalFusionError(
            "layer_unknown",
            f"The {modality.value} encoder has no layer called {layer!r}",
            remedy=f"Choose one of: {', '.join(offered_layers(session))}.",
        )
    return modules[layer]


class _OnGrid:
    """The ``reshape_transform`` of a layer: what it gives -> [1, d, h, w].

    Convolutional layers give [1, d, h, w], Swin gives [1, h, w, d], and other transformers give tokens,
    of which the class token is dropped.
    """

    def __init__(self, backbone: nn.Module, target: nn.Module, layer: str):
        channels_last = getattr(backbone, "output_fmt", "NCHW") == "NHWC"
        self.channels_last = channels_last and not isinstance(target, (nn.Conv2d, nn.BatchNorm2d))
        self.grid = getattr(getattr(backbone, "patch_embed", None), "grid_size", None)
        self.prefix_tokens = getattr(backbone, "num_prefix_tokens", 0)
        self.layer = layer

    def __call__(self, given: Tensor) -> Tensor:
        # A copy, because a later in-place activation would change what was recorded.
        if isinstance(given, Tensor) and len(given) == 1:
            if given.ndim == 4:
                return (given.permute(0, 3, 1, 2) if self.channels_last else given).clone()
            if given.ndim == 3 and self.grid and given.shape[1] == self.prefix_tokens + math.prod(self.grid):
                patches = given[:, self.prefix_tokens :]
                return patches.unflatten(1, self.grid).permute(0, 3, 1, 2).clone()
        raise self.refusal()

    def refusal(self) -> RenalFusionError:
        return RenalFusionError(
            "layer_not_spatial",
            f"What the layer {self.layer!r} gives does not lie on a grid over the image",
            remedy="Choose a stage of the encoder, or the encoder output.",
        )


def _stages(encoder: TimmEncoder) -> list[str]:
    """The stages that timm lists for a backbone, up to the one where it is cut; none where they have several
    branches (CrossViT).
    """
    if hasattr(encoder.backbone, "num_branches"):
        return []
    stage = encoder.config.stage
    listed = getattr(encoder.backbone, "feature_info", None) or []
    return [one["module"] for one in listed][: None if stage is None else stage + 1]
