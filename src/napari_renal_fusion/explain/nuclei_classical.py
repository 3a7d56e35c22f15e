"""Nuclei as round spots of haematoxylin, by colour deconvolution and the Laplacian of Gaussians."""

from __future__ import annotations

import numpy as np

_WORKING_UM = 0.5
"""um per pixel at which spots are looked for; finer shows chromatin, which is not counted."""
_SIGMAS_UM = (1.2, 1.6, 2.1, 2.7)
"""Widths of the Gaussians; a disc of radius r answers most at r / sqrt(2), so radii of 1.7 to 3.8 um are found."""
_LEAST, _PART, _LOOK = 0.10, 0.45, 0.06
"""A spot counts from this answer (optical density), and from this part of the strong spots of its patch."""
_LEAST_ROUND = 0.15
"""Ratio of the two curvatures of a spot: a basement membrane or a fold is near 0, a disc 1."""


def haematoxylin_nuclei(pixels: np.ndarray, um_per_pixel: float, stain: str | None = None) -> np.ndarray:
    """Centres float64 [n, 2] (row, column) of dark round spots in the haematoxylin of uint8 [h, w, 3].

    The stain matrices are those of Ruifrok and Johnston (2001) in scikit-image: haematoxylin and eosin, or
    haematoxylin and PAS. Spots are maxima over place of -sigma^2 times the Laplacian of Gaussian, which does not
    see an even background; of spots closer than the radius of the larger the stronger stays.
    """
    from PIL import Image
    from skimage.color import hed_from_rgb, hpx_from_rgb

    zoom = um_per_pixel / _WORKING_UM
    height, width = (max(1, round(side * zoom)) for side in pixels.shape[:2])
    resample = Image.Resampling.BOX if zoom < 1 else Image.Resampling.BICUBIC
    small = np.asarray(
        Image.fromarray(np.ascontiguousarray(pixels[..., :3])).resize((width, height), resample)
    )
    density = -np.log10(np.maximum(small, 1) / 255.0)
    amounts = density @ (hpx_from_rgb if (stain or "").upper() == "PAS" else hed_from_rgb)
    spots = _spots(amounts[..., 0])
    # Centres move with their pixels' centres.
    factor = np.array([pixels.shape[0] / height, pixels.shape[1] / width])
    return (spots + 0.5) * factor - 0.5


def _spots(amount: np.ndarray) -> np.ndarray:
    from scipy.ndimage import gaussian_laplace
    from skimage.feature import peak_local_max

    found = []
    for sigma_um in _SIGMAS_UM:
        sigma = sigma_um / _WORKING_UM
        answer = -(sigma**2) * gaussian_laplace(amount, sigma, mode="reflect")
        places = peak_local_max(answer, min_distance=1, threshold_abs=_LOOK, exclude_border=False)
        places = places[_roundness(amount, sigma, places) >= _LEAST_ROUND]
        found.append(np.column_stack([answer[tuple(places.T)], places, np.full(len(places), sigma)]))
    spots = _apart(np.concatenate(found))
    if not len(spots):
        return np.zeros((0, 2))
    least = max(_LEAST, _PART * float(np.percentile(spots[:, 0], 90)))
    return spots[spots[:, 0] >= least, 1:3]


def _roundness(amount: np.ndarray, sigma: float, places: np.ndarray) -> np.ndarray:
    """Smaller by larger curvature at places [n, 2]: 1 for a disc, 0 for a line, below 0 for a saddle."""
    from scipy.ndimage import gaussian_filter

    at = tuple(places.T)
    down, right, mixed = (
        gaussian_filter(amount, sigma, order=order)[at] for order in ((2, 0), (0, 2), (1, 1))
    )
    middle, spread = (down + right) / 2, np.hypot((down - right) / 2, mixed)
    # The centre of a dark spot curves downwards both ways, so both are negative.
    return (middle + spread) / np.minimum(middle - spread, -1e-12)


def _apart(spots: np.ndarray) -> np.ndarray:
    """Rows (answer, row, column, sigma), strongest first, without those too close to a stronger one."""
    spots = spots[np.argsort(-spots[:, 0], kind="stable")]
    kept = np.zeros(len(spots), bool)
    for i, (_, row, column, sigma) in enumerate(spots):
        others = spots[:i][kept[:i]]
        least = np.sqrt(2) * np.maximum(others[:, 3], sigma)
        kept[i] = bool(np.all(np.hypot(others[:, 1] - row, others[:, 2] - column) > least))
    return spots[kept]
