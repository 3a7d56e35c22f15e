"""Whether the encoders that training starts from have ever seen real images."""

from __future__ import annotations

from collections.abc import Iterator

from ...bundles.format import FINGERPRINT
from ...errors import RenalFusionError
from ..config import TrainingConfig
from ..initial import RANDOM, encoder_source, resolved
from .facts import CohortFacts
from .finding import Finding


def resolve(config: TrainingConfig, n_classes: int) -> tuple[TrainingConfig, list[Finding]]:
    """The configuration as training would fill it in, and why its encoder weights cannot be used, if so."""
    try:
        full = resolved(config, max(n_classes, 2))
        encoder_source(full)
    except RenalFusionError as error:
        finding = Finding(
            code=error.code,
            group="Encoders",
            severity="error",
            message=f"{error.problem.rstrip('.')}.",
            remedy=error.remedy,
        )
        return config, [finding]
    return full, []


def encoders(facts: CohortFacts) -> Iterator[Finding]:
    """An error if the encoders saw these very images, a warning if they never saw a real one."""
    text = facts.config.encoder_weights
    yield from _seen(facts)
    if facts.cases and len(facts.synthetic) == len(facts.cases):
        return
    frozen = facts.config.freeze_encoders
    if text == RANDOM:
        yield Finding(
            code="encoder_random",
            group="Encoders",
            severity="warning",
            message="The encoders start from random numbers"
            + (
                " and stay so, because they are frozen."
                if frozen
                else "; a few hundred patients rarely suffice."
            ),
            remedy="Give encoder_weights: a .safetensors file of timm weights, or a bundle trained on real images.",
        )
    elif not text.endswith(".safetensors") and _synthetic(text):
        yield Finding(
            code="encoder_synthetic",
            group="Encoders",
            severity="warning",
            message=f"The encoders of the bundle {text} have seen synthetic images only"
            + (", and they are frozen." if frozen else "."),
            remedy="Give encoder_weights: a .safetensors file of timm weights, or a bundle trained on real images.",
        )


def _seen(facts: CohortFacts) -> Iterator[Finding]:
    """Encoders that were trained with a patient's images know the label, so no fold would test honestly."""
    try:
        source = encoder_source(facts.config)
        seen = source.seen_images
    except RenalFusionError:  # told by `resolve`
        return
    known = tuple(
        one.case.case_id
        for one in facts.cases
        if any(image.usable and image.sha256[:FINGERPRINT] in seen for image in one.images)
    )
    if not known:
        return
    many = len(known) > 1
    said = ", ".join(known[:10]) + (f" and {len(known) - 10} more" if len(known) > 10 else "")
    yield Finding(
        code="encoder_saw_cohort",
        group="Encoders",
        severity="error",
        message=f"The encoders of the bundle {source.name} were trained with images of the "
        f"case{'s' * many} {said}, so the folds would test patients whose labels they know.",
        remedy="Choose encoder weights that never saw these patients: a .safetensors file of ImageNet weights, "
        "or random.",
        cases=known,
    )


def _synthetic(text: str) -> bool:
    from ...bundles import describe

    try:
        return describe(text).trained_on == "synthetic"
    except RenalFusionError:  # told by `resolve`
        return False
