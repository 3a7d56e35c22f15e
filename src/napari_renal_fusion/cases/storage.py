"""Everything that this program keeps on a computer, by kind: where, how much, whether names are in it, and its purge."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..compute.places import cache_dir, config_dir, data_dir
from ..errors import RenalFusionError
from .work_folder import WorkFolder

KindKey = Literal["cases", "keys", "laboratory", "answers", "runs", "bundles", "checks", "caches", "settings"]


@dataclass(frozen=True)
class Kind:
    """One kind of stored things.

    ``verb`` is what a button that deletes all of it says, "" where nothing deletes it; ``loses`` says in a
    sentence what is lost then. ``paths`` need not exist.
    """

    key: KindKey
    what: str
    paths: tuple[Path, ...]
    holds_names: bool = False
    verb: str = ""
    loses: str = ""


@dataclass(frozen=True)
class Amount:
    """How much there is: number of files and bytes."""

    files: int
    size: int


def kinds(work: WorkFolder | None = None) -> tuple[Kind, ...]:
    """Every kind, the work on cases first."""
    work = work or WorkFolder()
    config, data, cache = config_dir(), data_dir(), cache_dir()
    return (
        Kind(
            "cases", "Work on cases, by case code: readings, sealed answers, logs, outlines, calibrations",
            (work.root,), verb="Delete all cases", loses="Own readings, outlines and logs of all cases are lost.",
        ),
        Kind(
            "keys", "Keys: which patient and which files stand behind a code or a run", (config / "keys",),
            holds_names=True, verb="Delete the keys",
            loses="Codes without a key beside the originals cannot be traced to patients any more, and runs cannot be "
            "resumed.",
        ),
        Kind(
            "laboratory", "Habits of the laboratory: what its file names mean, scales of its microscopes",
            (config / "patterns.json", config / "lab_scales.json"), verb="Forget the laboratory",
            loses="The next folders have to be corrected again.",
        ),
        Kind(
            "answers", "Pixel sizes that people gave, by the file's content", (data / "answers",),
            verb="Forget the pixel sizes", loses="They will be asked for again.",
        ),
        Kind(
            "runs", "Training runs, under case codes", (data / "runs",), verb="Delete all runs",
            loses="Figures and unfinished trainings are lost; models that were installed stay.",
        ),
        Kind("bundles", "Installed models and encoder weights", (data / "bundles", data / "encoders")),
        Kind(
            "checks", "Checks of models on own cases, under case codes", (data / "local",), verb="Delete the checks",
            loses="Models count as not checked in this laboratory, and no longer know whom they were trained on.",
        ),
        Kind(
            "caches", "Caches: prepared pictures, features, the sample patient", (cache,), verb="Delete the caches",
            loses="They are made again when they are needed.",
        ),
        Kind("settings", "Settings", (config / "settings.toml", config / "intended_use.json")),
    )  # fmt: skip


def amount(kind: Kind) -> Amount:
    """Count the files of a kind; files that vanish meanwhile do not count."""
    files = size = 0
    for path in kind.paths:
        for one in (path, *(path.rglob("*") if path.is_dir() else ())):
            try:
                if one.is_file():
                    files, size = files + 1, size + one.stat().st_size
            except OSError:
                continue
    return Amount(files, size)


def purge_kind(key: KindKey, work: WorkFolder | None = None) -> None:
    """Delete everything of one kind; originals and keys beside them stay.

    Of the work folder, which a person may have chosen, only the folders of cases are deleted.

    Raises
    ------
    RenalFusionError
        ``stored_not_deleted`` if something stays.
    """
    work = work or WorkFolder()
    if key == "cases":
        for code in work.codes():
            work.purge(code)
        return
    kind = next(one for one in kinds(work) if one.key == key)
    if not kind.verb:
        raise ValueError(f"{key} is not deleted")
    for path in kind.paths:
        try:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise RenalFusionError(
                "stored_not_deleted",
                f"{path} could not be deleted whole ({error.strerror or error})",
                path=path,
                remedy="Close programs that use its files, and delete it again.",
            ) from error


def size_text(size: int) -> str:
    """Bytes for people: ``0 kB``, ``312 kB``, ``4.2 MB``, ``1.3 GB``."""
    for unit, step in (("GB", 1e9), ("MB", 1e6)):
        if size >= step:
            return f"{size / step:.1f} {unit}"
    return f"{-(-size // 1000)} kB"
