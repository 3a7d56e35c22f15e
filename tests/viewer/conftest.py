"""Fixtures of the viewer's tests: a registered plugin, engines, a workspace in a real window."""

from __future__ import annotations

import gc
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

FAKE = Path(__file__).with_name("fake_engine.py")


@pytest.fixture(scope="session", autouse=True)
def imported_for_good():
    """Modules need not be searched for garbage whenever a window closes: a tenth of the time of these tests."""
    import napari_renal_fusion.viewer.workspace  # noqa: F401

    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def plugin(npe2pm, plugin_settings):
    """Our manifest registered in a napari without any other plugin, with private settings."""
    from npe2 import PluginManifest

    import napari_renal_fusion

    manifest = PluginManifest.from_file(Path(napari_renal_fusion.__file__).with_name("napari.yaml"))
    npe2pm.register(manifest)
    return manifest


@pytest.fixture
def fake_engine(qapp):
    """An engine whose process answers by hand, without torch."""
    from napari_renal_fusion.viewer.engine import Engine

    engine = Engine([sys.executable, str(FAKE)])
    yield engine
    engine.shutdown()


@pytest.fixture
def small_case(tmp_path):
    """A case folder with calibrated light and electron images and an uncalibrated fluorescence image."""
    import tifffile

    rng = np.random.default_rng(0)
    folder = tmp_path / "K 001 病例"
    for part in ("OM", "IM", "TEM"):
        (folder / part).mkdir(parents=True)
    ome = {
        "axes": "YXS",
        "PhysicalSizeX": 0.1,
        "PhysicalSizeXUnit": "µm",
        "PhysicalSizeY": 0.1,
        "PhysicalSizeYUnit": "µm",
    }
    tifffile.imwrite(
        folder / "OM" / "PASM.ome.tif", _noise(rng, (128, 192, 3)), metadata=ome, photometric="rgb"
    )
    tifffile.imwrite(folder / "IM" / "IgA.tif", _noise(rng, (100, 140, 3)), photometric="rgb")
    grey = {
        "axes": "YX",
        "PhysicalSizeX": 2.0,
        "PhysicalSizeXUnit": "nm",
        "PhysicalSizeY": 2.0,
        "PhysicalSizeYUnit": "nm",
    }
    for number in range(1, 6):
        tifffile.imwrite(folder / "TEM" / f"{number:02d}.ome.tif", _noise(rng, (120, 120)), metadata=grey)
    return folder


@pytest.fixture
def install_bundle(private_home):
    """A function that installs a bundle folder under a name, as a person would."""

    def install(folder, name):
        target = private_home / "data" / "bundles" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(folder, target)
        return target

    return install


@pytest.fixture
def show(qtbot):
    """A function that shows a widget, in a size (width, height) if one is given; the test's end closes it."""

    def shown(widget, *size):
        qtbot.addWidget(widget)
        if size:
            widget.resize(*size)
        widget.show()
        return widget

    return shown


@pytest.fixture
def workspace(make_napari_viewer, plugin, fake_engine, small_case, qtbot):
    """A workspace in a real, shown window with a small case open and the fake engine; opinions show at once."""
    from napari_renal_fusion.compute.settings import Settings, save_settings
    from napari_renal_fusion.viewer.workspace import open_workspace

    save_settings(Settings(read_first=False))
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1200, 800)
    opened = open_workspace(viewer, small_case, engine=fake_engine)
    qtbot.waitUntil(lambda: opened.case is not None and settled(opened), timeout=20_000)
    offer_bundle(opened)
    yield opened
    opened.shut()


def offer_bundle(workspace) -> None:
    """Put the demonstration's name in the choice of bundles where none is installed: a bare source tree has none."""
    chooser = workspace.reader.run
    if chooser.bundle is None:
        chooser.bundles.addItem("Demonstration", "demo")
        chooser.show_message("")
        chooser.set_case_open(True)


def settled(workspace) -> bool:
    """Whether nothing is under way in a workspace."""
    return not (
        workspace.threads.busy or workspace.writing.busy or workspace.canvas.busy or workspace.docks.busy
        or workspace.runs.running
    )  # fmt: skip


def _noise(rng, shape):
    return rng.integers(30, 220, shape, dtype=np.uint8)
