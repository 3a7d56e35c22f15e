"""What a HEALNet attended to: the patches of a slide, or the features of an omics row, in raw numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from ..cases import Box
from ..errors import RenalFusionError
from .packed import Floats, Integers

if TYPE_CHECKING:
    from ..inference.healnet_session import HEALNetSession
    from ..networks import HEALNetOutput

ONE_TOKEN = (
    "This model reads {name} as one token, and the attention to a single token is 1 by construction: no feature "
    "can be singled out. A model trained with one token per feature can rank them."
)


class TopPatch(BaseModel):
    """One patch of a slide: its place in the ranking (from 1), in the features, and at level 0 (top left)."""

    model_config = ConfigDict(frozen=True)

    rank: int
    index: int
    x: int
    y: int
    weight: float


class SlideAttention(BaseModel):
    """Attention over the patches of one slide, never rescaled.

    ``weights`` is float32 [n], ``coords`` int64 [n, 2] (x, y: top left corner at level 0), ``patch_level0`` the
    side of a patch in level-0 pixels, ``label`` says over what was averaged. ``layers``, ``latents`` and ``heads``
    say how many of each there are to choose from. Several slides of a patient are one bag: the weights of its
    ``bag`` patches sum to 1, and ``raw_range`` is the smallest and largest of them all, so that one scale serves
    every slide; ``slide`` is the place of this one, ``slides`` their paths (empty for features without slides).
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True)

    modality: str
    weights: Floats
    coords: Integers
    patch_level0: int
    label: str
    raw_range: tuple[float, float]
    bag: int
    slide: int = 0
    slides: tuple[str, ...] = ()
    layers: int = 1
    latents: int = 1
    heads: int = 1

    @property
    def even(self) -> float:
        """The weight of every patch if the network preferred none."""
        return 1.0 / self.bag

    def top(self, count: int = 12) -> tuple[TopPatch, ...]:
        """The patches with the largest weights; of equal ones the first in the features comes first."""
        order = np.argsort(-self.weights, kind="stable")[:count]
        return tuple(
            TopPatch(
                rank=place + 1, index=int(i), x=int(self.coords[i, 0]), y=int(self.coords[i, 1]),
                weight=float(self.weights[i]),
            )
            for place, i in enumerate(order)
        )  # fmt: skip

    def box(self, patch: TopPatch) -> Box:
        """Where a patch lies on the slide, in level-0 pixels."""
        return Box(patch.y, patch.x, self.patch_level0, self.patch_level0)


class TokenWeight(BaseModel):
    """One omics feature: how much attention it got, and the patient's raw value (None if it is missing)."""

    model_config = ConfigDict(frozen=True)

    name: str
    weight: float
    value: float | None


class TokenAttention(BaseModel):
    """Omics features by attention, largest first; empty with a sentence in ``reason`` where there can be none.

    Attention says where the network looked, not in which direction the feature moved the answer.
    """

    model_config = ConfigDict(frozen=True)

    modality: str
    ranked: tuple[TokenWeight, ...] = ()
    reason: str = ""
    label: str = ""
    layers: int = 1
    latents: int = 1
    heads: int = 1

    @property
    def even(self) -> float:
        """The weight of every feature if the network preferred none."""
        return 1.0 / max(1, len(self.ranked))


def slide_attention(
    session: HEALNetSession,
    name: str,
    *,
    layer: int | None = None,
    latent: int | None = None,
    head: int | None = None,
    slide: int = 0,
    output: HEALNetOutput | None = None,
) -> SlideAttention:
    """Attention over the patches of a slide that belongs to the modality ``name``.

    Parameters
    ----------
    layer, latent, head
        Counted from 0; None averages over all of them. For each triple the weights sum to 1 over the patches,
        and so does their mean.
    slide
        Place of the slide among those of this modality, counted from 0.
    output
        What ``session.forward(attention=True)`` returned before; None computes it.

    Raises
    ------
    RenalFusionError
        ``attention_modality_unknown``, ``attention_modality_missing`` (this patient lacks it),
        ``attention_not_a_slide``, ``attention_choice_unknown``.
    """
    place = _checked(session, name)
    if name not in session.features:
        raise RenalFusionError(
            "attention_not_a_slide",
            f"{name} has no places on a slide",
            remedy="Ask for its ranked features instead.",
        )
    slide_of = np.asarray(session.slide_of[name])
    count = int(slide_of.max()) + 1
    if not 0 <= slide < count:
        raise RenalFusionError(
            "attention_choice_unknown",
            f"There is no slide number {slide} (counted from 0)",
            remedy=f"Choose a number from 0 to {count - 1}.",
        )
    weights, counts = _weights(session, output, place, layer, latent, head)
    features, here = session.features[name], slide_of == slide
    sides = getattr(session, "patch_sides", {}).get(name) or (features.patch_level0,) * count
    return SlideAttention(
        modality=name, weights=weights[here], coords=np.asarray(features.coords)[here],
        patch_level0=sides[slide], label=choice_label(layer, latent, head),
        raw_range=(float(weights.min()), float(weights.max())), bag=len(weights), slide=slide,
        slides=tuple(str(one.path) for one in session.all_slides[name]), **counts,
    )  # fmt: skip


def token_attention(
    session: HEALNetSession,
    name: str,
    *,
    layer: int | None = None,
    latent: int | None = None,
    head: int | None = None,
    output: HEALNetOutput | None = None,
) -> TokenAttention:
    """Features of the omics modality ``name``, ranked by attention; with one token for all of them, why not.

    Parameters and errors are those of :func:`slide_attention`; ``attention_not_omics`` for a slide.
    """
    if name in session.names and name not in session.omics and session.tensors.get(name) is not None:
        raise RenalFusionError(
            "attention_not_omics",
            f"{name} has no named features",
            remedy="Ask for its attention map instead.",
        )
    place = _checked(session, name)
    if session.layouts[name] != "token_per_feature":
        return TokenAttention(modality=name, reason=ONE_TOKEN.format(name=name))
    weights, counts = _weights(session, output, place, layer, latent, head)
    columns, values = session.omics[name]
    order = np.argsort(-weights, kind="stable")
    ranked = tuple(
        TokenWeight(name=str(columns[i]), weight=float(weights[i]), value=_number(values[i])) for i in order
    )
    return TokenAttention(modality=name, ranked=ranked, label=choice_label(layer, latent, head), **counts)


def choice_label(layer: int | None, latent: int | None, head: int | None) -> str:
    """What was averaged and what was chosen, counted from 1 as people do."""
    chosen = {"layer": layer, "latent": latent, "head": head}
    single = [f"{name} {index + 1}" for name, index in chosen.items() if index is not None]
    over = [f"{name}s" for name, index in chosen.items() if index is None]
    if over:
        listed = over[0] if len(over) == 1 else f"{', '.join(over[:-1])} and {over[-1]}"
        single.append(f"mean over {listed}")
    return ", ".join(single)


def _checked(session: HEALNetSession, name: str) -> int:
    """The place of a modality in the network's order, if this patient has it."""
    if name not in session.names:
        raise RenalFusionError(
            "attention_modality_unknown",
            f"This model has no modality called {name}",
            remedy=f"Choose among {', '.join(session.names)}.",
        )
    if session.tensors.get(name) is None:
        raise RenalFusionError(
            "attention_modality_missing",
            f"This patient has no {name}, so the model paid no attention to it",
            remedy="The answer comes from the other modalities.",
        )
    return list(session.names).index(name)


def _weights(
    session: HEALNetSession,
    output: HEALNetOutput | None,
    place: int,
    layer: int | None,
    latent: int | None,
    head: int | None,
) -> tuple[np.ndarray, dict[str, int]]:
    """Weights float32 [tokens] of one modality, and how many layers, latents and heads there are."""
    output = session.forward(attention=True) if output is None else output
    maps = [one[place] for one in output.attention]
    heads, latents = maps[0].shape[1:3]
    counts = {"layers": len(maps), "latents": int(latents), "heads": int(heads)}
    for what, index in (("layers", layer), ("latents", latent), ("heads", head)):
        if index is not None and not 0 <= index < counts[what]:
            raise RenalFusionError(
                "attention_choice_unknown",
                f"There is no {what.removesuffix('s')} number {index} (counted from 0)",
                remedy=f"Choose a number from 0 to {counts[what] - 1}.",
            )
    total: Any = 0.0
    chosen = maps if layer is None else [maps[layer]]
    for one in chosen:
        part = one[0].float()  # [heads, latents, tokens]
        part = part if head is None else part[head : head + 1]
        part = part if latent is None else part[:, latent : latent + 1]
        total = total + part.mean(dim=(0, 1))
    return (total / len(chosen)).detach().cpu().numpy().astype(np.float32), counts


def _number(value: Any) -> float | None:
    number = float(value)
    return number if np.isfinite(number) else None
