"""Pictures of the tutorial: one training from its patients to an answer, in a window of its own for each theme."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tutorial_patients import FAULTY, OWN, TRAINING, draw_patients
from window_tools import photograph, rest, settle, show_at_once, wait, window

NAMES = tuple(
    f"training_{what}.png"
    for what in (
        "check", "settings", "curves", "curves_dark", "overview", "classes", "reliability", "cases", "compare", "answer",
    )
)  # fmt: skip
SIZE, _ANSWER_SIZE = (1400, 900), (1100, 700)
_FOLDS = 3
_TRAINING_S = 1800


def pictures_of_training(out: Path, cache: Path, only: str = "") -> None:
    """Train once on the tutorial's patients, which ``cache`` keeps, and take the pictures on the way.

    Those whose name begins with ``only`` are written; all of them come from the one training.
    """
    from napari_renal_fusion.viewer.training.dock import open_training

    draw_patients(cache / "patients")
    out = out.absolute()
    os.chdir(cache)  # so that the pictures show the paths of the tutorial
    patients = Path("patients")
    shutil.rmtree(cache / "home", ignore_errors=True)  # runs and models of the last time
    os.environ["RENAL_FUSION_HOME"] = str(cache / "home")
    with window("light", SIZE) as viewer:

        def take(name: str) -> None:
            if f"training_{name}.png".startswith(only):
                photograph(viewer, out / f"training_{name}.png", small=True)

        dock = open_training(viewer)
        wait(lambda: not dock.busy)
        for table in (FAULTY, TRAINING):
            dock.choose_cohort(patients / table)
            dock.check()
            wait(lambda: not dock.busy)
            if table == FAULTY:
                take("check")
        dock.go(1)
        dock.settings.form.advanced_button.setChecked(True)
        for name, value in (("folds", _FOLDS), ("threads", 1)):  # one thread: other work shares the processor
            dock.settings.form.inputs[name].box.setValue(value)
        rest(0.5)
        take("settings")
        if only not in ("training_check.png", "training_settings.png"):
            _train_and_show(dock, viewer, patients, take)
        dock.shut()


def _train_and_show(dock, viewer, patients: Path, take: Callable[[str], None]) -> None:
    dock.settings.next_button.click()
    wait(lambda: not dock.busy)
    dock.start()
    last = f"fold-{_FOLDS}"
    wait(
        lambda: last in dock.live.picture.units and len(dock.live.picture.units[last].epochs) > 8, _TRAINING_S
    )
    take("curves")
    viewer.theme = "dark"
    take("curves_dark")
    viewer.theme = "light"
    wait(lambda: dock.live.state in ("finished", "failed"), _TRAINING_S)
    dock.go(3)
    wait(lambda: dock.results.run is not None and not dock.busy)
    dock.use_model()
    page = dock.results.page
    for tab in ("Overview", "Classes", "Reliability", "Cases"):
        page.show_tab(tab)
        rest(0.5)
        wait(lambda: not dock.busy and not page.busy)
        take(tab.lower())
    _compare_with_the_current(page)
    take("compare")
    workspace = _ask(dock, viewer, patients)
    take("answer")
    workspace.shut()


def _compare_with_the_current(page) -> None:
    page.show_tab("Compare")
    names = [page.compare.runs.itemText(i) for i in range(page.compare.runs.count())]
    page.compare.choose(next(one for one in names if one.startswith("Demonstration")))
    wait(page.compare.beside.ask_button.isVisible)
    page.compare.beside.ask()
    wait(lambda: not page.busy, _TRAINING_S)
    rest(0.5)


def _ask(dock, viewer, patients: Path):
    """The new model, checked on the patients that were kept back, about one of them."""
    from napari_renal_fusion.viewer.workspace import open_workspace

    name = dock.results.run.config.name
    # Torch stays out of the process that draws: its compiler and Mesa's do not get on.
    check = "from napari_renal_fusion.cli import main; main()"
    subprocess.run([sys.executable, "-c", check, "verify", name, str(patients / OWN)], check=True)
    dock.place.dock.hide()  # the reader needs the room
    viewer.window.resize(*_ANSWER_SIZE)
    workspace = open_workspace(viewer, patients / OWN)
    settle(workspace)
    workspace.reader.run.choose_bundle(name)
    while True:  # to the first patient that it has an opinion about
        place = workspace.worklist.current
        show_at_once(workspace)
        workspace.run()
        settle(workspace, lambda: workspace.runs.answer(place) is not None)  # noqa: B023
        prediction = workspace.runs.answer(place).prediction
        if prediction.status == "answered":
            break
        workspace.step_case(1)
        settle(workspace)
    workspace.stage.show_image(prediction.selection.keys[0])
    settle(workspace)
    rest(1.0)
    return workspace
