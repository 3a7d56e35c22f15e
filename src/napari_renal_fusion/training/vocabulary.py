"""The stains and antibodies that a network learns: those of the cohort that enough patients have."""

from __future__ import annotations

from collections import defaultdict

from ..cases import Cohort, Modality
from .config import TrainingConfig

FEWEST = 3
"""Patients under which a stain stays unknown: it would stand for these patients rather than for what it shows."""


def with_vocabulary(config: TrainingConfig, cohort: Cohort) -> TrainingConfig:
    """The configuration with the stains and antibodies of the labelled cases, if its network wants to know them.

    A network that reads one image of a modality does not, and names that are given already stay.
    """
    network = config.network
    if not network.whole_panel or network.stains or network.antibodies:
        return config
    found = {
        "stains": _names(cohort, Modality.OM) if "OM" in network.modalities else (),
        "antibodies": _names(cohort, Modality.IM) if "IM" in network.modalities else (),
    }
    return config.model_copy(update={"network": network.model_copy(update=found)})


def _names(cohort: Cohort, modality: Modality) -> tuple[str, ...]:
    """Names in the order of the alphabet, each as it is spelt first."""
    patients: dict[str, set[str]] = defaultdict(set)
    spelt: dict[str, str] = {}
    for case in (one for one in cohort.cases if one.label):
        for image in case.of(modality):
            if image.stain and (plain := image.stain.strip().casefold()):
                patients[plain].add(case.patient_id)
                spelt.setdefault(plain, image.stain.strip())
    return tuple(spelt[one] for one in sorted(spelt) if len(patients[one]) >= FEWEST)
