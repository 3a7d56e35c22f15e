"""The model card of a bundle: what it is, what it was made from in counts, and what it cannot do."""

from __future__ import annotations

from collections.abc import Mapping

from ..bundles import BundleConfig
from ..cases import Modality
from .groups import patient_keys
from .results import Results

_SYNTHETIC = """**This model has never seen a real image.** It was trained on computer-drawn phantoms, so that the
program can be tried without patients. On phantoms its figures show that the plumbing works; they say
nothing about real biopsies. On images that are not phantoms it names no disease."""


def model_card(config: BundleConfig, results: Results, without: Mapping[str, Results] | None = None) -> str:
    """The Markdown text of the bundle's ``README.md``; counts and figures, never names of people or files.

    ``without`` are figures of answers from some modalities alone, by their names.
    """
    slots = "\n".join(
        f"- **{slot.modality.title}**: {slot.expects or slot.choose}" for slot in config.rules.slots
    )
    origin = config.origin
    stands_in = (
        f"\nIt stands in for `{config.stands_in_for}` while images of the other kinds are awaited.\n"
        if config.stands_in_for
        else ""
    )
    return f"""# {config.title}

Research use only. {config.scope}
{stands_in}
{_SYNTHETIC if config.trained_on == "synthetic" else "Trained on real images; check it in your own laboratory first."}

## What it wants
{slots}
{_bag(config)}
## How it was made
`{origin.command or "napari_renal_fusion.training.train"}` with napari-renal-fusion {origin.program_version},
seed {origin.seed}, {origin.made_on}: {origin.patients} patients, {origin.images} images, {origin.seconds:.0f} s.
{_members(config)}
Share of each class in training: {_shares(config)}.

## Measured on {config.metrics_measured_on}
{_whose(config, results)}

{_figures(results)}

Interval: 95 %, bootstrap over patients of the pooled answers. {_calibration_error(results)}
{_independent(results)}{_in_parts(config, without or {})}
## When it has no opinion
Temperature {config.calibration.temperature:.3f}; no opinion below a probability of {config.calibration.abstain_below:.2f}.
Fitted on {config.calibration.fitted_on}{_mean_of_members(config)}.

{_sets(config, results)}

{_known(config)}
{_panel(config)}
Licence: {config.licence}.
"""


def _members(config: BundleConfig) -> str:
    if config.members == 1:
        return "One network.\n"
    encoders = "one set of encoders between them" if config.shared_encoders else "encoders of their own"
    return f"{config.members} networks with {encoders}; their logits are averaged.\n"


def _bag(config: BundleConfig) -> str:
    if Modality.TEM not in config.rules.modalities:
        return ""
    low, high = config.bag_range
    return f"\nBags of {low} to {high} electron images were seen in training.\n"


def _whose(config: BundleConfig, results: Results) -> str:
    """Whose answers the figures are; nobody may take them for those of the final model."""
    if len(results.folds) == 1:
        return "Figures of this network, on patients it never saw; its calibration was fitted on the same patients."
    final = "these networks answering together" if config.members > 1 else "the network of this bundle"
    return (
        "Figures of the networks of the folds, each tested on patients it never saw. They are not figures of "
        f"{final}, which no held-out patient of the folds can measure."
    )


def _calibration_error(results: Results) -> str:
    if len(results.folds) == 1:
        return (
            f"Expected calibration error {results.ece:.3f}, on the patients that the temperature was fitted on: "
            "too favourable."
        )
    return f"Expected calibration error {results.ece:.3f}, each fold with the temperature of the other folds' patients."


def _mean_of_members(config: BundleConfig) -> str:
    return ", and applied to the mean of the members' logits" if config.members > 1 else ""


def _shares(config: BundleConfig) -> str:
    return ", ".join(
        f"{name} {100 * share:.0f} %"
        for name, share in zip(config.class_names, config.class_shares, strict=True)
    )


def _figures(results: Results) -> str:
    several = len(results.folds) > 1
    lines = ["| figure | value | 95 % interval |", "|---|---:|---|"]
    if several:
        lines = ["| figure | mean over folds | sd | 95 % interval |", "|---|---:|---:|---|"]
    for name, value in results.mean.items():
        low, high = results.interval.get(name, (float("nan"),) * 2)
        sd = f" {results.sd[name]:.3f} |" if several else ""
        lines.append(f"| {name} | {value:.3f} |{sd} {low:.3f} to {high:.3f} |")
    return "\n".join(lines)


def _independent(results: Results) -> str:
    if not results.test:
        return ""
    figures = ", ".join(f"{name} {value:.3f}" for name, value in results.test.items())
    patients = len(set(patient_keys(results.test_cases).values()))
    return f"\nThe model of this bundle, on {patients} patients of the independent test set, measured once: {figures}.\n"


def _in_parts(config: BundleConfig, without: Mapping[str, Results]) -> str:
    """What the answers from some kinds of images alone are worth."""
    if not config.network.whole_panel:
        return ""
    if not without:
        return "\nAnswers from some kinds of images alone were not measured: too few patients have all of them.\n"
    lines = [
        "",
        "The same networks with images taken away, on the patients who have them; each line has a calibration of "
        "its own:",
        "",
        "| images | accuracy | auc | coverage of the sets |",
        "|---|---:|---:|---:|",
    ]
    for results in without.values():
        names = " + ".join(one.title for one in results.modalities)
        coverage = "–" if results.coverage is None else f"{100 * results.coverage:.1f} %"
        lines.append(f"| {names} | {results.mean['accuracy']:.3f} | {results.mean['auc']:.3f} | {coverage} |")
    return "\n".join([*lines, ""])


def _sets(config: BundleConfig, results: Results) -> str:
    if config.conformal is None:
        return next((one for one in results.notes if "set" in one), "No set of diseases is given.")
    measured = ""
    if results.coverage is not None:
        measured = (
            f" By the networks of the folds, {100 * results.coverage:.1f} % of the sets held the right disease; "
            f"they named {results.set_size:.2f} on average."
        )
    elif results.set_size is not None:
        measured = (
            f" The sets named {results.set_size:.2f} diseases on average; their coverage was not measured."
        )
    return (
        f"Sets of diseases are given for a coverage of {100 * config.conformal.coverage:.0f} %, "
        f"from {config.conformal.calibration_patients} patients.{measured}"
    )


def _known(config: BundleConfig) -> str:
    if config.known is None:
        return "It cannot say that a patient fits none of its classes."
    accepts = ", ".join(f"{name} {100 * share:.0f} %" for name, share in config.known.false_accepts.items())
    return (
        f"A patient farther than {config.known.limit:.2f} from the known ones fits none of the classes. "
        f"{_refusals(config)} "
        f"If a class had not been among the known ones, this share of its patients would have been accepted: "
        f"{accepts or 'not measured'} ({config.known.fitted_on})."
    )


def _panel(config: BundleConfig) -> str:
    if config.panel is None:
        return ""
    least = config.panel.least_intensity
    weakest = (
        f"graded {least:g}+" if least is not None else f"a signal of {config.panel.least_signal:.2f} of 1"
    )
    return f"\nAn antibody weaker than every one of training ({weakest}) gets no opinion.\n"


def _refusals(config: BundleConfig) -> str:
    share = f"{100 * config.known.false_refusals:.1f} %"
    if not config.known.refusals_measured:
        return (
            f"The limit aims at refusing {share} of known patients; how many it does refuse was not measured."
        )
    return f"{share} of known patients were refused by the limit of the other folds' patients."
