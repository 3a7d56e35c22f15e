"""The reading workspace on a large screen and with large text: 3840 x 2160, and 150 percent.

Run it under a display of 3840 x 2160, for example::

    xvfb-run -s "-screen 0 3840x2160x24" python docs/large_pictures.py

Each picture is taken in a process of its own, because Qt reads its scale factor only once.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from window_tools import photograph, rest, wait

# Name, Qt's scale factor, window size in its own pixels, theme, points of napari's text (0: as it is).
PICTURES = (
    ("reading_4k_light.jpg", "1", (3840, 2160), "light", 18),
    ("reading_150_light.png", "1.5", (1280, 800), "light", 0),
    ("reading_150_dark.png", "1.5", (1280, 800), "dark", 0),
    ("reading_large_text_light.png", "1", (1920, 1080), "light", 18),
)
NAMES = tuple(one[0] for one in PICTURES)


def pictures(out: Path, cache: Path) -> None:
    """Take every picture; ``cache`` keeps the sample patient."""
    for name, scale, *_ in PICTURES:
        environment = os.environ | {"QT_SCALE_FACTOR": scale}
        command = [sys.executable, __file__, "--out", str(out), "--cache", str(cache), "--only", name]
        subprocess.run(command, env=environment, check=True)


def _take(name: str, out: Path, cache: Path) -> None:
    os.environ["RENAL_FUSION_HOME"] = str(cache / "home")
    _, _, size, theme, points = next(one for one in PICTURES if one[0] == name)
    import napari
    from napari.settings import get_settings

    from napari_renal_fusion.compute.places import cache_dir
    from napari_renal_fusion.compute.settings import load_settings, save_settings
    from napari_renal_fusion.phantoms import sample_patient
    from napari_renal_fusion.viewer import open_workspace

    save_settings(load_settings().model_copy(update={"read_first": False}))
    if points:
        get_settings().appearance.font_size = points
    viewer = napari.Viewer(show_welcome_screen=False)
    viewer.theme = theme
    viewer.window.resize(*size)
    workspace = open_workspace(viewer, sample_patient(cache_dir()))

    def settled() -> bool:
        busy = (workspace.threads, workspace.writing, workspace.canvas, workspace.docks)
        return workspace.case is not None and not any(one.busy for one in busy) and not workspace.runs.running

    wait(lambda: settled() and workspace.reader.run.bundle is not None)
    workspace.run()
    wait(lambda: settled() and workspace.answer is not None)
    rest(1.5)
    if name.endswith(".jpg"):  # as PNG it would have six megabytes
        from PIL import Image

        whole = viewer.window.screenshot(canvas_only=False, flash=False)
        Image.fromarray(whole).convert("RGB").save(out / name, quality=78)
        print(out / name, flush=True)
    else:
        photograph(viewer, out / name)
    get_settings().appearance.reset()
    viewer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "pictures")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "renal-fusion-pictures")
    parser.add_argument("--only", default="", help="One picture, in this process.")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    if given.only:
        _take(given.only, given.out, given.cache)
    else:
        pictures(given.out, given.cache)


if __name__ == "__main__":
    main()
