"""All parts of the check, in the order in which people read them."""

from __future__ import annotations

from ...cases import Cohort
from ...compute.progress import Progress
from ...inputs import PictureStore
from ..config import TrainingConfig
from ..patients import picture_store
from .calibration import calibration
from .classes import class_counts, classes
from .duplicates import duplicates
from .encoders import encoders, resolve
from .facts import gather
from .finding import CohortReport, Finding
from .folds import folds
from .images import images
from .labels import labels
from .patients import patients
from .problems import problems
from .shortcuts import shortcuts

GROUPS = ("Classes", "Patients", "Labels", "Images", "Calibration", "Shortcuts", "Folds", "Encoders")
SEVERITIES = ("error", "warning", "info")


def check_cohort(
    cohort: Cohort,
    config: TrainingConfig | None = None,
    progress: Progress | None = None,
    store: PictureStore | None = None,
) -> CohortReport:
    """See :func:`napari_renal_fusion.training.check.check_cohort`."""
    progress = progress or Progress()
    found: list[Finding] = []
    full = config or TrainingConfig()
    if config is not None:
        names = cohort.class_names or {one.label for one in cohort.cases if one.label}
        full, found = resolve(config, len(names))
    with progress.part(0.0, 0.9):
        facts = gather(cohort, full, store or picture_store(), progress)
    parts = [classes, patients, labels, problems, images, duplicates, calibration, shortcuts, folds]
    parts += [encoders] if config is not None else []
    for number, part in enumerate(parts):
        progress.update(0.9 + 0.1 * number / len(parts), f"Checking {part.__name__}")
        found += part(facts)
    progress.update(1.0, "Checked")
    return CohortReport(
        cases=len(facts.cases),
        patients=len(facts.patients),
        images=sum(len(one.images) for one in facts.cases),
        class_counts=class_counts(facts),
        findings=tuple(sorted(found, key=_order)),
    )


def _order(one: Finding) -> tuple[int, int]:
    return GROUPS.index(one.group), SEVERITIES.index(one.severity)
