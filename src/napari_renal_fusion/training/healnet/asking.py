"""The fitted models of a run's folds, ready to be asked again about their own test patients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ...compute.devices import choose_device
from ...compute.progress import Progress
from ...errors import RenalFusionError
from .. import checkpoint
from ..run import UNITS, Run
from .config import HEALNetTrainingConfig
from .data import PatientData, channel_widths, fit_scalings, rows_of
from .fit import BEST, answers, new_network
from .patients import PatientTable
from .stored import load_table
from .truth import Truth, truth_of


@dataclass(frozen=True)
class _Fold:
    rows: dict[str, list[int]]
    data: PatientData
    truth: Truth
    network: object


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
        folds = {}
        for fold in run.folds.folds:
            rows = rows_of(table, fold)
            truth = truth_of(table, config, rows["train"])
            best = checkpoint.load(run.folder / UNITS / fold.name / BEST)
            if best is None:
                raise RenalFusionError(
                    "checkpoint_damaged",
                    f"The weights of {fold.name} are missing or damaged",
                    path=run.folder / UNITS / fold.name,
                    remedy="Resume the run; this part is fitted again.",
                )
            network = new_network(config, fold.name, channel_widths(table, config, channels), truth.outputs)
            network.load_state_dict(best["state"])
            data = PatientData(table, config, fit_scalings(table, config, rows["train"]), store)
            folds[fold.name] = _Fold(rows, data, truth, network.requires_grad_(False).eval().to(device))
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
        logits = np.concatenate(
            [
                answers(
                    one.network,
                    one.data,
                    [row],
                    self.device,
                    without=[name for name in self.names if name not in kept[self.table.patients[row]]],
                )[0]
                for row in one.rows["test"]
            ]
        )
        here = np.isfinite(logits).all(axis=1)
        rows = np.asarray(one.rows["test"])[here]
        patients = tuple(self.table.patients[row] for row in rows)
        if not len(rows):
            return {}, ()
        if self.config.task == "classification":
            from ..calibration import softmax
            from ..metrics import classification_metrics

            return classification_metrics(self.table.labels[rows], softmax(logits[here])), patients
        from .survival_figures import fold_figures

        known = [*one.rows["train"], *one.rows["validation"]]
        return fold_figures(self.table, one.truth.bins, known, rows, logits[here]), patients
