"""What goes into HEALNet: checks, which patient has which modality, positions, tokens of unit variance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from .errors import NetworkInputError
from .healnet_config import HEALNetConfig

# nn.LayerNorm's own, which the published weights were trained with.
EPSILON = 1e-5


@dataclass(frozen=True)
class Context:
    """One modality of the K patients of a batch who have it, ready for attention.

    ``tokens`` [K, T, w] are data and positions, normalised to mean 0 and variance 1 over their c channels: what
    the LayerNorms of all layers share, because only their scale and shift differ. Channel c is 1 throughout, a
    place for the shift, and 0 fills up to w, a multiple of 8 as fused attention likes it. ``mask`` [K, T] is
    True for real tokens, ``None`` if all are. ``rows`` [K] are those patients in the batch, ``None`` if it is
    everyone.
    """

    tokens: Tensor
    mask: Tensor | None
    rows: Tensor | None


def check_inputs(
    config: HEALNetConfig,
    tensors: Sequence[Tensor | None],
    masks: Sequence[Tensor | None] | None,
    present: Tensor | None,
) -> tuple[Sequence[Tensor | None], Tensor]:
    """The masks, one for each modality, and which patient has which modality, bool [B, M].

    Raises
    ------
    NetworkInputError
        Modalities, shapes, channels or masks do not fit the network, a patient has no modality at all, or an
        empty bag.
    """
    count = config.n_modalities
    for what, given in (("tensors", tensors), ("masks", masks)):
        if isinstance(given, Tensor) or (given is not None and len(given) != count):
            held = "one tensor" if isinstance(given, Tensor) else str(len(given))
            raise NetworkInputError(
                f"this network needs a list of {count} {what}, one a modality, not {held}"
            )
    masks = [None] * count if masks is None else masks
    sizes = {m: len(tensor) for m, tensor in enumerate(tensors) if tensor is not None and tensor.ndim}
    if not sizes:
        raise NetworkInputError("all modalities are missing; at least one must be given")
    if len(set(sizes.values())) > 1:
        listed = ", ".join(f"modality {m} {size}" for m, size in sizes.items())
        raise NetworkInputError(f"the modalities have different numbers of patients: {listed}")
    present = _presence(tensors, present, next(iter(sizes.values())))
    for m, (tensor, mask) in enumerate(zip(tensors, masks, strict=True)):
        if tensor is None:
            continue
        _check_tensor(config, m, tensor)
        if mask is not None:
            _check_mask(config, m, tensor, mask, present[:, m])
        if math.prod(tensor.shape[1:-1]) == 0 and present[:, m].any():
            raise NetworkInputError(f"modality {m} has no tokens (an empty bag); give None if it is missing")
    return masks, present


def _presence(tensors: Sequence[Tensor | None], present: Tensor | None, batch: int) -> Tensor:
    given = torch.tensor([tensor is not None for tensor in tensors]).expand(batch, -1)
    if present is None:
        return given
    if present.dtype != torch.bool or tuple(present.shape) != tuple(given.shape):
        raise NetworkInputError(
            f"present must be bool {list(given.shape)} (patients, modalities), "
            f"not {present.dtype} {list(present.shape)}"
        )
    present = present.detach().cpu()
    if (impossible := (present & ~given).nonzero()).numel():
        patient, m = impossible[0].tolist()
        raise NetworkInputError(
            f"present says that patient {patient} has modality {m}, but its tensor is None"
        )
    if (nothing := (~present.any(dim=1)).nonzero()).numel():
        raise NetworkInputError(f"all modalities of patient {int(nothing[0])} in the batch are missing")
    return present


def _check_tensor(config: HEALNetConfig, m: int, tensor: Tensor) -> None:
    axes, channels = config.num_spatial_axes[m], config.channel_dims[m]
    if tensor.ndim != axes + 2 or tensor.shape[-1] != channels:
        wanted = ", ".join(["B", *(["tokens"] if axes == 1 else [f"axis {a}" for a in range(axes)])])
        raise NetworkInputError(
            f"modality {m} must be [{wanted}, {channels} channels], not {list(tensor.shape)}; channels come last"
        )
    if not tensor.is_floating_point():
        raise NetworkInputError(f"modality {m} must hold floating-point numbers, not {tensor.dtype}")


def _check_mask(config: HEALNetConfig, m: int, tensor: Tensor, mask: Tensor, present: Tensor) -> None:
    if config.num_spatial_axes[m] > 1 and config.fourier_encode_data:
        raise NetworkInputError(f"modality {m} has a grid of positions, so it cannot have a mask")
    shape = (len(tensor), math.prod(tensor.shape[1:-1]))
    if mask.dtype != torch.bool or tuple(mask.shape) != shape:
        raise NetworkInputError(
            f"the mask of modality {m} must be bool {list(shape)}, not {mask.dtype} {list(mask.shape)}"
        )
    if (empty := (present.to(mask.device) & ~mask.any(dim=1)).nonzero()).numel():
        raise NetworkInputError(
            f"modality {m} of patient {int(empty[0])} in the batch is an empty bag: its mask has no real token; "
            "say in present that it is missing"
        )


def make_context(
    config: HEALNetConfig, m: int, tensor: Tensor, mask: Tensor | None, has: Tensor, dtype: torch.dtype
) -> Context | None:
    """Modality ``m`` of the patients who ``has`` it (bool [B], on the CPU); ``None`` if nobody does.

    Positions and normalisation are computed in at least float32; ``dtype`` is that of the tokens returned.

    Raises
    ------
    NetworkInputError
        A real token holds NaN, infinity or a number too large to normalise.
    """
    if not has.any():
        return None
    rows = None
    if not has.all():
        rows = has.nonzero()[:, 0].to(tensor.device)
        tensor, mask = tensor[rows], mask if mask is None else mask[rows]
    if mask is not None:
        mask = None if bool(mask.all()) else mask
    axes = tensor.shape[1:-1]
    tokens = tensor.flatten(1, -2).to(torch.promote_types(dtype, torch.float32))
    if mask is not None:
        # Padding may hold anything, NaN too; masked out of the attention it would still poison gradients.
        tokens = tokens.masked_fill(~mask[..., None], 0)
    if config.fourier_encode_data:
        start = -1.0 if config.variant == "0.1.0" else 0.0
        grid = _grid(axes, start, tokens) if mask is None else _own_lengths(mask, start, tokens.dtype)
        encoded = fourier_positions(grid, config.num_freq_bands, config.max_freq)
        tokens = torch.cat([tokens, encoded.expand(len(tokens), -1, -1)], dim=-1)
    _check_finite(m, tokens, rows)
    tokens = F.layer_norm(tokens, tokens.shape[-1:], eps=EPSILON)
    constant = F.pad(tokens.new_ones(1, dtype=dtype), (0, -(tokens.shape[-1] + 1) % 8))
    tokens = torch.cat([tokens.to(dtype), constant.expand(*tokens.shape[:-1], -1)], dim=-1)
    return Context(tokens, mask, rows)


def fourier_positions(grid: Tensor, bands: int, max_freq: float) -> Tensor:
    """Positions [..., axes] -> [..., axes * (2 * bands + 1)].

    Per axis ``[sin(pi s_k x) for all k, cos(pi s_k x) for all k, x]``, s_k = linspace(1, max_freq / 2, bands).
    """
    scales = torch.linspace(1.0, max_freq / 2, bands, device=grid.device, dtype=grid.dtype)
    angles = math.pi * grid[..., None] * scales
    return torch.cat([angles.sin(), angles.cos(), grid[..., None]], dim=-1).flatten(-2)


def _grid(axes: Sequence[int], start: float, like: Tensor) -> Tensor:
    """Positions [tokens, axes] of a full grid from ``start`` to 1 along each axis, the last axis fastest."""
    lines = [torch.linspace(start, 1.0, size, device=like.device, dtype=like.dtype) for size in axes]
    return torch.stack(torch.meshgrid(*lines, indexing="ij"), dim=-1).flatten(0, -2)


def _own_lengths(mask: Tensor, start: float, dtype: torch.dtype) -> Tensor:
    """Positions [K, T, 1] of the real tokens as if the padding were not there; ``start`` for padding."""
    place = (mask.cumsum(dim=1) - 1).to(dtype)
    last = (mask.sum(dim=1, keepdim=True) - 1).clamp(min=1).to(dtype)
    return (start + (1.0 - start) * place / last).where(mask, start)[..., None]


def _check_finite(m: int, tokens: Tensor, rows: Tensor | None) -> None:
    # Squares are what a variance is made of: one that overflows would silently normalise its token to 0.
    size = torch.linalg.vector_norm(tokens.detach(), dim=-1)
    broken = (~(size < torch.finfo(size.dtype).max ** 0.5)).any(dim=1).nonzero()
    if len(broken):
        patient = int(broken[0]) if rows is None else int(rows[broken[0]])
        raise NetworkInputError(
            f"modality {m} of patient {patient} in the batch (counted from 0) holds values that are NaN, "
            "infinite or too large"
        )
