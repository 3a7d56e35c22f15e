"""Explanations of a network that reads the whole panel: nothing stands in for what is left out, it is left out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..cases import Modality
from .explanation import BagEntry, BagRecord

if TYPE_CHECKING:
    from ..inference.session import Session
    from ..networks import FusionOutput

BASELINE_SAYS = (
    "A removed kind of images is really left out: the model answers without it, with the calibration of such "
    "answers. With nothing left, the shares of the classes in its training stand for the answer."
)
BAG_SAYS = (
    "This model sets no image aside. How much an image counted is its share of the attention that the electron "
    "images got (mean over layers, heads and latents), which is no measure of importance; beside it stands the "
    "effect of leaving it out."
)


def reads_panel(session: Session) -> bool:
    """Whether the session's network reads any number of images of each modality, any of them missing."""
    return session.network.config.whole_panel


def entering_keys(session: Session, modality: Modality) -> tuple[str, ...]:
    """Keys of the images that enter, in order: a copy of an image does not enter again."""
    twins = session.twins
    return tuple(key for key in session.order[modality] if twins[key] == key)


def panel_tokens(session: Session) -> dict[Modality, Tensor]:
    """Token maps [N, h, w, d] of the images that enter, by modality; copies that may take part in a gradient."""
    return {Modality(modality): maps[0].clone() for modality, maps in session.panel().maps.items()}


def fuse_panel(
    session: Session, tokens: Mapping[Modality, Tensor], *, attention: bool = False
) -> FusionOutput:
    """Run the fusion on token maps [B, N, h, w, d]; of light and IF images in the order of :func:`panel_tokens`."""
    stains = {
        modality: one.expand(len(tokens[Modality(modality)]), -1)
        for modality, one in session.panel().stains.items()
        if Modality(modality) in tokens and one.shape[1] == tokens[Modality(modality)].shape[1]
    }
    given = {modality.value: one for modality, one in tokens.items()}
    return session.network.fuse(given, None, stains, attention=attention)


def class_shares(session: Session) -> np.ndarray:
    """What is believed without any image, float64 [C]: the classes' shares in training, at the chosen frequencies."""
    config = session.bundle.config
    shares = np.array(config.class_shares or np.full(len(config.class_names), 1 / len(config.class_names)))
    shares = shares * np.array(session.frequency_factors or 1.0)
    return shares / shares.sum()


def answers_from(
    session: Session, sets: Collection[frozenset[Modality]]
) -> dict[frozenset[Modality], np.ndarray]:
    """Probabilities [C] from each set of the patient's modalities alone, as the bundle would answer such a case."""
    tokens = {modality: one[None] for modality, one in panel_tokens(session).items()}
    found = {}
    for shown in sets:
        if not shown:
            found[shown] = class_shares(session)
            continue
        output = fuse_panel(session, {m: one for m, one in tokens.items() if m in shown})
        found[shown] = session.calibrate(output.fusion.detach(), shown)[0].cpu().double().numpy()
    return found


def attention_maps(session: Session) -> dict[str, np.ndarray]:
    """Mean attention over layers, heads and latents, float32 [h, w], of every image that enters, by key.

    The maps of one modality sum to 1 together: attention is shared out among all tokens of a modality. It is the
    same for every class, and says where the network looked, not what it made of it.
    """
    tokens = {modality: one[None] for modality, one in panel_tokens(session).items()}
    with torch.no_grad():
        weights = fuse_panel(session, tokens, attention=True).attention
    maps = {}
    for modality, one in weights.items():
        mean = one[0].float().mean(dim=(0, 1, 2)).cpu().numpy()
        maps.update(zip(entering_keys(session, Modality(modality)), mean, strict=True))
    return maps


def panel_bag_record(session: Session) -> BagRecord | None:
    """What each electron image counted, in the order in which they enter; None if the patient has none.

    The effect of leaving an image out is exactly recomputed from the token maps without it; without the last one
    the answer is that from the other modalities.
    """
    if Modality.TEM not in session.order:
        return None
    keys, twins = entering_keys(session, Modality.TEM), session.twins
    everything = frozenset(session.order)
    complete = answers_from(session, [everything])[everything]
    without = dict(zip(keys, _left_out(session), strict=True))
    looked = attention_maps(session)
    copies = [key for key in session.order[Modality.TEM] if twins[key] != key]
    entries = []
    for key in session.order[Modality.TEM]:
        is_copy = key in copies
        # Leaving out one of two equal images leaves the other.
        alone = key not in without or key in {twins[copy] for copy in copies}
        other = complete if alone else without[key]
        entries.append(
            BagEntry(
                key=key,
                name=session.names[key],
                is_centre=False,
                kept=True,
                weight=float(looked[twins[key]].sum()),
                distance=0.0,
                duplicate_of=twins[key] if is_copy else None,
                effect=tuple((other - complete).tolist()),
                probabilities_without=tuple(other.tolist()),
            )
        )
    return BagRecord(
        entries=tuple(entries), threshold=0.0, mean_distance=0.0, weighs_by="attention",
        note=" ".join([BAG_SAYS, *_about(session, keys, copies)]),
    )  # fmt: skip


def _left_out(session: Session) -> np.ndarray:
    """Probabilities [n, C] without each of the n electron images that enter, in turn."""
    from .patient import rows_at_once

    tokens = panel_tokens(session)
    bag = tokens[Modality.TEM]
    if len(bag) == 1:
        rest = frozenset(tokens) - {Modality.TEM}
        return answers_from(session, [rest])[rest][None]
    index = torch.arange(len(bag), device=bag.device)
    # Indexing instead of a mask: each bag is exactly the one that a smaller folder would give.
    rows = torch.stack([index[index != i] for i in range(len(bag))])
    others = {modality: one for modality, one in tokens.items() if modality is not Modality.TEM}
    parts = []
    for some in rows.split(rows_at_once(bag)):
        batch = {modality: one.expand(len(some), *one.shape) for modality, one in others.items()}
        output = fuse_panel(session, {**batch, Modality.TEM: bag[some]})
        parts.append(session.calibrate(output.fusion.detach()).cpu().double().numpy())
    return np.concatenate(parts)


def _about(session: Session, keys: tuple[str, ...], copies: list[str]) -> list[str]:
    said = []
    if len(keys) == 1:
        rest = [one.title for one in session.order if one is not Modality.TEM]
        said.append(
            "Only one electron image: its effect is that of an answer "
            + (
                f"from {' and '.join(rest)} alone."
                if rest
                else "without any image, the shares of the classes."
            )
        )
    if copies:
        named = ", ".join(f"{copy} (the same as {session.twins[copy]})" for copy in copies)
        said.append(f"Copies enter once: {named}; leaving out one of them changes nothing.")
    return said
