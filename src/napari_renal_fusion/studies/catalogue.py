"""The studies that come with the program; another one is a list of rows."""

from __future__ import annotations

from itertools import product
from pathlib import Path

from ..cases import Modality
from ..training import TrainingConfig
from .study import Change, Row, Study

_ORDER = (Modality.OM, Modality.IM, Modality.TEM)
_SUBSETS = (
    (Modality.OM,),
    (Modality.IM,),
    (Modality.TEM,),
    (Modality.OM, Modality.IM),
    (Modality.OM, Modality.TEM),
    (Modality.IM, Modality.TEM),
    _ORDER,
)


def ablation() -> Study:
    """Table 2: SMIL, CMSA and the weighted loss (WL) switched off.

    Without SMIL the features of the TEM images are averaged, without CMSA they are concatenated as they are,
    without WL only the fusion loss is left.
    """
    rows = (
        _switches(smil=False, cmsa=False, weighted_loss=False),
        _switches(smil=False, cmsa=False, weighted_loss=True),
        _switches(smil=True, cmsa=True, weighted_loss=False),
        _switches(smil=True, cmsa=True, weighted_loss=True),
    )
    return Study(
        key="ablation",
        title="Ablation of SMIL, CMSA and the weighted loss",
        source="Table 2",
        columns=("SMIL", "CMSA", "WL"),
        rows=rows,
        reference=rows[-1].key,
    )


def full_ablation() -> Study:
    """Table 2 with every combination of the three switches."""
    rows = tuple(
        _switches(smil=smil, cmsa=cmsa, weighted_loss=weighted)
        for smil, cmsa, weighted in product((False, True), repeat=3)
    )
    study = ablation()
    return Study("full-ablation", study.title, "Table 2, all combinations", rows, rows[-1].key, study.columns)


def modalities() -> Study:
    """Tables 3 (disease) and 7 (stage): every subset of the three modalities."""
    rows = tuple(
        Row(
            key="-".join(subset),
            title=" + ".join(subset),
            change=_restricted(subset),
            marks=tuple(one in subset for one in _ORDER),
        )
        for subset in _SUBSETS
    )
    return Study(
        key="modalities",
        title="Subsets of the modalities",
        source="Tables 3 and 7",
        columns=tuple(one.value for one in _ORDER),
        rows=rows,
        reference=rows[-1].key,
    )


def encoders(weights: tuple[str, ...]) -> Study:
    """The same training from other encoder weights (``random``, a bundle, or a .safetensors file)."""
    rows = tuple(
        Row(
            key=f"{place}-{Path(one).stem}",
            title=Path(one).stem,
            change=lambda config, one=one: config.model_copy(update={"encoder_weights": one}),
        )
        for place, one in enumerate(weights, start=1)
    )
    return Study("encoders", "Encoder weights", "our own, after Table 5", rows, rows[-1].key)


def _switches(*, smil: bool, cmsa: bool, weighted_loss: bool) -> Row:
    marks = (smil, cmsa, weighted_loss)
    names = [name for name, on in zip(("SMIL", "CMSA", "WL"), marks, strict=True) if on]
    title = " + ".join(names) or "none"
    return Row(
        key="-".join(names) or "none",
        title=title,
        change=_network(smil=smil, cmsa=cmsa, weighted_loss=weighted_loss),
        marks=marks,
    )


def _network(**fields: bool) -> Change:
    def change(config: TrainingConfig) -> TrainingConfig:
        return config.model_copy(update={"network": config.network.model_copy(update=fields)})

    return change


def _restricted(subset: tuple[Modality, ...]) -> Change:
    return lambda config: config.restricted_to(subset)


STUDIES = {"ablation": ablation, "full-ablation": full_ablation, "modalities": modalities}
"""Studies that need nothing but a cohort, by the name that the command takes."""
