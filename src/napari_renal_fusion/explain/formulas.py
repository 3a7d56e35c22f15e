"""The five class activation map formulas, from activations and gradients to raw maps."""

from __future__ import annotations

import numpy as np

from .explanation import CamMethod

# The constant of pytorch-grad-cam's Grad-CAM++; raw maps are only equal with the same one.
_PLUS_PLUS_EPSILON = 1e-6


def needs_gradient(method: CamMethod) -> bool:
    """Say whether a method looks at the class at all: EigenCAM is the same for every class."""
    return method != "eigencam"


def raw_maps(method: CamMethod, activations: np.ndarray, gradients: np.ndarray | None) -> np.ndarray:
    """Compute raw class activation maps, before any relu, rescaling or resizing.

    With A the activations, G = d logit / d A, and sums over channels k unless said otherwise:

    ============ =====================================================================================
    gradcam      sum_k mean_xy(G_k) A_k  (Selvaraju et al., arXiv:1610.02391)
    gradcam++    sum_k w_k A_k, w_k = sum_xy a relu(G_k), a = G^2 / (2 G^2 + G^3 sum_xy(A_k) + 1e-6),
                 and a = 0 where G = 0  (Chattopadhay et al., arXiv:1710.11063, Eq. 19)
    layercam     sum_k relu(G_k) A_k  (Jiang et al., doi:10.1109/TIP.2021.3089943); the last relu of
                 the paper is left out, so that a raw map may be negative
    hirescam     sum_k G_k A_k  (Draelos and Carin, arXiv:2011.08891)
    eigencam     projection of the centred tokens on their first right singular vector
                 (Muhammad and Yeasin, arXiv:2008.00299)
    ============ =====================================================================================

    The formulas and the float32 arithmetic are those of pytorch-grad-cam's ``get_cam_image``. The
    sign of a singular vector is arbitrary; the one LAPACK returns is kept, as the library does, so
    an EigenCAM shows contrast between regions and not evidence for or against.

    Parameters
    ----------
    activations
        float32 [n, d, h, w].
    gradients
        float32 [n, d, h, w]; None for EigenCAM.

    Returns
    -------
    np.ndarray
        float32 [n, h, w].
    """
    if method == "eigencam":
        return np.stack([_principal_projection(one) for one in activations])
    if method == "layercam":
        return (np.maximum(gradients, 0) * activations).sum(axis=1)
    if method == "hirescam":
        return (gradients * activations).sum(axis=1)
    weights = gradients.mean(axis=(2, 3)) if method == "gradcam" else _plus_plus(activations, gradients)
    return (weights[:, :, None, None] * activations).sum(axis=1)


def _plus_plus(activations: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """Grad-CAM++ channel weights [n, d]."""
    squared = gradients**2
    summed = activations.sum(axis=(2, 3), keepdims=True)
    alpha = squared / (2 * squared + summed * (squared * gradients) + _PLUS_PLUS_EPSILON)
    alpha = np.where(gradients != 0, alpha, 0)
    return (np.maximum(gradients, 0) * alpha).sum(axis=(2, 3))


def _principal_projection(activation: np.ndarray) -> np.ndarray:
    """Project one image's tokens [d, h, w] on their first principal axis: float32 [h, w]."""
    tokens = activation.reshape(activation.shape[0], -1).transpose()
    tokens = tokens - tokens.mean(axis=0)
    # The library asks for full matrices; the first axis, its sign included, is the same without
    # them, and a 49 x 1024 map takes a tenth of the time.
    axes = np.linalg.svd(tokens, full_matrices=False)[2]
    return (tokens @ axes[0]).reshape(activation.shape[1:]).astype(np.float32)
