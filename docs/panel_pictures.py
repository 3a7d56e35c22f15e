"""The picture of the whole panel: a case whose electron images have not come, answered without them.

Run it alone under a display of at least 1200 x 860, for example::

    xvfb-run -s "-screen 0 1600x1200x24" python docs/panel_pictures.py
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from pathlib import Path

from window_tools import photograph, rest, show_at_once, wait

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
    import napari

    from napari_renal_fusion.cases import Modality
    from napari_renal_fusion.viewer import open_workspace

    viewer = napari.Viewer(show_welcome_screen=False)
    viewer.theme = "light"
    viewer.window.resize(*_SIZE)
    workspace = open_workspace(viewer, folder)

    def settled() -> bool:
        busy = (workspace.threads, workspace.writing, workspace.canvas, workspace.docks)
        return workspace.case is not None and not any(one.busy for one in busy) and not workspace.runs.running

    wait(settled)
    workspace.reader.run.choose_bundle("panel")
    show_at_once(workspace)
    workspace.run()
    wait(lambda: workspace.runs.answer(0) is not None and settled())
    methods = workspace.reader.heat_map.methods
    methods.setCurrentIndex(methods.findData("attention"))
    methods.activated.emit(methods.currentIndex())
    wait(settled)
    wait(
        lambda: workspace.stage.explanation is not None and workspace.stage.explanation.method == "attention"
    )
    maps = [one for one in workspace.stage.explanation.heat_maps if one.modality == Modality.IM]
    workspace.stage.show_image(max(maps, key=lambda one: one.raw.max()).key)
    wait(settled)
    rest(0.5)
    photograph(viewer, out)
    workspace.shut()
    viewer.close()
    rest(0.3)


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


def main() -> None:
    """Write the picture into ``docs/pictures``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("pictures"))
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "renal-fusion-panel")
    given = parser.parse_args()
    # napari's settings of whoever runs this must not show in the picture.
    os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp()) / "settings.yaml")
    given.out.mkdir(parents=True, exist_ok=True)
    pictures_of_panel(given.out.absolute(), given.cache.absolute())


if __name__ == "__main__":
    main()
