"""The units of a run: each fold, or the refit, of the full network and of every subset of its modalities."""

from __future__ import annotations

from dataclasses import dataclass

from ..cases import Modality
from .config import TrainingConfig
from .folds import Fold, Folds


@dataclass(frozen=True)
class Unit:
    """One network to fit: ``name`` (``fold-1``, ``OM-IM/fold-1``), its configuration and its cases."""

    name: str
    config: TrainingConfig
    fold: Fold

    @property
    def epochs(self) -> int:
        return self.config.epochs + self.config.finetune_epochs


def subset_name(modalities: tuple[Modality, ...]) -> str:
    """``OM-IM``: the modalities of a subset in the usual order."""
    return "-".join(one.value for one in Modality if one in modalities)


def units_of(config: TrainingConfig, folds: Folds) -> list[Unit]:
    """All units in the order in which they are fitted; those of the full network come first."""
    units = [Unit(fold.name, config, fold) for fold in folds.folds]
    for subset in config.subsets:
        restricted = config.restricted_to(subset)
        units += [Unit(f"{subset_name(subset)}/{fold.name}", restricted, fold) for fold in folds.folds]
    return units
