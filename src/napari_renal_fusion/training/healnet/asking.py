"""The fitted models of a run's folds, ready to be asked again about their own test patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ...compute.devices import choose_device
from ...compute.progress import Progress
from ...errors import RenalFusionError
from ...networks import HEALNet
from .. import checkpoint
from ..folds import Fold
from ..run import UNITS, Run
from .config import HEALNetTrainingConfig
from .data import FeatureStore, PatientData, channel_widths, fit_scalings, rows_of
from .fit import BEST, answers, new_network
from .members import fold_networks
from .patients import PatientTable
from .stored import load_table
from .truth import Truth, truth_of


@dataclass(frozen=True)
class _Network:
    data: PatientData
    truth: Truth
    network: HEALNet


@dataclass(frozen=True)
class _Fold:
    rows: dict[str, list[int]]
    networks: tuple[_Network, ...]


@dataclass(frozen=True)
class FoldModels:
    """Networks of the folds of a finished run, with the scalings that each was trained with."""

    table: PatientTable
    config: HEALNetTrainingConfig
    device: str
    _folds: dict[str, _Fold] = field(repr=False)

    @classmethod
    def of(cls, run: Run, progress: Progress) -> FoldModels:
        """Load the networks of a run; features of slides are read, or made again, as in the run.

        Raises
        ------
        RenalFusionError
            ``checkpoint_damaged``, or what reading the features says.
        """
        config: HEALNetTrainingConfig = run.config
        table = load_table(run.folder)
        device = choose_device(run.info.device or config.device).device
        store, channels = None, {}
        if any(table.slides.values()):
            from .features import channels_of, feature_files, feature_store

            files = feature_files(table, config, device, progress)
            channels = channels_of(files)
            store = feature_store(files, channels)
        widths = channel_widths(table, config, channels)
        folds = {
            one.name: _Fold(
                rows_of(table, one.fold),
                tuple(_loaded(run, table, part, widths, store, device) for part in one.networks),
            )
            for one in fold_networks(run.folds, table, config)
        }
        return cls(table, config, device, folds)

    @property
    def names(self) -> tuple[str, ...]:
        """The modalities."""
        return self.config.names

    @property
    def folds(self) -> tuple[str, ...]:
        return tuple(self._folds)

    def test_patients(self, fold: str) -> tuple[str, ...]:
        """The patients whom this fold's model never saw."""
        return tuple(self.table.patients[row] for row in self._folds[fold].rows["test"])

    def had(self, patient: str) -> tuple[str, ...]:
        """The modalities of a patient."""
        row = self.table.patients.index(patient)
        return tuple(name for name in self.names if self.table.has(name)[row])

    def label(self, patient: str) -> int:
        """Class index, or 1 for the event."""
        return int(self.table.strata[self.table.patients.index(patient)])

    def figures(
        self, fold: str, kept: Mapping[str, tuple[str, ...]]
    ) -> tuple[dict[str, float], tuple[str, ...]]:
        """Figures of the test patients with only the modalities ``kept``, and who could be answered."""
        one = self._folds[fold]
        logits = np.stack([self._ask(network, one.rows["test"], kept) for network in one.networks])
        here = np.isfinite(logits).all(axis=(0, 2))
        rows = np.asarray(one.rows["test"])[here]
        patients = tuple(self.table.patients[row] for row in rows)
        if not len(rows):
            return {}, ()
        if self.config.task == "classification":
            from ..calibration import softmax
            from ..metrics import classification_metrics

            mean = softmax(logits[:, here].mean(axis=0))
            return classification_metrics(self.table.labels[rows], mean), patients
        from .survival_figures import fold_figures

        known = [*one.rows["train"], *one.rows["validation"]]
        bins = [network.truth.bins for network in one.networks]
        return fold_figures(self.table, bins, known, rows, logits[:, here]), patients

    def _ask(self, network: _Network, rows: Sequence[int], kept: Mapping[str, tuple[str, ...]]) -> np.ndarray:
        """Logits [n, outputs]; NaN for a patient with nothing left."""
        found = []
        for row in rows:
            without = [name for name in self.names if name not in kept[self.table.patients[row]]]
            found.append(answers(network.network, network.data, [row], self.device, without=without)[0])
        return np.concatenate(found)


def _loaded(
    run: Run,
    table: PatientTable,
    part: Fold,
    widths: Sequence[int],
    store: FeatureStore | None,
    device: str,
) -> _Network:
    config: HEALNetTrainingConfig = run.config
    folder = run.folder / UNITS / part.name
    best = checkpoint.load(folder / BEST)
    if best is None:
        raise RenalFusionError(
            "checkpoint_damaged",
            f"The weights of {part.name} are missing or damaged",
            path=folder,
            remedy="Resume the run; this part is fitted again.",
        )
    rows = rows_of(table, part)
    truth = truth_of(table, config, rows["train"])
    network = new_network(config, part.name, widths, truth.outputs)
    network.load_state_dict(best["state"])
    data = PatientData(table, config, fit_scalings(table, config, rows["train"]), store)
    return _Network(data, truth, network.requires_grad_(False).eval().to(device))
