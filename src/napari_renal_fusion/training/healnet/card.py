"""The model card of a HEALNet bundle: counts and figures, never a patient, a file or a folder."""

from __future__ import annotations

import numpy as np

from ...bundles.healnet_format import HEALNetBundleConfig, OmicsInput
from ..results import Results
from .patients import PatientTable
from .results import SurvivalResults

_SYNTHETIC = (
    "**This model has never seen a real patient.** Its figures show that the program works, nothing else."
)


def healnet_card(config: HEALNetBundleConfig, results: Results | SurvivalResults, table: PatientTable) -> str:
    """The Markdown text of the bundle's ``README.md``."""
    origin = config.origin
    real = "Trained on real patients; check it in your own laboratory first."
    return f"""# {config.title}

Research use only. {config.scope}

{_SYNTHETIC if config.trained_on == "synthetic" else real}
{_population(config, table)}
## What it wants
{_inputs(config)}

Any of them may be missing, but not all: a missing one is skipped.

## How it was made
`{origin.command or "napari_renal_fusion.training.healnet"}` with napari-renal-fusion {origin.program_version},
seed {origin.seed}, {origin.made_on}: {origin.patients} patients, {origin.images} slides, {origin.seconds:.0f} s.
{config.members} networks, {_a_fold(config)}, each with fills, scales{" and bins of time" if config.survival else ""}
of its own training patients; {"their curves and risks" if config.survival else "their logits"} are averaged.

## Measured on {config.metrics_measured_on}
Figures of the networks of the folds, each tested on patients it never saw. They are not figures of these networks
answering together, which no patient of the folds can measure.

{_figures(results)}
{_notes(results)}
Licence: {config.licence}.
"""


def _population(config: HEALNetBundleConfig, table: PatientTable) -> str:
    if config.survival is None:
        counts = np.bincount(table.labels, minlength=len(config.class_names))
        listed = ", ".join(f"{name} {count}" for name, count in zip(config.class_names, counts, strict=True))
        return f"\nPatients of each class: {listed}.\n"
    given = config.survival
    events, times = int(table.events.sum()), table.times
    refused = " It does not answer about a medical renal biopsy." if given.neoplastic else ""
    return (
        f"\n- Outcome: {given.outcome}\n- Population: {given.population}\n- Time zero: {given.time_zero}\n"
        f"- Unit of time: {given.time_unit}\n- {events} of {len(times)} patients had the event; median follow-up "
        f"{np.median(times):.1f} {given.time_unit}.{refused}\n"
    )


def _a_fold(config: HEALNetBundleConfig) -> str:
    return "one for each fold" if config.networks_a_fold == 1 else f"{config.networks_a_fold} for each fold"


def _inputs(config: HEALNetBundleConfig) -> str:
    lines = []
    for one in config.inputs:
        if isinstance(one, OmicsInput):
            how = "one token of all columns" if one.layout == "one_token" else "one token a column"
            lines.append(
                f"- **{one.name}**: {len(one.columns)} column{'s' * (len(one.columns) > 1)} as {how}; {one.seen} training patients had it"
            )
        else:
            made = (
                f"patches of {one.grid.patch} px at {one.grid.um_per_pixel:g} um by {one.encoder.name}"
                if one.encoder is not None and one.grid is not None
                else "feature files made elsewhere"
            )
            lines.append(
                f"- **{one.name}**: slides as {made}, {one.channels} features a patch, {one.patches[0]} to "
                f"{one.patches[1]} patches a patient; {one.seen} training patients had it"
            )
    return "\n".join(lines)


def _figures(results: Results | SurvivalResults) -> str:
    lines = ["| figure | mean over folds | sd | 95 % interval |", "|---|---:|---:|---|"]
    for name, value in results.mean.items():
        low, high = results.interval.get(name, (float("nan"),) * 2)
        interval = "–" if low != low else f"{low:.3f} to {high:.3f}"
        lines.append(f"| {name} | {value:.3f} | {results.sd.get(name, 0.0):.3f} | {interval} |")
    text = "\n".join(lines) + "\n\nInterval: 95 %, bootstrap over patients of the pooled answers.\n"
    if isinstance(results, SurvivalResults):
        text += (
            f"`cox_c_index` is a ridge Cox model on the same folds. Pooled c-index "
            f"{results.pooled.get('c_index', float('nan')):.3f}. The risk groups of the folds differ with "
            f"p = {results.log_rank_p:.2g} (log-rank).\n"
            if results.log_rank_p is not None
            else ""
        )
    return text


def _notes(results: Results | SurvivalResults) -> str:
    return "".join(f"\n- {note}" for note in results.notes) + "\n" if results.notes else ""
