"""Pixel sizes per modality: stated, missing, or of several kinds."""

from __future__ import annotations

from collections.abc import Iterator

from ...cases import Modality
from .facts import CohortFacts
from .finding import Finding
from .words import count, some

_MIXED = 1.5
# Electron micrographs of one case are taken at many magnifications; a hundredfold is an error of units.
_MIXED_ELECTRON = 100.0


def calibration(facts: CohortFacts) -> Iterator[Finding]:
    """One line a modality: uncalibrated, partly calibrated, or of several scales."""
    for modality in Modality:
        found = [
            (one.case.case_id, image)
            for one in facts.cases
            for image in one.images
            if image.usable and image.item.modality == modality
        ]
        if not found:
            continue
        sizes = sorted(image.pixel_size.um for _, image in found if image.pixel_size)
        without = tuple(dict.fromkeys(case_id for case_id, image in found if not image.pixel_size))
        missing = len(found) - len(sizes)
        if not sizes:
            yield Finding(
                code="calibration_none",
                group="Calibration",
                severity="info",
                message=f"No {modality.title} image states its pixel size (uncalibrated).",
                remedy="Not needed to train; lengths on heat maps will be in pixels.",
            )
            continue
        if missing:
            yield Finding(
                code="calibration_missing",
                group="Calibration",
                severity="warning",
                message=f"{missing} of {count(len(found), modality.title + ' image')} state no pixel size, in "
                f"{some(without)}.",
                remedy="Fill pixel_size and pixel_unit: images of another scale would go unnoticed.",
                cases=without,
            )
        low, high = sizes[0], sizes[-1]
        limit = _MIXED_ELECTRON if modality is Modality.TEM else _MIXED
        span = _length(low) if high / low < 1.005 else f"{_length(low)} to {_length(high)}"
        if high / low > limit:
            middle = sizes[len(sizes) // 2]
            odd = tuple(
                dict.fromkeys(
                    case_id
                    for case_id, image in found
                    if image.pixel_size
                    and max(image.pixel_size.um / middle, middle / image.pixel_size.um) > limit**0.5
                )
            )
            yield Finding(
                code="calibration_mixed",
                group="Calibration",
                severity="warning",
                message=f"{modality.title} images have pixel sizes of {span}, median {_length(middle)}; far from "
                f"the others: {some(odd)}.",
                remedy="Check the unit (nm or um) and the objective of these cases.",
                cases=odd,
            )
        else:
            yield Finding(
                code="calibration",
                group="Calibration",
                severity="info",
                message=f"{modality.title}: a pixel is {span} in {len(sizes)} of {count(len(found), 'image')}.",
            )


def _length(um: float) -> str:
    return f"{um * 1000:.3g} nm" if um < 0.05 else f"{um:.3g} um"
