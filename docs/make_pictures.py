"""Make the pictures of the documentation: real windows, the sample patient, the demonstration bundle.

Run it under a display of at least 1600 x 1200, for example::

    xvfb-run -s "-screen 0 1600x1200x24" python docs/make_pictures.py

``--only training`` makes only the pictures whose names begin so.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from window_tools import photograph, rest, show_at_once, wait

SIZES = ((1400, 900), (1100, 700))
THEMES = ("light", "dark")
PICTURES = Path(__file__).with_name("pictures")


def main() -> None:
    """Write every picture into ``docs/pictures``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=PICTURES)
    parser.add_argument("--bundle", default="demo", help="name of the bundle that answers")
    parser.add_argument("--only", default="", help="beginning of the names of the pictures to make")
    given = parser.parse_args()
    out, only = given.out, given.only
    out.mkdir(parents=True, exist_ok=True)
    # napari's settings of whoever runs this must not show in the pictures.
    os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp()) / "settings.yaml")

    from training_pictures import NAMES, pictures_of_training

    from napari_renal_fusion.compute.places import cache_dir
    from napari_renal_fusion.phantoms import sample_patient

    for size in SIZES:
        for theme in THEMES:
            name = f"workspace_{theme}_{size[0]}x{size[1]}.png"
            if name.startswith(only):
                folder = sample_patient(cache_dir())
                picture_of_workspace(folder, given.bundle, theme, size, out / name)
    if "opinion_widget.png".startswith(only):
        picture_of_widget(out / "opinion_widget.png", given.bundle)
    if any(one.startswith(only) for one in NAMES):
        pictures_of_training(out, cache_dir() / "pictures", only)


def picture_of_workspace(folder: Path, bundle: str, theme: str, size: tuple[int, int], out: Path) -> None:
    """Open the sample patient, run the model, and show the light image with its heat map."""
    import napari

    from napari_renal_fusion.viewer import open_workspace

    viewer = napari.Viewer(show_welcome_screen=False)
    viewer.theme = theme
    viewer.window.resize(*size)
    workspace = open_workspace(viewer, folder)

    def settled() -> bool:
        busy = (workspace.threads, workspace.writing, workspace.canvas, workspace.docks)
        return workspace.case is not None and not any(one.busy for one in busy) and not workspace.runs.running

    wait(settled)
    workspace.reader.run.choose_bundle(bundle)
    show_at_once(workspace)
    workspace.run()
    wait(lambda: workspace.runs.answer(0) is not None and settled())
    entered = workspace.runs.answer(0).prediction.selection.keys
    workspace.stage.show_image(entered[0])
    wait(settled)
    rest(0.4)
    photograph(viewer, out)
    viewer.close()
    rest(0.3)


def picture_of_widget(out: Path, bundle: str) -> None:
    """Open the sample as plain layers and ask for an opinion with the plain widget."""
    import napari

    from napari_renal_fusion.viewer.fit import fit_layer

    viewer = napari.Viewer(show_welcome_screen=False)
    viewer.theme = "dark"
    viewer.window.resize(1400, 900)
    viewer.open_sample("napari-renal-fusion", "sample_patient")
    _, widget = viewer.window.add_plugin_dock_widget("napari-renal-fusion", "Model opinion for open layers")
    wait(lambda: bool(widget.bundle.choices))
    widget.bundle.value = bundle
    widget.om.value, widget.im.value = viewer.layers[0], viewer.layers[1]
    widget.tem.value = list(viewer.layers[2:])
    widget.run()
    wait(lambda: bool(widget.probabilities) and not widget.busy)
    fit_layer(viewer, viewer.layers[0])
    rest(0.4)
    photograph(viewer, out)
    viewer.close()


if __name__ == "__main__":
    main()
