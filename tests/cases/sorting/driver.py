"""A person who corrects or confirms from the top until all is right and nothing doubtful, and how often that takes."""

from __future__ import annotations

from napari_renal_fusion.cases import Modality
from napari_renal_fusion.cases.sorting import Correction, SortedFile, Sorting
from napari_renal_fusion.phantoms.messy import MessyCase, MessyFile


def wrong(sorting: Sorting, case: MessyCase) -> list[SortedFile]:
    """Files that are doubtful, or not believed to be what they are, in the order in which a person sees them."""
    truth = {file.path: file for file in case.images}
    return [file for file in sorting.ordered() if file.doubtful or not _right(file, truth[file.path])]


def corrected(sorting: Sorting, case: MessyCase) -> tuple[Sorting, int]:
    """Correct or confirm the topmost of them until none is left."""
    truth = {file.path: file for file in case.images}
    count = 0
    while left := wrong(sorting, case):
        told = truth[left[0].path]
        change = Correction(
            modality=Modality(told.modality), stain=told.stain or None, magnification=told.magnification
        )
        sorting = sorting.correct({left[0].name: change})
        count += 1
        assert count < 40, left[0]
    return sorting, count


def _right(file: SortedFile, told: MessyFile) -> bool:
    if file.modality.value != told.modality:
        return False
    if told.magnification and file.magnification.value != told.magnification:
        return False
    return told.modality == "TEM" or file.stain.value == told.stain
