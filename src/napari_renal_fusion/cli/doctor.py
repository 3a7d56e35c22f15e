"""``renal-fusion doctor``: what works here, and what to do about the rest."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from dataclasses import asdict, dataclass

from .. import __version__
from ..errors import RenalFusionError
from .console import Talk
from .window import has_display

_PACKAGES = (
    "napari",
    "npe2",
    "magicgui",
    "torch",
    "torchvision",
    "timm",
    "lightning",
    "grad-cam",
    "tifffile",
)


@dataclass(frozen=True)
class Finding:
    """One line of the doctor: ``ok`` is False where something must be done."""

    what: str
    found: str
    ok: bool = True


def run_doctor(talk: Talk) -> bool:
    """Print every finding; returns whether all are well."""
    findings = [
        Finding("napari-renal-fusion", __version__),
        Finding("Python", f"{platform.python_version()} on {platform.platform(terse=True)}"),
        *(_package(name) for name in _PACKAGES),
        _qt(),
        Finding("Display", "yes" if has_display() else "none: windows cannot open, the command line works"),
        *_devices(),
        *_bundles(),
        *_places(),
    ]
    width = max(len(one.what) for one in findings)
    for one in findings:
        talk.say(f"{'  ' if one.ok else '! '}{one.what:<{width}}  {one.found}")
    talk.result([asdict(one) for one in findings])
    return all(one.ok for one in findings)


def qt_problem() -> str:
    """One sentence if the installed Qt is known to crash with this Python, else nothing."""
    try:
        version = importlib.metadata.version("PySide6")
    except importlib.metadata.PackageNotFoundError:
        return ""
    if version.startswith("6.12.0") and sys.version_info[:2] == (3, 11):
        return (
            "PySide6 6.12.0 aborts on Python 3.11 after a few thousand calls; "
            "install another Qt: pip install PyQt6 and pip uninstall PySide6"
        )
    return ""


def _package(name: str) -> Finding:
    try:
        return Finding(name, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, f"not installed: pip install {name}", ok=False)


def _qt() -> Finding:
    try:
        import qtpy

        found = f"{qtpy.API_NAME} {qtpy.PYQT_VERSION or qtpy.PYSIDE_VERSION}"
    except Exception as error:  # qtpy raises its own types when there is no binding
        return Finding("Qt", f'none ({error}): pip install "napari-renal-fusion[all]"', ok=False)
    problem = qt_problem()
    return Finding("Qt", problem or found, ok=not problem)


def _devices() -> list[Finding]:
    from ..compute.devices import choose_device

    choice = choose_device("auto")
    return [Finding("Device", f"{choice.device}: {choice.reason}")]


def _bundles() -> list[Finding]:
    from ..bundles import installed

    infos = installed()
    if not infos:
        return [Finding("Bundles", "none: train one, or install the package again", ok=False)]
    return [
        Finding(
            f"Bundle {one.name}",
            one.problem or f"{one.title}, trained on {one.config.trained_on} images",
            not one.problem,
        )
        for one in infos
    ]


def _places() -> list[Finding]:
    from ..compute.places import cache_dir, data_dir
    from ..compute.settings import load_settings, settings_path

    try:
        load_settings()
        settings = Finding("Settings", str(settings_path()))
    except RenalFusionError as error:
        settings = Finding("Settings", str(error), ok=False)
    return [settings, Finding("Own bundles", str(data_dir() / "bundles")), Finding("Cache", str(cache_dir()))]
