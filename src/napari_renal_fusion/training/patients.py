"""Patients prepared for training: every image selected, decoded and resized once, and a split by patient."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from ..cases import Case, Cohort, Modality
from ..compute.progress import Progress
from ..errors import RenalFusionError
from ..inputs import SelectionRules, keyed_images, prepare_image, select, without_unreadable
from ..phantoms.stamp import is_phantom
from .config import TrainingConfig


@dataclass(frozen=True)
class Patient:
    """One case ready for training: pictures uint8 [n, H, W, 3] per modality, class index, patient id.

    ``synthetic`` is True if every picture carries the phantom stamp.
    """

    patient_id: str
    label: int
    pictures: dict[Modality, np.ndarray]
    synthetic: bool


def prepare_patients(cohort: Cohort, config: TrainingConfig, progress: Progress) -> list[Patient]:
    """Select and prepare every labelled case of a cohort.

    Raises
    ------
    RenalFusionError
        ``cohort_no_labels``, ``cohort_too_few``, or ``training_image_missing`` for a case that lacks a modality.
    """
    labelled = [case for case in cohort.cases if case.label]
    classes = class_names(cohort)
    if len(classes) != config.network.n_classes:
        raise RenalFusionError(
            "cohort_classes",
            f"The cohort has {len(classes)} classes, the network {config.network.n_classes}",
            path=cohort.source,
            remedy="Set n_classes, or correct the labels.",
        )
    patients = []
    for done, case in enumerate(labelled):
        progress.update(done / len(labelled), f"Preparing patients: {done} of {len(labelled)}")
        patients.append(_prepare(case, classes.index(case.label), config))
    return patients


def class_names(cohort: Cohort) -> tuple[str, ...]:
    """Labels of a cohort in its own order, else sorted.

    Raises
    ------
    RenalFusionError
        ``cohort_no_labels`` if there are fewer than two.
    """
    names = cohort.class_names or tuple(sorted({case.label for case in cohort.cases if case.label}))
    if len(names) < 2:
        raise RenalFusionError(
            "cohort_no_labels",
            "Training needs at least two classes among the cohort's labels",
            path=cohort.source,
            remedy="Fill the column `label`, or sort patients into class folders.",
        )
    return names


def split_by_patient(
    patients: list[Patient], fraction: float, seed: int
) -> tuple[list[Patient], list[Patient]]:
    """Split into (training, held out): all cases of one patient on one side, classes in equal shares.

    Raises
    ------
    RenalFusionError
        ``cohort_too_few`` if a class has fewer than two patients.
    """
    by_class: dict[int, list[str]] = defaultdict(list)
    for patient in patients:
        if all(patient.patient_id not in ids for ids in by_class.values()):
            by_class[patient.label].append(patient.patient_id)
    generator = np.random.default_rng(seed)
    held_out: set[str] = set()
    for label in sorted(by_class):
        ids = sorted(by_class[label])
        if len(ids) < 2:
            raise RenalFusionError(
                "cohort_too_few",
                f"Class {label + 1} has only {len(ids)} patient",
                remedy="Every class needs at least 2 patients, and many more for a useful model.",
            )
        count = min(len(ids) - 1, max(1, round(len(ids) * fraction)))
        held_out |= set(generator.permutation(ids)[:count].tolist())
    return (
        [one for one in patients if one.patient_id not in held_out],
        [one for one in patients if one.patient_id in held_out],
    )


def _prepare(case: Case, label: int, config: TrainingConfig) -> Patient:
    rules: SelectionRules = config.rules
    selection = select(case, rules)
    keyed = keyed_images(case)
    pictures: dict[Modality, list[np.ndarray]] = defaultdict(list)
    failed: dict[str, RenalFusionError] = {}
    synthetic = True
    for image in selection.images:
        try:
            array = keyed[image.key].read()
            prepared = prepare_image(keyed[image.key], config.preprocessing[image.modality], array)
        except RenalFusionError as error:
            failed[image.key] = error
            continue
        synthetic = synthetic and is_phantom(array)
        pictures[image.modality].append(prepared.pixels)
    missing = without_unreadable(selection, failed).missing
    if missing:
        raise RenalFusionError(
            "training_image_missing",
            f"Case {case.case_id} has no usable image of {', '.join(m.title for m in missing)}",
            path=case.folder,
            remedy="Complete the case or take it out of the cohort.",
        )
    stacked = {modality: np.stack(images) for modality, images in pictures.items()}
    return Patient(case.patient_id, label, stacked, synthetic)
