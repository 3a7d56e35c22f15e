"""A cohort with several stains and antibodies, of which some cases lack a modality, and a run on it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from napari_renal_fusion.cases import Cohort, Modality
from napari_renal_fusion.networks import RenalHEALNetConfig
from napari_renal_fusion.training import TrainingConfig

from .tiny import tiny_cohort, tiny_config

LACKS_TEM = 5
"""Every case with this remainder of 6 has no electron images."""


def tiny_panel_cohort(folder: Path, per_class: int = 8, **options) -> Cohort:
    """:func:`tiny_cohort`: PASM and IgA are named; every sixth case has no electron images."""
    cohort = tiny_cohort(folder, per_class, **options)
    cases = []
    for place, case in enumerate(cohort.cases):
        images = [
            replace(one, stain={Modality.OM: "PASM", Modality.IM: "IgA"}.get(one.modality))
            for one in case.images
            if one.modality != Modality.TEM or place % 6 != LACKS_TEM
        ]
        cases.append(replace(case, images=tuple(images)))
    return replace(cohort, cases=tuple(cases))


def tiny_panel_config(**changes) -> TrainingConfig:
    """Two folds of a small renal HEALNet on frozen random encoders."""
    network = RenalHEALNetConfig(
        encoder=tiny_config().network.encoder,
        token_norm=True,
        l_c=4,
        l_d=16,
        heads=2,
        dim_head=8,
        token_width=8,
    )
    return tiny_config("panel", **({"network": network, "epochs": 2} | changes))
