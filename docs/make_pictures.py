"""Make the pictures of the documentation: real windows, the sample patient, the demonstration bundle.

Run it under a display of at least 1600 x 1200, for example::

    xvfb-run -s "-screen 0 1600x1200x24" python docs/make_pictures.py

``--only training`` makes only the pictures whose names begin so.
"""

from __future__ import annotations

from pathlib import Path

from window_tools import begin, parser_of, photograph, rest, settle, show_at_once, wait, window, workspace_on

SIZES = ((1400, 900), (1100, 700))
THEMES = ("light", "dark")


def main() -> None:
    """Write every picture into ``docs/pictures``."""
    parser = parser_of(__doc__)
    parser.add_argument("--bundle", default="demo", help="name of the bundle that answers")
    parser.add_argument("--only", default="", help="beginning of the names of the pictures to make")
    given = begin(parser)
    out, only = given.out, given.only

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
    with workspace_on(folder, theme, size) as workspace:
        workspace.reader.run.choose_bundle(bundle)
        show_at_once(workspace)
        workspace.run()
        settle(workspace, lambda: workspace.runs.answer(0) is not None)
        entered = workspace.runs.answer(0).prediction.selection.keys
        workspace.stage.show_image(entered[0])
        settle(workspace)
        rest(0.4)
        photograph(workspace.viewer, out)


def picture_of_widget(out: Path, bundle: str) -> None:
    """Open the sample as plain layers and ask for an opinion with the plain widget."""
    from napari_renal_fusion.viewer.fit import fit_layer

    with window("dark", (1400, 900)) as viewer:
        viewer.open_sample("napari-renal-fusion", "sample_patient")
        _, widget = viewer.window.add_plugin_dock_widget(
            "napari-renal-fusion", "Model opinion for open layers"
        )
        wait(lambda: bool(widget.bundle.choices))
        widget.bundle.value = bundle
        widget.om.value, widget.im.value = viewer.layers[0], viewer.layers[1]
        widget.tem.value = list(viewer.layers[2:])
        widget.run()
        wait(lambda: bool(widget.probabilities) and not widget.busy)
        fit_layer(viewer, viewer.layers[0])
        rest(0.4)
        photograph(viewer, out)


if __name__ == "__main__":
    main()
