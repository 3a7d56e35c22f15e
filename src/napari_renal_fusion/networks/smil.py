"""Sparse multi-instance learning (SMIL): one token map from a bag of TEM images, by typicality."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .config import Preset
from .errors import NetworkInputError, NonFiniteFeatures

# Instances closer than this part of the mean pairwise distance are one instance.
MERGE_FRACTION = 1e-3

# Two encodings of one image differ by rounding; nothing below this part of the feature norm is a difference.
RESOLUTION = 2e-6

# Distances are float32: sums and ratios that agree to this part are ties.
TIE = 1e-6

# The published code reads this many images of a bag and adds this to a distance before it inverts it.
PUBLISHED_BAG_SIZE = 10
PUBLISHED_EPSILON = 1e-8


@dataclass(frozen=True)
class SMILResult:
    """What SMIL made of a batch of bags; only ``tokens`` carries a gradient.

    Attributes
    ----------
    tokens
        [B, L, d], f' of Eq. 7, in the dtype of the input.
    centre
        [B] int64, index in the bag of the most typical image.
    distances
        [B, N, N] float32, Euclidean distance between images; 0 for padding.
    weights
        [B, N] float32, what each image was multiplied by: 1 for the centre, 0 for images that were set
        aside, merged into another, or are padding.
    kept
        [B, N] bool, False for images set aside and for padding; a merged image follows its representative.
    merged_into
        [B, N] int64, index of the image that stands for this one (itself when it stands for itself).
    mean_distance
        [B] float32, Dbar of Eq. 5 over the images that are left after merging; 0 for a single one.
    """

    tokens: Tensor
    centre: Tensor
    distances: Tensor
    weights: Tensor
    kept: Tensor
    merged_into: Tensor
    mean_distance: Tensor

    @property
    def centre_distances(self) -> Tensor:
        """[B, N] float32, distance of every image to the centre of its bag."""
        return self.distances[torch.arange(len(self.centre), device=self.centre.device), self.centre]

    @property
    def merged(self) -> Tensor:
        """[B, N] bool, images that another one stands for."""
        own = torch.arange(self.merged_into.shape[1], device=self.merged_into.device)
        return self.merged_into != own


class SMIL(nn.Module):
    """Sparse multi-instance learning (CMUS-Net, Eq. 4 to 7); it has no parameters.

    Of the images that are left after merging copies, the centre c has the least sum of distances (ties: the
    lowest index); images with ``D(c, i) <= threshold * Dbar`` are kept, and
    ``f' = f_c + sum_i w_i f_i`` over the kept others, the weights inverse to the distance. One image gives
    f' = f, two give f' = f1 + f2, and of three none can be set aside at threshold 1.5 (triangle inequality).

    Before anything else, images closer than 1e-3 Dbar are merged into the one with the lowest index. Dbar is
    the mean over merged images here too, so copies cannot move the threshold: merging starts from a bound
    that does not depend on how often an image occurs and is repeated with the Dbar it leads to until nothing
    changes. It follows that no distance that enters a weight lies below 1e-3 Dbar.

    In the preset ``paper`` the distance is that of the token means and the weights sum to 1 over the kept
    others. In ``published_code`` it is that of the flattened token maps, inverse distances are scaled so that
    the nearest has 1 and the farthest kept 0 (all 1 when they are equal), and only the first ten different
    images are read.

    Distances are in float32 from exact differences, with autocast disabled, and carry no gradient.
    """

    def __init__(self, threshold: float = 1.5, preset: Preset = "paper"):
        super().__init__()
        if not threshold > 0:
            raise ValueError(f"SMIL: the threshold must be greater than 0, not {threshold}")
        self.threshold = threshold
        self.preset = preset

    def extra_repr(self) -> str:
        return f"threshold={self.threshold}, preset={self.preset!r}"

    def forward(self, x: Tensor, mask: Tensor) -> SMILResult:
        """Token maps x [B, N, L, d] of bags and mask [B, N] (bool, True for an image) -> ``SMILResult``.

        Padding (mask False) may hold anything, NaN included, and changes nothing.

        Raises
        ------
        NetworkInputError
            Shapes or the mask's dtype do not fit, or a bag has no image.
        NonFiniteFeatures
            An image has NaN, infinite or overflowing features.
        """
        check_bags(x, mask)
        size, device = mask.shape[1], x.device
        tokens = []
        centre = torch.zeros(len(x), dtype=torch.long, device=device)
        distances = torch.zeros(len(x), size, size, device=device)
        weights = torch.zeros(len(x), size, device=device)
        kept = torch.zeros_like(mask)
        merged_into = torch.arange(size, device=device).repeat(len(x), 1)
        mean_distance = torch.zeros(len(x), device=device)
        for b in range(len(x)):
            where = mask[b].nonzero()[:, 0]
            bag = x[b, where]
            between, norms = self._distances(bag)
            if not between.isfinite().all():
                raise NonFiniteFeatures("TEM", b, int(where[_first_non_finite(between)]))
            # A few steps on at most 100 x 100 numbers; in float64, which not every GPU has, the sums of
            # float32 distances are exact, so the order of the images cannot decide.
            chosen = _select(between.cpu().double(), float(norms.max()), self.threshold, self.preset)
            tokens.append(_weighted_sum(bag, chosen.weights))
            centre[b] = where[chosen.centre]
            distances[b, where[:, None], where] = between
            weights[b, where] = chosen.weights.float().to(device)
            kept[b, where] = chosen.kept.to(device)
            merged_into[b, where] = where[chosen.merged_into.to(device)]
            mean_distance[b] = chosen.mean_distance
        return SMILResult(torch.stack(tokens), centre, distances, weights, kept, merged_into, mean_distance)

    @torch.no_grad()
    def _distances(self, bag: Tensor) -> tuple[Tensor, Tensor]:
        """Distances [n, n] and norms [n], float32, of the images [n, L, d] of a bag (Eq. 4)."""
        with torch.autocast(bag.device.type, enabled=False):
            bag = bag.float()
            vectors = bag.mean(dim=1) if self.preset == "paper" else bag.flatten(1)
            # Row by row: exact differences (the Gram matrix cancels close images), memory of one bag.
            rows = [torch.linalg.vector_norm(vectors - vector, dim=1) for vector in vectors]
            distances = torch.stack(rows).triu(diagonal=1)
            return distances + distances.T, torch.linalg.vector_norm(vectors, dim=1)


def check_bags(x: Tensor, mask: Tensor) -> None:
    """Refuse bags x [B, N, ...] whose mask [B, N] does not fit, that are empty, or that hold NaN."""
    if mask is None or mask.dtype != torch.bool or mask.ndim != 2 or x.shape[:2] != mask.shape:
        given = "no mask" if mask is None else f"{mask.dtype} {list(mask.shape)}"
        raise NetworkInputError(f"TEM: images {list(x.shape)} need a boolean mask [B, N], not {given}")
    empty = (~mask.any(dim=1)).nonzero()
    if len(empty):
        raise NetworkInputError(f"TEM: the bag of patient {int(empty[0])} in the batch has no image")
    non_finite = (mask & ~x.detach().flatten(2).isfinite().all(dim=2)).nonzero()
    if len(non_finite):
        raise NonFiniteFeatures("TEM", *non_finite[0].tolist())


@dataclass(frozen=True)
class _Selection:
    """Centre, weights [n], kept [n], representatives [n] and Dbar of one bag of n images."""

    centre: int
    weights: Tensor
    kept: Tensor
    merged_into: Tensor
    mean_distance: float


def _select(distances: Tensor, norm: float, threshold: float, preset: Preset) -> _Selection:
    """Centre and weights (Eq. 5 to 7) from the distances [n, n] of one bag."""
    merged_into = _merge(distances, norm)
    unique = merged_into.unique()
    if preset == "published_code":
        unique = unique[:PUBLISHED_BAG_SIZE]
    among = distances[unique][:, unique]
    mean_distance = _mean_pairwise(among)
    totals = among.sum(dim=1)
    c = int((totals <= totals.min() * (1 + TIE)).nonzero()[0])
    near = among[c] <= threshold * mean_distance * (1 + TIE)
    near[c] = True

    others = near.clone()
    others[c] = False
    weights = torch.zeros(len(unique), dtype=distances.dtype)
    weights[others] = (_proportional if preset == "paper" else _min_max)(among[c][others])
    weights[c] = 1.0

    spread_weights = torch.zeros(len(distances), dtype=distances.dtype)
    spread_weights[unique] = weights
    kept = torch.zeros(len(distances), dtype=torch.bool)
    kept[unique] = near
    return _Selection(int(unique[c]), spread_weights, kept[merged_into], merged_into, mean_distance)


def _merge(distances: Tensor, norm: float) -> Tensor:
    """Representative [n] (lowest index) of the group of each image; groups are transitive.

    The first radius depends on the largest distance, not on a mean, so copies do not move it. By the triangle
    inequality Dbar >= 2 max(D) / n, hence it never exceeds 1e-3 Dbar for bags of up to 200 images.
    """
    radius = max(0.01 * MERGE_FRACTION * float(distances.max()), RESOLUTION * norm)
    while True:
        merged_into = _components(distances <= radius)
        unique = merged_into.unique()
        wanted = MERGE_FRACTION * _mean_pairwise(distances[unique][:, unique])
        if wanted <= radius:
            return merged_into
        radius = wanted


def _components(linked: Tensor) -> Tensor:
    """Lowest index [n] of the connected component of each node of the graph ``linked`` [n, n]."""
    labels = torch.arange(len(linked))
    while True:
        lowest = torch.where(linked, labels, len(linked)).amin(dim=1)
        if torch.equal(lowest, labels):
            return labels
        labels = lowest


def _mean_pairwise(distances: Tensor) -> float:
    """Dbar (Eq. 5): mean over the pairs i < j; 0 for a single image."""
    n = len(distances)
    return float(distances.sum()) / (n * (n - 1)) if n > 1 else 0.0


def _proportional(distances: Tensor) -> Tensor:
    """Weights inverse to the distance that sum to 1 (Eq. 7)."""
    inverse = 1 / distances
    return inverse / inverse.sum()


def _min_max(distances: Tensor) -> Tensor:
    """Inverse distances scaled to [0, 1] as in the published code; all 1 where they are equal."""
    if not len(distances) or distances.max() <= distances.min() * (1 + TIE):
        return torch.ones_like(distances)
    inverse = 1 / (distances + PUBLISHED_EPSILON)
    return (inverse - inverse.min()) / (inverse.max() - inverse.min())


def _weighted_sum(bag: Tensor, weights: Tensor) -> Tensor:
    """Sum of the token maps bag [n, L, d] times weights [n], at least in float32 -> [L, d]."""
    used = weights.nonzero()[:, 0].to(bag.device)
    dtype = torch.promote_types(bag.dtype, torch.float32)
    factors = weights.to(dtype).to(bag.device)[used]
    return (factors[:, None, None] * bag[used].to(dtype)).sum(dim=0).to(bag.dtype)


def _first_non_finite(distances: Tensor) -> int:
    # The image at fault makes its whole row non-finite, so it has the most such entries.
    return int((~distances.isfinite()).sum(dim=1).argmax())
