"""How often a disease that no network ever saw would be accepted: each class left out of a training of its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..bundles.known import distances, fit_statistics
from ..compute.devices import DeviceChoice
from ..compute.progress import Progress
from .folds import REFIT, Fold
from .initial import EncoderSource, initial_network
from .outcome import Outputs, load_outcome, save_outcome
from .units import Unit

if TYPE_CHECKING:
    from .data import TokensOfCases
    from .patients import TrainingCase

_FOLDER = "without"


def left_out_units(
    units: list[Unit], labels: Mapping[str, int], train_only: Collection[str] = ()
) -> list[Unit]:
    """For each class the first final unit without its patients, who are all tested instead.

    Only the fusion on stored tokens is trained anew, which takes seconds; the encoders were frozen before. Cases
    that may ``train_only`` (labelled after seeing a model) are not measured as unknown ones either.
    """
    full = [one for one in units if "/" not in one.name]
    base = next((one for one in full if one.fold.name == REFIT), full[0])
    config = base.config.model_copy(
        update={
            "finetune_epochs": 0,
            "half_precision_weights": False,
            # Small, and only the process that writes comes here.
            "devices": 1,
            "nodes": 1,
            "strategy": "auto",
        }
    )
    found = []
    for index in range(config.network.n_classes):
        kept = {
            part: tuple(one for one in getattr(base.fold, part) if labels[one] != index)
            for part in ("train", "validation", "test")
        }
        # Patients of the class that trained elsewhere are as unknown to this network as those that tested.
        unknown = tuple(
            one
            for part in ("train", "validation", "test")
            for one in getattr(base.fold, part)
            if labels[one] == index and one not in train_only
        )
        fold = Fold(
            name=f"{_FOLDER}-{index + 1}",
            train=kept["train"],
            validation=kept["validation"],
            test=(*kept["test"], *unknown),
        )
        found.append(Unit(fold.name, config, fold))
    return found


def fit_left_out(
    units: list[Unit],
    folder: Path,
    cases: Mapping[str, TrainingCase],
    tokens: TokensOfCases,
    choice: DeviceChoice,
    source: EncoderSource,
    progress: Progress,
) -> dict[int, Outputs]:
    """Answers of each network that never saw class i, by i; fitted once and kept like any unit."""
    from .fit import Workplace, fit_unit
    from .outcome import answer
    from .telling import silent

    found = {}
    for index, unit in enumerate(units):
        own = folder / unit.name
        with progress.part(index / len(units), (index + 1) / len(units)):
            loaded = load_outcome(own)
            if loaded is None:
                parts = {
                    part: [cases[one] for one in getattr(unit.fold, part)]
                    for part in ("train", "validation", "test")
                }
                network = initial_network(unit.config, unit.name, source)
                with progress.part(0.0, 0.9):
                    place = Workplace(own, choice, progress, silent, tokens)
                    fitted = fit_unit(unit, network, parts["train"], parts["validation"], place)
                with progress.part(0.9, 1.0):
                    outputs = answer(network, parts, unit.config, choice, tokens, progress)
                save_outcome(own, unit.name, outputs, {}, fitted.epoch_used, 0.0, fitted.history)
                for path in own.glob("*.ckpt"):
                    path.unlink(missing_ok=True)
            else:
                outputs = loaded[1]
        found[index] = outputs
    return found


def accepted_shares(
    found: Mapping[int, Outputs], limit: float, class_names: tuple[str, ...]
) -> dict[str, float]:
    """Share of each class's patients within ``limit`` by the network that never saw the class.

    Distances are in units of the median over the network's own test patients, as the limit is.
    """
    shares = {}
    for index, outputs in found.items():
        train, test = outputs.parts["train"], outputs.parts["test"]
        if len(np.unique(train.labels)) < 2 or not (test.labels == index).any():
            continue
        measured = distances(fit_statistics(train.features, train.labels), test.features)
        known = measured[test.labels != index]
        unit = float(np.median(known)) if len(known) else 1.0
        shares[class_names[index]] = float((measured[test.labels == index] <= limit * unit).mean())
    return shares
