"""The configuration of a HEALNet run: its modalities, its task, and everything that decides what is computed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from ...errors import RenalFusionError
from ...inputs import FeatureEncoder, PatchGrid

_WORD = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$"


class ModalitySpec(BaseModel):
    """One modality: an omics block made of ``parts`` of the table, or the slides of a patient.

    A part of an omics modality is a group of columns by its suffix or prefix (``rnaseq`` takes every
    ``*_rnaseq``) or the name of one column (``age``). ``one_token`` gives the row to the network as one token
    of p channels, as the published experiments do; ``token_per_feature`` as p tokens of one channel, so that
    attention says which columns counted. ``scale`` divides by the standard deviation of the training
    patients; without it values enter as they are (gaps filled with the training mean either way). ``limit``
    cuts scaled values off at so many standard deviations.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=_WORD)
    kind: Literal["omics", "slide"] = "omics"
    layout: Literal["one_token", "token_per_feature"] = "one_token"
    parts: tuple[str, ...] = ()
    scale: bool = True
    limit: float | None = Field(3.0, gt=0)

    @model_validator(mode="after")
    def _agree(self) -> ModalitySpec:
        if self.kind == "slide" and self.parts:
            raise ValueError("a slide modality is made of slides, not of columns")
        return self

    @property
    def columns_of(self) -> tuple[str, ...]:
        """The groups and columns of the table that this modality is made of."""
        return self.parts or (self.name,)


class HEALNetTrainingConfig(BaseModel):
    """Everything that decides what a HEALNet run computes; ``config.json`` and the options derive from it.

    Hyper-parameters have the published constructor's names. A survival run must say what its outcome is, in
    whom, from when time is counted and in which unit, and whether these patients have a tumour: all four
    stand on every curve that the bundle draws, and a tumour's bundle does not answer about a medical biopsy.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["healnet"] = "healnet"
    preset: Literal["healnet"] = "healnet"
    name: str = Field("healnet", title="Name of the model", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    title: str = Field("HEALNet", title="Title")
    task: Literal["survival", "classification"] = Field("survival", title="Task")
    modalities: tuple[ModalitySpec, ...] = Field(title="Modalities", min_length=1)
    synthetic: bool = Field(
        False,
        title="Made-up patients",
        description="No real patient: the bundle says so and names no disease.",
    )

    # What is predicted
    time_column: str = Field("survival_months", title="Column of the time")
    censored_column: str = Field("censorship", title="Column that is 1 if censored")
    label_column: str = Field("label", title="Column of the class")
    outcome: str = Field("", title="Outcome", description="What the time runs to: death of any cause.")
    population: str = Field("", title="Population", description="Who these patients are.")
    time_zero: str = Field("", title="Time zero", description="From when time is counted: diagnosis.")
    time_unit: Literal["", "days", "weeks", "months", "years"] = Field("", title="Unit of time")
    neoplastic: bool | None = Field(
        None, title="Tumours", description="Whether these patients have a tumour."
    )
    bins: int = Field(4, ge=2, le=20, title="Time bins")

    # Folds
    folds: int = Field(5, ge=1, le=50, title="Folds")
    group_by: Literal["patient"] = "patient"
    stopping_fraction: float = Field(
        0.15, ge=0, lt=0.5, title="Stopping share",
        description="Share of each fold's training patients that decides when to stop; 0: the last epoch is used.",
    )  # fmt: skip
    networks: int = Field(
        3, ge=1, le=20, title="Networks a fold",
        description="Averaged; each with a seed and a stopping share of its own.",
    )  # fmt: skip
    final: Literal["ensemble", "none"] = Field("ensemble", title="Final model")
    coverage: float = Field(0.9, ge=0.5, le=0.99, title="Coverage of the set")

    # Fitting
    epochs: int = Field(50, ge=1, le=10_000, title="Epochs")
    patience: int = Field(5, ge=0, title="Patience", description="0: all epochs.")
    stop_on: Literal["loss", "figure"] = Field(
        "loss", title="Stop on", description="The stopping share's loss, or its c-index (area under the ROC curve)."
    )  # fmt: skip
    batch: int = Field(4, ge=1, le=1024, title="Patients a step")
    optimizer: Literal["adam", "adamw"] = Field("adam", title="Optimiser")
    learning_rate: float = Field(0.008, gt=0, title="Learning rate", description="The largest of one cycle.")
    schedule: Literal["one_cycle", "constant"] = Field("one_cycle", title="Schedule")
    weight_decay: float = Field(0.0, ge=0, title="Weight decay")
    l1: float = Field(
        7.4e-4, ge=0, title="L1", description="Times the sum of the absolute weights, in the loss."
    )
    clip: float = Field(0.0, ge=0, title="Largest gradient norm", description="0: gradients are not clipped.")
    alpha: float = Field(0.4, ge=0, le=1, title="Alpha", description="Censored patients count 1 - alpha.")
    class_weights: Literal["none", "balanced"] = Field("balanced", title="Weights of classes or time bins")
    modality_dropout: float = Field(
        0.0, ge=0, lt=1, title="Modalities left out",
        description="Share of training draws in which one of a patient's modalities is left out.",
    )  # fmt: skip
    noise: float = Field(
        0.0, ge=0, title="Noise", description="Standard deviation added to omics in training."
    )
    max_patches: int = Field(
        2048, ge=1, title="Patches a step", description="Drawn anew in each epoch from a slide that has more."
    )
    seed: int = Field(0, ge=0, title="Seed")

    # Slides
    encoder: FeatureEncoder = Field(FeatureEncoder(), title="Encoder of patches")
    grid: PatchGrid = Field(PatchGrid(), title="Grid of patches")

    # Network
    depth: int = Field(5, ge=1, le=32)
    l_c: int = Field(17, ge=1)
    l_d: int = Field(62, ge=1)
    x_heads: int = Field(1, ge=1)
    l_heads: int = Field(8, ge=1)
    cross_dim_head: int = Field(27, ge=1)
    latent_dim_head: int = Field(64, ge=1)
    attn_dropout: float = Field(0.318, ge=0, lt=1)
    ff_dropout: float = Field(0.047, ge=0, lt=1)
    weight_tie_layers: bool = False
    num_freq_bands: int = Field(2, ge=0)
    max_freq: float = Field(2.0, gt=0)
    fourier_encode_data: bool = True
    self_per_cross_attn: int = Field(0, ge=0)
    snn: bool = True

    # Comparison
    cox_columns: tuple[str, ...] = Field(
        (), title="Columns of the Cox model", description="Modalities and columns; empty: every omics modality."
    )  # fmt: skip
    cox_limit: float = Field(
        0.0, ge=0, title="Limit of the Cox model", description="In standard deviations; 0: values are not cut off."
    )  # fmt: skip
    cox_penalty: float = Field(
        0.0, ge=0, title="Ridge penalty of the Cox model", description="0: chosen inside each training part."
    )

    # Machine
    device: Literal["auto", "cuda", "mps", "cpu"] = Field("auto", title="Device")
    precision: Literal["float32"] = "float32"
    threads: int = Field(0, ge=0, title="Processor threads")

    @field_validator("modalities")
    @classmethod
    def _named_once(cls, value: tuple[ModalitySpec, ...]) -> tuple[ModalitySpec, ...]:
        names = [one.name for one in value]
        if len(set(names)) != len(names):
            raise ValueError(f"a modality is named twice: {', '.join(names)}")
        return value

    @model_validator(mode="after")
    def _agree(self) -> HEALNetTrainingConfig:
        if self.task == "survival":
            said = {
                "outcome": self.outcome.strip(),
                "population": self.population.strip(),
                "time_zero": self.time_zero.strip(),
                "time_unit": self.time_unit,
            }
            missing = [name for name, value in said.items() if not value]
            missing += ["neoplastic"] * (self.neoplastic is None)
            if missing:
                raise ValueError(
                    f"a survival model must say {', '.join(missing)}: they stand on every curve that it draws"
                )
        if self.patience and not self.stopping_fraction:
            raise ValueError("patience needs a stopping_fraction above 0")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.modalities)

    def network_config(self, channels: Sequence[int], outputs: int):
        """The :class:`~napari_renal_fusion.networks.HEALNetConfig` for data channels per modality."""
        from ...networks import HEALNetConfig

        return HEALNetConfig(
            n_modalities=len(self.modalities),
            channel_dims=tuple(channels),
            num_spatial_axes=(1,) * len(self.modalities),
            out_dims=outputs,
            depth=self.depth,
            num_freq_bands=self.num_freq_bands,
            max_freq=self.max_freq,
            l_c=self.l_c,
            l_d=self.l_d,
            x_heads=self.x_heads,
            l_heads=self.l_heads,
            cross_dim_head=self.cross_dim_head,
            latent_dim_head=self.latent_dim_head,
            attn_dropout=self.attn_dropout,
            ff_dropout=self.ff_dropout,
            weight_tie_layers=self.weight_tie_layers,
            fourier_encode_data=self.fourier_encode_data,
            self_per_cross_attn=self.self_per_cross_attn,
            final_classifier_head=True,
            snn=self.snn,
        )


def modality_specs(
    text: str,
    *,
    slides: bool = False,
    layout: str = "one_token",
    scale: bool = True,
    limit: float | None = 3.0,
) -> tuple[ModalitySpec, ...]:
    """Modalities from one option: ``rnaseq,mut`` or ``omics=rnaseq+mut+age+is_female,cnv``.

    ``name=part+part`` joins groups and single columns to one modality; ``@features`` after it asks for one
    token a column (``rnaseq@features``). With ``slides`` a modality ``slide`` follows.

    Raises
    ------
    RenalFusionError
        ``modalities_invalid``.
    """
    found = []
    for one in (part.strip() for part in text.split(",")):
        if not one:
            continue
        matched = re.fullmatch(r"(?P<name>[^=@]+)(?:=(?P<parts>[^@]+))?(?:@(?P<layout>[a-z]+))?", one)
        asked = {None: layout, "features": "token_per_feature", "one": "one_token"}
        if not matched or matched["layout"] not in asked:
            raise _invalid(f"{one!r} is not a modality")
        parts = tuple(part.strip() for part in (matched["parts"] or "").split("+") if part.strip())
        try:
            found.append(
                ModalitySpec(
                    name=matched["name"].strip(),
                    layout=asked[matched["layout"]],
                    parts=parts,
                    scale=scale,
                    limit=limit if scale else None,
                )
            )
        except ValueError as error:
            raise _invalid(f"{matched['name']!r} cannot be the name of a modality") from error
    if slides:
        found.append(ModalitySpec(name="slide", kind="slide", layout="token_per_feature"))
    if not found:
        raise _invalid("No modality is named")
    return tuple(found)


def healnet_preset(modalities: tuple[ModalitySpec, ...], **changes) -> HEALNetTrainingConfig:
    """The preset ``healnet`` with some fields changed.

    Network and optimiser are the published ones for KIRP (Adam with one cycle to 0.008, batch 4, 50 epochs, patience
    5, dropout .318/.047, L1 4.6e-5, which counts 16-fold because the published step divides the loss by 16). Two
    things are ours, chosen by inner cross-validation in the training parts of KIRP: omics are standardised and cut
    off at 3 standard deviations, and 3 networks a fold answer together.

    Raises
    ------
    pydantic.ValidationError
        For a field that is unknown or does not fit the others.
    """
    return HEALNetTrainingConfig.model_validate({"modalities": modalities} | changes)


def _invalid(problem: str) -> RenalFusionError:
    return RenalFusionError(
        "modalities_invalid",
        problem,
        remedy="Write for example --modalities rnaseq,mut or --modalities omics=rnaseq+mut+age+is_female.",
    )
