"""Fixtures of the training dock's tests: a dock in a real window whose children need no torch."""

from __future__ import annotations

import json
import sys

import psutil
import pytest

FAKE_PREPARE = [sys.executable, "-m", "tests.viewer.training.fake_prepare"]


@pytest.fixture
def cohort_folder():
    """The synthetic cohort that ships: six patients, two of each class."""
    from napari_renal_fusion.viewer.training.drop_place import sample_cohort

    return sample_cohort()


@pytest.fixture
def no_run_left(private_home):
    """Whatever a test starts is ended with it, though a training outlives napari."""
    yield
    from napari_renal_fusion.training.run_list import list_runs

    for run in list_runs():
        if run.pid is not None:
            psutil.Process(run.pid).kill()


@pytest.fixture
def wish(private_home):
    """A function that tells the fake children how to behave from now on."""

    def write(**values):
        (private_home / "wishes.json").write_text(json.dumps(values))

    return write


@pytest.fixture
def make_dock(make_napari_viewer, plugin, no_run_left, qtbot):
    """A function that opens a dock with the fake children in a viewer of its own or a given one."""
    from napari_renal_fusion.viewer.training import dock as module

    opened = []

    def make(viewer=None, command=FAKE_PREPARE):
        viewer = viewer or make_napari_viewer(show=True)
        viewer.window.resize(1200, 800)
        dock = module.TrainingDock(viewer, command=command)
        viewer.window.add_dock_widget(dock, name=module.DOCK_NAME, area="right", add_vertical_stretch=False)
        opened.append(dock)
        qtbot.waitUntil(lambda: dock.isVisible() and not dock.busy, timeout=20_000)
        return dock

    yield make
    for dock in opened:
        dock.shut()


@pytest.fixture
def dock(make_dock):
    return make_dock()


@pytest.fixture
def checked(dock, cohort_folder, qtbot):
    """A dock with the sample cohort chosen and checked, and settings of a short run."""
    dock.choose_cohort(cohort_folder)
    dock.check()
    qtbot.waitUntil(lambda: dock.patients.report is not None and not dock.busy, timeout=20_000)
    dock.settings.form.inputs["folds"].box.setValue(2)
    dock.settings.form.inputs["epochs"].box.setValue(6)
    return dock


@pytest.fixture
def workspace_beside(fake_engine, cohort_folder, qtbot):
    """A function that opens a workspace in a dock's viewer."""
    from napari_renal_fusion.viewer.workspace import open_workspace

    opened = []

    def make(dock):
        workspace = open_workspace(dock._viewer, cohort_folder, engine=fake_engine)
        opened.append(workspace)
        qtbot.waitUntil(
            lambda: (
                workspace.case is not None
                and not (workspace.threads.busy or workspace.writing.busy or workspace.docks.busy)
            ),
            timeout=30_000,
        )
        return workspace

    yield make
    for workspace in opened:
        workspace.shut()
