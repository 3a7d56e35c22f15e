"""The sibling that answers while images of a modality are missing, such as OM + IM before electron images."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from ..bundles import Bundle, BundleConfig, installed, read_config
from ..cases import Modality
from ..errors import RenalFusionError
from ..inputs import Selection
from ..notices import Notice
from .engine import Engine
from .gather import Gathered

_WORDS = {Modality.OM: "light", Modality.IM: "immunofluorescence", Modality.TEM: "electron"}


def find_stand_in(bundle: Bundle, present: Collection[Modality]) -> Path | None:
    """Folder of the bundle that answers for ``bundle`` about a case with only the modalities ``present``.

    Siblings lie in folders ``bundle-*`` beside it (as a run writes them) or among the installed bundles, name
    it in ``stands_in_for``, have its classes and come from the same run (equal ``run_id``; a bundle without one
    has no siblings). The one that uses most modalities is taken.
    """
    fitting = [
        (len(config.rules.modalities), folder)
        for folder, config in _siblings(bundle)
        if set(config.rules.modalities) <= set(present)
    ]
    return max(fitting, key=lambda one: one[0])[1] if fitting else None


def stand_in_for(
    bundle: Bundle, gathered: Gathered, engine: Engine
) -> tuple[Bundle | None, tuple[Notice, ...]]:
    """The loaded sibling for a case with missing images, or None and, if it cannot be used, why."""
    if not gathered.selection.missing or not gathered.prepared:
        return None, ()
    folder = find_stand_in(bundle, {image.modality for image in gathered.selection.images})
    if folder is None:
        return None, ()
    try:
        return engine.stand_in(folder), ()
    except RenalFusionError as error:
        message = f"The model for missing images cannot be used: {error}"
        return None, (Notice(code="stand_in_unusable", message=message),)


def _siblings(bundle: Bundle) -> Iterator[tuple[Path, BundleConfig]]:
    def stands_in(config: BundleConfig | None) -> bool:
        return (
            config is not None
            and bundle.config.run_id != ""
            and config.run_id == bundle.config.run_id
            and config.stands_in_for == bundle.config.name
            and config.class_names == bundle.config.class_names
            and config.trained_on == bundle.config.trained_on
        )

    for folder in sorted(bundle.folder.parent.glob("bundle-*")):
        try:
            config = read_config(folder)
        except RenalFusionError:
            continue
        if stands_in(config):
            yield folder, config
    for info in installed():
        if stands_in(info.config):
            yield info.path, info.config


def choice_for(
    config: BundleConfig,
    selection: Selection,
    choice: Mapping[Modality, tuple[str, ...]] | None,
    *,
    given: bool,
) -> dict[Modality, tuple[str, ...]] | None:
    """The person's choice of images for a sibling: that of a ``given`` selection, or what was chosen of it."""
    used = config.rules.modalities
    if given:
        return {modality: tuple(one.key for one in selection.of(modality)) for modality in used}
    return {modality: keys for modality, keys in (choice or {}).items() if modality in used} or None


def stood_in_notice(title: str, missing: Collection[Modality]) -> Notice:
    """``Answered by CMUS-Net OM + IM, because electron images are missing.``"""
    words = " and ".join(_WORDS[one] for one in missing)
    return Notice(code="stood_in", message=f"Answered by {title}, because {words} images are missing.")
