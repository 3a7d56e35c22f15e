"""One pass over a cohort: every image decoded once, and what all parts of the check need to know of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path

from ...cases import Case, Cohort, ImageItem, Modality, PixelSize
from ...cases.names import readable
from ...compute.progress import Progress
from ...errors import RenalFusionError
from ...inputs import PictureStore, Preprocessing, SelectionRules, for_bundle, keyed_images, select
from ..config import TrainingConfig
from ..groups import patient_keys
from .perceptual_hash import Look, look_at


@dataclass(frozen=True)
class ImageFacts:
    """What is known of one image. ``file`` is its name for people, below the cohort's folder.

    ``error`` says why it cannot be read; then everything after it is empty. ``shape`` is (height, width) as
    decoded, ``colours`` type and channels, ``signal`` its brightness, ``blank`` whether it is one flat colour,
    ``synthetic`` whether it carries the phantom stamp.
    """

    key: str
    item: ImageItem
    file: str
    error: RenalFusionError | None = None
    sha256: str = ""
    look: Look | None = None
    shape: tuple[int, int] = (0, 0)
    colours: str = ""
    file_bytes: int = 0
    signal: float = 0.0
    blank: bool = False
    synthetic: bool = False
    pixel_size: PixelSize | None = None

    @property
    def usable(self) -> bool:
        return self.error is None


@dataclass(frozen=True)
class CaseFacts:
    """One case: ``patient`` is its patient with spelling variants made one, ``entering`` what the rules choose."""

    case: Case
    patient: str
    images: tuple[ImageFacts, ...]
    entering: dict[Modality, tuple[ImageFacts, ...]]

    def usable(self, modality: Modality) -> tuple[ImageFacts, ...]:
        return tuple(one for one in self.images if one.usable and one.item.modality == modality)


@dataclass(frozen=True)
class CohortFacts:
    """The cohort, the configuration it is checked for, and its cases after the pass."""

    cohort: Cohort
    config: TrainingConfig
    cases: tuple[CaseFacts, ...]
    store_notices: tuple = field(default=())

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The classes: the cohort's own list, else the labels that occur."""
        return self.cohort.class_names or tuple(sorted({one.label for one in self.cohort.cases if one.label}))

    @cached_property
    def labelled(self) -> tuple[CaseFacts, ...]:
        """Cases with a label of the list: those that would train."""
        return tuple(one for one in self.cases if one.case.label in self.names)

    @cached_property
    def patients(self) -> dict[str, tuple[CaseFacts, ...]]:
        """All cases of each patient."""
        found: dict[str, list[CaseFacts]] = {}
        for one in self.cases:
            found.setdefault(one.patient, []).append(one)
        return {patient: tuple(cases) for patient, cases in found.items()}

    @cached_property
    def label_of(self) -> dict[str, str]:
        """The label of each patient whose cases agree on one."""
        found: dict[str, set[str]] = {}
        for one in self.labelled:
            found.setdefault(one.patient, set()).add(one.case.label)
        return {patient: next(iter(labels)) for patient, labels in found.items() if len(labels) == 1}

    def patient_id(self, patient: str) -> str:
        """A patient's id as its first case writes it."""
        return self.patients[patient][0].case.patient_id

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """The modalities that the network reads."""
        return tuple(Modality(one) for one in self.config.network.modalities)

    @cached_property
    def synthetic(self) -> tuple[CaseFacts, ...]:
        """Cases of which every readable image is a phantom."""
        readable_ = [(one, [image for image in one.images if image.usable]) for one in self.cases]
        return tuple(one for one, images in readable_ if images and all(image.synthetic for image in images))


def gather(cohort: Cohort, config: TrainingConfig, store: PictureStore, progress: Progress) -> CohortFacts:
    """Look at every image of ``cohort`` that may be trained on once."""
    cohort = replace(cohort, cases=tuple(for_bundle(case, config.crop).case for case in cohort.cases))
    folder = cohort.source if cohort.source is None or cohort.source.is_dir() else cohort.source.parent
    todo = [(key, item) for case in cohort.cases for key, item in keyed_images(case).items()]
    pool = ThreadPoolExecutor(min(8, os.cpu_count() or 1))
    seen: list[ImageFacts] = []
    try:
        work = pool.map(partial(_image, config=config, store=store, folder=folder), *_columns(todo))
        for done, facts in enumerate(work):
            progress.update(done / len(todo), f"Looking at images: {done} of {len(todo)}")
            seen.append(facts)
    finally:
        pool.shutdown(cancel_futures=True)
    keys = patient_keys(cohort.cases)
    left = iter(seen)
    cases = []
    for case in cohort.cases:
        images = tuple(next(left) for _ in case.images)
        cases.append(CaseFacts(case, keys[case.case_id], images, _entering(case, images, config)))
    return CohortFacts(cohort, config, tuple(cases), tuple(store.notices))


def _columns(todo: Sequence[tuple[str, ImageItem]]) -> tuple[list[str], list[ImageItem]]:
    return [key for key, _ in todo], [item for _, item in todo]


def _image(
    key: str, item: ImageItem, *, config: TrainingConfig, store: PictureStore, folder: Path | None
) -> ImageFacts:
    file = _file(item, folder)
    try:
        picture = store.get(item, config.preprocessing.get(item.modality, Preprocessing()))
        return ImageFacts(
            key,
            item,
            file,
            sha256=picture.image_sha256,
            look=look_at(picture.pixels),
            shape=picture.image_shape,
            colours=f"{picture.dtype}, {'colour' if picture.channels > 1 else 'grey'}",
            file_bytes=picture.file_bytes,
            signal=picture.signal,
            blank=any(one.code == "image_blank" for one in picture.notices),
            synthetic=bool(picture.synthetic),
            pixel_size=item.pixel_size,
        )
    except RenalFusionError as error:
        return ImageFacts(key, item, file, error)


def _file(item: ImageItem, folder: Path | None) -> str:
    path = item.path
    if folder is not None and path.is_relative_to(folder):
        path = path.relative_to(folder)
    elif path.parent.name:
        path = Path(path.parent.parent.name, path.parent.name, path.name)
    return readable(path.as_posix()) + (f" page {item.page}" if item.page else "")


def _entering(
    case: Case, images: Sequence[ImageFacts], config: TrainingConfig
) -> dict[Modality, tuple[ImageFacts, ...]]:
    known = {one.key: one for one in images}
    slots = tuple(one for one in config.rules.slots if one.modality.value in config.network.modalities)
    failed = {one.key: one.error for one in images if one.error is not None}
    chosen = select(case, SelectionRules(slots=slots), None, _Memo(images), failed)
    return {slot.modality: tuple(known[one.key] for one in chosen.of(slot.modality)) for slot in slots}


class _Memo:
    """Answers the one question of :func:`select` from what the pass has seen."""

    def __init__(self, images: Sequence[ImageFacts]):
        self._signal = {id(one.item): one.signal for one in images}

    def get(self, image: ImageItem, question, find_out):
        return self._signal[id(image)] if question == "signal" else find_out()
