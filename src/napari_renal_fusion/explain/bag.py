"""The bag of electron images: what SMIL did with each, and what the answer would be without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from ..cases import Modality
from ..networks.smil import PUBLISHED_BAG_SIZE
from .explanation import BagEntry, BagRecord
from .panel import panel_bag_record, reads_panel
from .patient import fuse, mean_tokens, patient_tokens, probabilities, rows_at_once

if TYPE_CHECKING:
    from ..inference.session import Session
    from ..networks import SMILResult


def bag_record(session: Session) -> BagRecord | None:
    """Record what happened to each TEM image, in the order in which they enter the network.

    Centre, distances, weights and the images set aside are SMIL's; a merged copy names the image that
    stands for it. The effect of leaving an image out is recomputed exactly from the token maps with the
    smaller bag, so that the centre and the threshold may change with it; a bag of one becomes the
    bundle's mean tokens. None if the patient has no TEM image. For a network without SMIL that reads the whole
    panel see :func:`panel_bag_record`.
    """
    if Modality.TEM not in session.order:
        return None
    if reads_panel(session):
        return panel_bag_record(session)
    tokens = patient_tokens(session)
    output = fuse(session, {modality: one[None] for modality, one in tokens.items()})
    complete = probabilities(session, output)[0]
    without = _left_out(session, tokens)
    smil = _on_cpu(output.smil)
    keys = session.order[Modality.TEM]
    mean_distance = float(smil.mean_distance[0]) if smil else 0.0
    return BagRecord(
        entries=tuple(
            BagEntry(
                key=key,
                name=session.names[key],
                effect=tuple((without[i] - complete).tolist()),
                probabilities_without=tuple(without[i].tolist()),
                **_role(smil, keys, i),
            )
            for i, key in enumerate(keys)
        ),
        threshold=session.network.config.threshold,
        mean_distance=mean_distance,
        note=_note(session, smil),
    )


def _left_out(session: Session, tokens: dict[Modality, torch.Tensor]) -> np.ndarray:
    """Probabilities [n, C] without each image of the bag in turn."""
    bag = tokens[Modality.TEM]
    n = len(bag)
    if n == 1:
        smaller = {**tokens, Modality.TEM: mean_tokens(session, Modality.TEM)[None]}
        return probabilities(session, fuse(session, {m: one[None] for m, one in smaller.items()}))
    # Indexing instead of a mask: each bag is exactly the one that a smaller folder would give.
    index = torch.arange(n, device=bag.device)
    rest = torch.stack([index[index != i] for i in range(n)])
    others = {modality: one for modality, one in tokens.items() if modality is not Modality.TEM}
    parts = []
    for rows in rest.split(rows_at_once(bag)):
        batch = {modality: one.expand(len(rows), *one.shape) for modality, one in others.items()}
        parts.append(probabilities(session, fuse(session, {**batch, Modality.TEM: bag[rows]})))
    return np.concatenate(parts)


def _on_cpu(smil: SMILResult | None) -> SMILResult | None:
    if smil is None:
        return None
    return type(smil)(**{name: value.detach().cpu() for name, value in vars(smil).items()})


def _role(smil: SMILResult | None, keys: tuple[str, ...], i: int) -> dict:
    """What SMIL decided about image ``i``; without SMIL every image counts the same and none is the centre."""
    if smil is None:
        return {"is_centre": False, "kept": True, "weight": 1 / len(keys), "distance": 0.0}
    mean_distance = float(smil.mean_distance[0])
    stands_for_it = int(smil.merged_into[0, i])
    return {
        "is_centre": i == int(smil.centre[0]),
        "kept": bool(smil.kept[0, i]),
        "weight": float(smil.weights[0, i]),
        "distance": float(smil.centre_distances[0, i]) / mean_distance if mean_distance else 0.0,
        "duplicate_of": keys[stands_for_it] if stands_for_it != i else None,
    }


def _note(session: Session, smil: SMILResult | None) -> str:
    """What a person must know to read the record, in sentences."""
    keys = session.order[Modality.TEM]
    sentences = []
    if len(keys) == 1:
        sentences.append(
            "Only one electron image: the model uses it as it is. Its effect is that of replacing it by the "
            "average of the training images."
        )
    if smil is None:
        sentences.append("This model takes the mean of all electron images: none is set aside.")
        return " ".join(sentences)
    if not getattr(session.network, "shared_encoders", True) and len(keys) > 1:
        sentences.append(
            f"Each of the model's {len(session.network.members)} networks weighs the images in its own way: "
            "the numbers are means, and an image is set aside where most networks did so."
        )
    sentences += _about_copies(keys, smil)
    sentences += _about_numbers(session, smil)
    return " ".join(sentences)


def _about_copies(keys: tuple[str, ...], smil: SMILResult) -> list[str]:
    copies = [(keys[i], keys[j]) for i, j in enumerate(smil.merged_into[0].tolist()) if i != j]
    if not copies:
        return []
    named = ", ".join(f"{copy} (the same as {original})" for copy, original in copies)
    return [
        f"Merged copies: {named}. A copy does not count again, and leaving out one of them has hardly any "
        "effect, because the other one stays."
    ]


def _about_numbers(session: Session, smil: SMILResult) -> list[str]:
    keys, config = session.order[Modality.TEM], session.network.config
    different = smil.merged_into[0].unique()
    sentences = []
    if len(different) == 1 and len(keys) > 1:
        sentences.append("All electron images are copies of one image.")
    # With two images the only distance is the mean; with three the triangle inequality keeps the
    # farther one within 1.5 times the mean.
    safe = {2: 1.0, 3: 1.5}.get(len(different))
    if safe is not None and config.threshold >= safe:
        sentences.append(
            f"With {'two' if len(different) == 2 else 'three'} different electron images "
            "none can ever be set aside."
        )
    unread = different[PUBLISHED_BAG_SIZE:].tolist() if config.preset == "published_code" else []
    if unread:
        named = ", ".join(keys[i] for i in unread)
        sentences.append(
            f"This model reads only the first {PUBLISHED_BAG_SIZE} different images: {named} did not enter."
        )
    return sentences
