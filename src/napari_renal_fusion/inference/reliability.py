"""What an answer can be relied on for: the set of classes, the distance to the known patients, the spread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..bundles import Bundle, CheckedHere, stored_check, stored_frequencies, was_trained_on
from ..bundles.format import FINGERPRINT
from ..bundles.frequencies import adjusted_to_frequencies
from ..bundles.known import bundle_distances
from ..bundles.local import Frequencies
from ..cases import Case, Modality
from ..errors import RenalFusionError
from ..inputs import PreparedImage
from ..notices import Notice

if TYPE_CHECKING:
    import torch

    from ..networks import FusionNetwork, FusionOutput
    from .session import Session


@dataclass(frozen=True)
class Reliability:
    """Class indices of the set (None without one) and its coverage; distance to the known patients and its
    limit (None without); per class, the standard deviation of the members' probabilities (empty for one).
    """

    conformal: tuple[int, ...] | None = None
    coverage: float | None = None
    distance: float | None = None
    distance_limit: float | None = None
    member_spread: tuple[float, ...] = ()


def reliability(session: Session, output: FusionOutput) -> Reliability:
    """What the bundle's calibration says about one fusion output (a batch of one).

    Set and distance were calibrated on patients with the same modalities, so none is given where mean tokens
    stand in for one, or where too few patients had these. The set belongs to the classes' shares in training, whatever frequencies are applied.
    """
    partial = session.calibration
    logits, features = members(output)
    temperature = partial.calibration.temperature
    each = (logits.float() / temperature).softmax(dim=-1).cpu().double().numpy()
    spread = tuple(each[:, 0].std(axis=0).tolist()) if len(each) > 1 else ()
    if session.substituted:
        return Reliability(member_spread=spread)
    conformal = coverage = distance = limit = None
    if partial.conformal is not None:
        coverage = partial.conformal.coverage
        if len(partial.conformal.scores) != len(each):  # a split of the whole ensemble
            mean = (output.fusion.float() / temperature).softmax(dim=-1).cpu().double().numpy()
            each = mean[None]
        conformal = partial.conformal.sets(each)[0]
    if partial.known is not None:
        limit = partial.known.limit
        distance = distance_to_known(session.bundle, session.network, features, tuple(session.order))
    return Reliability(conformal, coverage, distance, limit, spread)


def members(output: FusionOutput) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits [M, B, C] and pooled vectors before CMSA [M, B, D] of every member; a single network is one."""
    if output.member_logits is None:
        return output.fusion[None], output.unfused[None]
    return output.member_logits, output.member_unfused


def distance_to_known(
    bundle: Bundle, network: FusionNetwork, features: torch.Tensor, present: tuple[Modality, ...]
) -> float:
    """Distance of the first patient in ``features`` [M, B, D] to the patients the bundle knows.

    Of a network that reads the whole panel, by what the modalities ``present`` show alone.

    Raises
    ------
    RenalFusionError
        ``bundle_mismatch`` if the bundle's statistics belong to other features.
    """
    problem: Exception | None = None
    try:
        if network.config.whole_panel:
            features = features[..., network.columns_of([one.value for one in present])]
        given = features[:, :1].float().cpu().numpy()
        with np.errstate(all="ignore"):  # what comes of them is looked at
            distance = float(bundle_distances(bundle.statistics_for(present), given)[0])
        if np.isfinite(distance):
            return distance
    except (ValueError, KeyError, TypeError) as error:
        problem = error
    raise RenalFusionError(
        "bundle_mismatch",
        f"The known patients of the bundle {bundle.config.name} do not fit its network",
        path=bundle.folder,
        remedy="Get a new copy of the bundle.",
    ) from problem


def chosen_frequencies(bundle: Bundle, frequencies: Frequencies | str) -> Frequencies | None:
    """The disease frequencies to apply: given ones, those ``stored`` here, or none (``training``)."""
    if isinstance(frequencies, Frequencies):
        return frequencies
    if frequencies not in ("stored", "training"):
        raise ValueError(f"frequencies are Frequencies, 'stored' or 'training', not {frequencies!r}")
    return stored_frequencies(bundle.sha256) if frequencies == "stored" else None


def frequency_factors(bundle: Bundle, frequencies: Frequencies | None) -> tuple[float, ...] | None:
    """What each class's probability is multiplied by, before normalising; None without a correction.

    Raises
    ------
    RenalFusionError
        ``frequencies_impossible`` if the bundle does not say how frequent its classes were in training,
        ``frequencies_invalid`` if the frequencies do not fit its classes.
    """
    if frequencies is None:
        return None
    config = bundle.config
    if not config.class_shares:
        raise RenalFusionError(
            "frequencies_impossible",
            f"The bundle {config.name} does not say how frequent its classes were in training, so its "
            f"probabilities cannot be corrected to {frequencies.name!r}",
            path=bundle.folder,
            remedy="Train it again with this version; a stored correction ends with "
            f"`renal-fusion frequencies {config.name} --remove`.",
        )
    count = len(config.class_names)
    factors = adjusted_to_frequencies(
        np.full(count, 1 / count), config.class_shares, frequencies.of(config.class_names)
    )
    return tuple(factors.tolist())


def checked_here(bundle: Bundle) -> CheckedHere | None:
    """What the local check of this bundle found, None if it never ran here."""
    return stored_check(bundle.sha256)


def seen_notices(case: Case, bundle: Bundle, prepared: Mapping[str, PreparedImage]) -> tuple[Notice, ...]:
    """Say so where an image or the patient was in the bundle's training."""
    known = set(bundle.config.seen_images)
    keys = [key for key, one in prepared.items() if one.image_sha256[:FINGERPRINT] in known]
    patient = was_trained_on(bundle.sha256, case.patient_id)
    if not keys and not patient:
        return ()
    named = ", ".join(keys)
    if patient:
        who = f"This patient ({named}) was" if keys else "This patient was"
    else:
        who = f"{named} {'was' if len(keys) == 1 else 'were'}"
    return (
        Notice(
            code="seen_in_training",
            message=f"{who} in this model's training: its answer is no second opinion here.",
        ),
    )
