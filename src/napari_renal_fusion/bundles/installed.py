"""Which bundles this computer has, and how a name or a path becomes one."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from ..compute.places import data_dir
from ..errors import RenalFusionError
from .archive import unpack
from .bundle import Bundle, load_folder
from .check import read_config
from .format import BundleConfig


@dataclass(frozen=True)
class BundleInfo:
    """What a list of bundles shows; ``problem`` is set, and ``config`` is None, if it cannot be used."""

    name: str
    path: Path
    config: BundleConfig | None
    problem: str = ""

    @property
    def title(self) -> str:
        return self.config.title if self.config else f"{self.name} (cannot be used)"


def installed() -> list[BundleInfo]:
    """Every bundle in the package and in the person's data folder, without importing torch."""
    infos = []
    for root in _roots():
        if not root.is_dir():
            continue
        for folder in sorted(one for one in root.iterdir() if one.is_dir() and not one.name.startswith(".")):
            try:
                infos.append(BundleInfo(folder.name, folder, read_config(folder)))
            except RenalFusionError as error:
                infos.append(BundleInfo(folder.name, folder, None, str(error)))
    return infos


def find(name_or_path: str | Path) -> Path:
    """Folder of a bundle given by name, by folder or by ``.zip``.

    Raises
    ------
    RenalFusionError
        ``bundle_missing`` with the names that exist.
    """
    path = Path(name_or_path)
    if path.suffix.lower() == ".zip" and path.is_file():
        return unpack(path)
    if path.is_dir():
        return path
    if len(path.parts) == 1:
        for root in _roots():
            if (root / path).is_dir():
                return root / path
    names = ", ".join(info.name for info in installed()) or "none"
    raise RenalFusionError(
        "bundle_missing",
        f"There is no bundle called {name_or_path}",
        remedy=f"Installed bundles: {names}; or give the folder or .zip of one.",
    )


def describe(name_or_path: str | Path) -> BundleConfig:
    """Configuration of a bundle, checked, without its weights and without torch."""
    return read_config(find(name_or_path))


def load(name_or_path: str | Path | Bundle) -> Bundle:
    """Load a bundle by name or path after all static checks; a loaded bundle is returned as it is."""
    loaded = not isinstance(name_or_path, (str, Path))
    return name_or_path if loaded else load_folder(find(name_or_path))


def _roots() -> tuple[Path, Path]:
    return Path(str(files("napari_renal_fusion"))) / "sample_data" / "bundles", data_dir() / "bundles"
