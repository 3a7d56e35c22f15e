"""HEALNet on real omics tables with their given splits, beside ridge Cox: ``python -m benchmarks tcga``.

The tables and splits are those of PORPOISE (TCGA-KIRP, TCGA-KIRC); they are not part of this repository. They are
looked for in the folder that ``RENAL_FUSION_TCGA`` names, else in ``../shared/data/tcga``.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import numpy as np

from napari_renal_fusion.compute.progress import Progress
from napari_renal_fusion.training import Folds
from napari_renal_fusion.training.healnet import HEALNetTrainingConfig, healnet_preset, modality_specs
from napari_renal_fusion.training.healnet.cox import cox_risks
from napari_renal_fusion.training.healnet.creation import train_healnet
from napari_renal_fusion.training.healnet.data import rows_of
from napari_renal_fusion.training.healnet.patients import PatientTable, read_patients
from napari_renal_fusion.training.healnet.splits import read_splits
from napari_renal_fusion.training.survival import concordance

_POPULATION = {
    "kirp": "papillary renal cell carcinoma (TCGA-KIRP)",
    "kirc": "clear cell carcinoma (TCGA-KIRC)",
}
# Age and sex are a modality of their own: among 1,600 columns of one token they hardly count (inner
# cross-validation of ridge Cox on the training parts of both cohorts; see RESULTS.md).
_MODALITIES = {
    "kirp": {
        "omics as one modality": "omics=rnaseq+mut,clinical=age+is_female",
        "rnaseq + mut": "rnaseq,mut,clinical=age+is_female",
    },
    "kirc": {
        "omics as one modality": "omics=rnaseq+cnv+mut,clinical=age+is_female",
        "rnaseq + mut + cnv": "rnaseq,mut,cnv,clinical=age+is_female",
    },
}
_COX = ("rnaseq", "age", "is_female")
_HEADER = (
    "| cohort | HEALNet | c-index, mean ± sd of five folds | each fold | pooled [95 % interval] | "
    "ridge Cox on the same folds | HEALNet - Cox | ridge Cox, inputs cut off at 3 sd | time |\n"
    "|---|---|---:|---|---|---:|---:|---:|---:|"
)


def run(folder: Path | None = None, **changes) -> str:
    """A Markdown table of every cohort and choice of modalities; ``changes`` are fields of the preset."""
    folder = folder or Path(os.environ.get("RENAL_FUSION_TCGA", "../shared/data/tcga"))
    missing = [one for one in _POPULATION if not _table(folder, one).is_file()]
    if missing:
        return (
            f"The TCGA tables are not at {folder.absolute()} ({_table(folder, missing[0]).name} is missing): put them "
            "there with their splits, or name their folder in RENAL_FUSION_TCGA."
        )
    lines = [_HEADER]
    for cohort, choices in _MODALITIES.items():
        for title, modalities in choices.items():
            lines.append(_line(folder, cohort, title, modalities, changes))
            print(lines[-1], flush=True)
    return "\n".join(lines)


def _table(folder: Path, cohort: str) -> Path:
    return folder / f"tcga_{cohort}_all_clean.csv.zip"


def _line(folder: Path, cohort: str, title: str, modalities: str, changes: dict) -> str:
    config = healnet_preset(
        modality_specs(modalities),
        outcome="death of any cause",
        population=_POPULATION[cohort],
        time_zero="diagnosis",
        time_unit="months",
        neoplastic=True,
        cox_columns=_COX,
        final="none",
        **changes,
    )
    started = time.monotonic()
    table = read_patients(_table(folder, cohort), config)
    folds, _ = read_splits(folder / f"{cohort}_splits_*.csv", table, config)
    with tempfile.TemporaryDirectory() as temporary:
        results = train_healnet(
            table, config, Path(temporary) / "run", folds=folds, progress=Progress()
        ).results
    cut = _cox(table, folds, config.model_copy(update={"cox_limit": 3.0}))
    seconds = time.monotonic() - started
    mean, sd, pooled = results.mean, results.sd, results.pooled
    low, high = results.interval["c_index"]
    each = " ".join(f"{one.metrics['c_index']:.3f}" for one in results.folds)
    return (
        f"| {cohort.upper()}, {len(results.cases)} patients, {results.events} events | {title} | "
        f"**{mean['c_index']:.3f} ± {sd['c_index']:.3f}** | {each} | "
        f"{pooled['c_index']:.3f} [{low:.3f}, {high:.3f}] | {mean['cox_c_index']:.3f} ± {sd['cox_c_index']:.3f} | "
        f"{mean['c_index'] - mean['cox_c_index']:+.3f} | {np.mean(cut):.3f} ± {np.std(cut, ddof=1):.3f} | "
        f"{seconds:.0f} s |"
    )


def _cox(table: PatientTable, folds: Folds, config: HEALNetTrainingConfig) -> list[float]:
    """C-index of the ridge Cox model in each fold."""
    found = []
    for fold in folds.folds:
        rows = rows_of(table, fold)
        risk, _ = cox_risks(table, config, [*rows["train"], *rows["validation"]], rows["test"])
        found.append(concordance(risk, table.times[rows["test"]], table.events[rows["test"]]))
    return found
