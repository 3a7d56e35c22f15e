"""The picture of the whole panel: a case whose electron images have not come, answered without them.

Run it alone under a display of at least 1200 x 860, for example::

    xvfb-run -s "-screen 0 1600x1200x24" python docs/panel_pictures.py
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from window_tools import main, photograph, rest, settle, show_at_once, wait, workspace_on

NAMES = ("panel_without_electron.png",)
PATIENTS, FOLDS, SEED = 48, 3, 20
_SIZE = (1200, 860)


def pictures_of_panel(out: Path, cache: Path) -> None:
    """Train a renal HEALNet on phantoms, which ``cache`` keeps, and ask it about a patient without electron images."""
    os.environ["RENAL_FUSION_HOME"] = str(cache / "home")
    folder = _awaiting_electron(cache / "K4-117")
    _install_model(cache)
    picture_without_electron(folder, out / NAMES[0])


def picture_without_electron(folder: Path, out: Path) -> None:
    """Open the case in the workspace, ask the model, and show the antibody that it attended to most."""
    from napari_renal_fusion.cases import Modality

    with workspace_on(folder, "light", _SIZE) as workspace:
        workspace.reader.run.choose_bundle("panel")
        show_at_once(workspace)
        workspace.run()
        settle(workspace, lambda: workspace.runs.answer(0) is not None)
        methods = workspace.reader.heat_map.methods
        methods.setCurrentIndex(methods.findData("attention"))
        methods.activated.emit(methods.currentIndex())
        settle(workspace)
        stage = workspace.stage
        wait(lambda: stage.explanation is not None and stage.explanation.method == "attention")
        maps = [one for one in stage.explanation.heat_maps if one.modality == Modality.IM]
        stage.show_image(max(maps, key=lambda one: one.raw.max()).key)
        settle(workspace)
        rest(0.5)
        photograph(workspace.viewer, out)


def _awaiting_electron(folder: Path) -> Path:
    """A patient of membranous nephropathy with two stains and eight antibodies, whose electron images are not there yet."""
    from napari_renal_fusion.phantoms import BiopsySpec, Disease, write_biopsy

    if not folder.exists():
        spec = BiopsySpec(
            disease=Disease.MEMBRANOUS_NEPHROPATHY, seed=404, difficulty=0.2, n_tem=0, om_stains=("PASM", "HE"),
            om_size=(768, 512), im_size=(640, 480),
        )  # fmt: skip
        write_biopsy(spec, folder)
    return folder


def _install_model(cache: Path) -> None:
    """Train once, in another process: torch's compiler and Mesa's do not get on in one that draws."""
    import subprocess
    import sys

    from napari_renal_fusion.bundles.install import install
    from napari_renal_fusion.training import Run

    run = cache / "run"
    if not (run / "bundle" / "bundle.json").is_file():
        command = "from napari_renal_fusion.cli import main; main()"
        subprocess.run(
            [
                sys.executable, "-c", command, "train", "--phantoms", str(PATIENTS), "--difficulty", "0.4", "--preset",
                "panel", "--folds", str(FOLDS), "--seed", str(SEED), "--set", "threads=1", "--out", str(run),
            ],
            check=True,
        )  # fmt: skip
    shutil.rmtree(cache / "home" / "bundles", ignore_errors=True)
    for one in Run.open(run).bundles:
        install(one)


if __name__ == "__main__":
    main(pictures_of_panel, "panel", __doc__)
