"""Cases prepared for training: images selected, decoded and resized once, through the picture store."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..cases import Case, Cohort, ImageItem, Modality
from ..compute.progress import Progress
from ..errors import RenalFusionError
from ..inputs import PictureStore, SelectionRules, StoredPicture, for_bundle, keyed_images, select
from ..notices import Notice
from ..phantoms.stamp import is_phantom
from .config import TrainingConfig


@dataclass(frozen=True)
class TrainingCase:
    """One case ready for training.

    ``label`` is its class index, ``pictures`` the selected pictures of each modality that the network reads
    (none of one that it may lack), those of a bag in the order of their content; ``synthetic`` is True if each carries the phantom stamp.
    """

    case_id: str
    patient_id: str
    label: int
    pictures: Mapping[Modality, tuple[StoredPicture, ...]]
    synthetic: bool


def picture_store(folder: Path | None = None) -> PictureStore:
    """The store that training and the cohort check share; it knows phantoms."""
    return PictureStore(folder, synthetic=is_phantom)


def prepare(
    cohort: Cohort,
    config: TrainingConfig,
    progress: Progress | None = None,
    *,
    store: PictureStore | None = None,
    threads: int | None = None,
) -> tuple[tuple[TrainingCase, ...], tuple[Notice, ...]]:
    """Prepare every labelled case of ``cohort``, and say what was noticed.

    Notices name each image that cannot be read (another one is chosen where the rule allows), cases without
    a label, and a store that cannot write.

    Raises
    ------
    RenalFusionError
        ``cohort_no_labels``, ``cohort_classes``, ``label_unknown``; ``training_image_missing`` naming all
        cases that lack a usable image of a modality that the network needs.
    """
    progress, store = progress or Progress(), store or picture_store()
    labels = label_indices(cohort, config.network.n_classes)
    labelled = [case for case in cohort.cases if case.label]
    notices = _unlabelled(cohort)
    prepared: list[TrainingCase] = []
    lacking: list[tuple[Case, tuple[Modality, ...]]] = []
    # Decoding lets other threads run; the order of the results is that of the cases.
    pool = ThreadPoolExecutor(threads or min(8, os.cpu_count() or 1))
    try:
        results = pool.map(partial(_pictures, config=config, store=store), labelled)
        for done, (case, (pictures, missing, said)) in enumerate(zip(labelled, results, strict=True)):
            progress.update(done / len(labelled), f"Preparing patients: {done} of {len(labelled)}")
            notices += said
            if missing:
                lacking.append((case, missing))
                continue
            synthetic = all(one.synthetic for images in pictures.values() for one in images)
            prepared.append(
                TrainingCase(case.case_id, case.patient_id, labels[case.case_id], pictures, synthetic)
            )
    finally:
        pool.shutdown(cancel_futures=True)
    _refuse_lacking(lacking, cohort)
    store.tidy()
    progress.update(1.0, f"Prepared {len(prepared)} cases")
    return tuple(prepared), (*notices, *store.notices)


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


def label_indices(cohort: Cohort, n_classes: int | None = None) -> dict[str, int]:
    """Class index of every labelled case, by case id.

    Raises
    ------
    RenalFusionError
        ``cohort_no_labels``, ``label_unknown`` naming all labels outside the cohort's classes,
        ``cohort_classes`` if the network has another number of classes than ``n_classes``.
    """
    names = class_names(cohort)
    unknown = [case for case in cohort.cases if case.label and case.label not in names]
    if unknown:
        said = ", ".join(f"{case.case_id}: {case.label}" for case in unknown[:10])
        raise RenalFusionError(
            "label_unknown",
            f"Labels that are none of {', '.join(names)}: {said}{', ...' if len(unknown) > 10 else ''}",
            path=cohort.source,
            remedy="Correct the labels, or leave these cases out.",
        )
    if n_classes is not None and len(names) != n_classes:
        raise RenalFusionError(
            "cohort_classes",
            f"The cohort has {len(names)} classes ({', '.join(names)}), the network {n_classes}",
            path=cohort.source,
            remedy="Set n_classes, or correct the labels.",
        )
    return {case.case_id: names.index(case.label) for case in cohort.cases if case.label}


def _pictures(
    case: Case, *, config: TrainingConfig, store: PictureStore
) -> tuple[dict[Modality, tuple[StoredPicture, ...]], tuple[Modality, ...], list[Notice]]:
    """Pictures of a case, the needed modalities that have none, and what was noticed."""
    admissible = for_bundle(case, config.crop)
    case = admissible.case
    keyed = keyed_images(case)
    needed = tuple(Modality(one) for one in config.network.modalities)
    slots = tuple(one for one in config.rules.slots if one.modality in needed)
    failed: dict[str, RenalFusionError] = {}
    while True:  # until every image that the rules choose can be read
        selection = select(case, SelectionRules(slots=slots), None, _Memo(config, store), failed)
        found: dict[str, StoredPicture] = {}
        before = len(failed)
        for one in selection.images:
            try:
                found[one.key] = store.get(keyed[one.key], config.preprocessing[one.modality])
            except RenalFusionError as error:
                failed[one.key] = error
        if len(failed) == before:
            break
    pictures = {
        modality: tuple(
            sorted(
                (found[one.key] for one in selection.images if one.modality == modality),
                key=lambda picture: picture.input_sha256,
            )
        )
        for modality in needed
    }
    said = [
        *admissible.refusals,
        *selection.notices,
        *(notice for one in found.values() for notice in one.notices),
    ]
    notices = [one.model_copy(update={"message": f"Case {case.case_id}: {one.message}"}) for one in said]
    return pictures, _lacking(pictures, config), notices


def _lacking(
    pictures: Mapping[Modality, tuple[StoredPicture, ...]], config: TrainingConfig
) -> tuple[Modality, ...]:
    """Modalities without which a case cannot train: all, or those that the rules do not answer without."""
    without = {one.modality for one in config.rules.slots if one.if_missing == "without"}
    lacking = tuple(one for one, found in pictures.items() if not found)
    return lacking if len(lacking) == len(pictures) else tuple(m for m in lacking if m not in without)


@dataclass(frozen=True)
class _Memo:
    """Brightness from the store, with each modality's own preprocessing."""

    config: TrainingConfig
    store: PictureStore

    def get(self, image: ImageItem, question, find_out):
        return self.store.memo(self.config.preprocessing[image.modality]).get(image, question, find_out)


def _unlabelled(cohort: Cohort) -> list[Notice]:
    without = [case.case_id for case in cohort.cases if not case.label]
    if not without:
        return []
    return [
        Notice(
            code="case_unlabelled",
            severity="info",
            message=f"Without a label, so not used: {', '.join(without[:10])}"
            f"{f' and {len(without) - 10} more' if len(without) > 10 else ''}.",
            path=cohort.source,
        )
    ]


def _refuse_lacking(lacking: Sequence[tuple[Case, tuple[Modality, ...]]], cohort: Cohort) -> None:
    if not lacking:
        return
    said = "; ".join(
        f"{case.case_id} has no usable image of {' and of '.join(one.title for one in missing)}"
        for case, missing in lacking[:20]
    )
    more = f"; and {len(lacking) - 20} more cases" if len(lacking) > 20 else ""
    raise RenalFusionError(
        "training_image_missing",
        f"Every case needs an image of each modality that the network cannot do without: {said}{more}",
        path=cohort.source,
        remedy="Complete these cases, take them out of the cohort, or train without that modality.",
    )
