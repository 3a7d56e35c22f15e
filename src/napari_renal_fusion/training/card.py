"""The model card of a bundle: what it is, what it was made from in counts, and what it cannot do."""

from __future__ import annotations

from ..bundles import BundleConfig

_SYNTHETIC = """**This model has never seen a real image.** It was trained on computer-drawn phantoms, so that the
program can be tried without patients. On phantoms its figures show that the plumbing works; they say
nothing about real biopsies. On images that are not phantoms it names no disease."""


def model_card(config: BundleConfig) -> str:
    """The Markdown text of the bundle's ``README.md``."""
    metrics = "\n".join(f"| {name} | {value:.3f} |" for name, value in config.metrics.items())
    slots = "\n".join(
        f"- **{slot.modality.title}**: {slot.expects or slot.choose}" for slot in config.rules.slots
    )
    origin = config.origin
    return f"""# {config.title}

Research use only. {config.scope}

{_SYNTHETIC if config.trained_on == "synthetic" else "Trained on real images; check it in your own laboratory first."}

## What it wants
{slots}

## How it was made
`{origin.command or "napari_renal_fusion.training.train"}` with napari-renal-fusion {origin.program_version},
seed {origin.seed}, {origin.made_on}: {origin.patients} patients, {origin.images} images, {origin.seconds:.0f} s.

## Measured on {config.metrics_measured_on}
| figure | value |
|---|---:|
{metrics}

Temperature {config.calibration.temperature:.3f}; no opinion below a probability of {config.calibration.abstain_below:.2f}.
Fitted on {config.calibration.fitted_on}. Bags of {config.bag_range[0]} to {config.bag_range[1]} electron images
were seen in training. Licence: {config.licence}.
"""
