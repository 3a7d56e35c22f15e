"""Putting a bundle among the installed ones, so that every list of models shows it."""

from __future__ import annotations

import shutil
from pathlib import Path

from ..compute.atomic import atomic_folder
from ..compute.places import data_dir
from ..errors import RenalFusionError
from .check import read_config
from .format import FILES
from .installed import _roots, find


def install(bundle: Path | str) -> Path:
    """Copy a bundle (folder or ``.zip``) into the person's data folder and return where it stands.

    Its name is the bundle's own; another bundle of that name is never replaced: the new one gets ``-2``
    and so on. The same bundle installed twice is installed once.

    Raises
    ------
    RenalFusionError
        What the static checks find, ``disk_full`` or ``folder_not_writable``.
    """
    source = find(bundle)
    name = read_config(source).name
    manifest = (source / "bundle.json").read_bytes()
    for number in range(1, 10_000):
        wanted = name if number == 1 else f"{name}-{number}"
        there = next((root / wanted for root in _roots() if (root / wanted).is_dir()), None)
        if there is None:
            break
        if (there / "bundle.json").is_file() and (there / "bundle.json").read_bytes() == manifest:
            return there
    target = data_dir() / "bundles" / wanted
    with atomic_folder(target) as folder:
        for file in FILES:
            shutil.copyfile(source / file, folder / file)
    return target


def bundles_of(path: Path | str) -> tuple[Path | str, ...]:
    """What a person means by the folder of a training run: its bundle and those for missing images.

    Anything else (a bundle's folder, name or ``.zip``) is returned as it is.

    Raises
    ------
    RenalFusionError
        ``run_has_no_bundle``: the run is not finished, or was trained for its figures only.
    """
    folder = Path(path)
    if (folder / "bundle.json").is_file() or not (folder / "run.json").is_file():
        return (path,)
    found = bundles_in_run(folder)
    if not found:
        raise RenalFusionError(
            "run_has_no_bundle", f"The run {folder.name} has no model yet", path=folder,
            remedy="Let it finish; a run with `final: none` is trained for its figures only.",
        )  # fmt: skip
    return found


def bundles_in_run(folder: Path) -> tuple[Path, ...]:
    """The bundle in a run's folder, then those for missing images."""
    manifests = [folder / "bundle" / "bundle.json", *sorted(folder.glob("bundle-*/bundle.json"))]
    return tuple(one.parent for one in manifests if one.is_file())
