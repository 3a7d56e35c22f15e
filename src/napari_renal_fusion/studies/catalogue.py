"""The studies that come with the program; another one is a list of rows."""

from __future__ import annotations

from itertools import product
from pathlib import Path

from ..cases import Modality
from ..training import TrainingConfig, preset
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


def panel() -> Study:
    """CMUS-Net with a model of its own for every set of modalities, and the renal HEALNet asked without the others.

    CMUS-Net reads one light and one immunofluorescence image, the HEALNet all of them. Its rows without some
    modality are the one network of its row "all", with these images taken away when it is tested.
    """
    rows = []
    for kind, title, change in (
        ("cmus-net", "CMUS-Net", _with_further_models),
        ("renal-healnet", "HEALNet", lambda config: as_preset(config, "panel")),
    ):
        for subset in reversed(_SUBSETS):
            whole = subset == _ORDER
            rows.append(
                Row(
                    key=kind if whole else f"{kind}-{'-'.join(subset)}",
                    title=f"{title}, {_shown(kind, subset)}",
                    change=change,
                    marks=tuple(one in subset for one in _ORDER),
                    run=kind,
                    subset=() if whole else subset,
                )
            )
    return Study(
        key="panel",
        title="CMUS-Net and the renal HEALNet, with modalities removed at test time",
        source="our own, after Table 3",
        columns=tuple(one.value for one in _ORDER),
        rows=tuple(rows),
        reference="cmus-net",
        whole_panel=True,
    )


def _shown(kind: str, subset: tuple[Modality, ...]) -> str:
    if subset == _ORDER:
        return "all"
    if kind == "cmus-net":
        return f"model for {' + '.join(subset)}"
    return f"without {' and '.join(one for one in _ORDER if one not in subset)}"


def _with_further_models(config: TrainingConfig) -> TrainingConfig:
    return as_preset(config, "small").model_copy(update={"subsets": _SUBSETS[:-1]})


def as_preset(config: TrainingConfig, name: str) -> TrainingConfig:
    """The same training by another preset: what was changed from its own preset, and its encoders, stay."""
    if config.preset == name:
        return config
    ours, theirs = preset(config.preset), preset(name)
    kept = {
        field: getattr(config, field)
        for field in TrainingConfig.model_fields
        if field not in ("preset", "name", "title", "network", "rules", "part_shown", "stain_hidden")
        and (getattr(config, field) != getattr(ours, field) or field == "preprocessing")
    }
    shared = {
        field: getattr(config.network, field)
        for field in ("encoder", "n_classes", "modalities", "token_norm")
    }
    return theirs.model_copy(update={**kept, "network": theirs.network.model_copy(update=shared)})


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


STUDIES = {
    "ablation": ablation, "full-ablation": full_ablation, "modalities": modalities, "panel": panel,
}  # fmt: skip
"""Studies that need nothing but a cohort, by the name that the command takes."""
