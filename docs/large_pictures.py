"""The reading workspace on a large screen and with large text: 3840 x 2160, and 150 percent.

Run it under a display of 3840 x 2160, for example::

    xvfb-run -s "-screen 0 3840x2160x24" python docs/large_pictures.py

Each picture is taken in a process of its own, because Qt reads its scale factor only once.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from window_tools import begin, parser_of, photograph, rest, settle, workspace_on

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
    from napari.settings import get_settings

    from napari_renal_fusion.compute.places import cache_dir
    from napari_renal_fusion.compute.settings import load_settings, save_settings
    from napari_renal_fusion.phantoms import sample_patient

    save_settings(load_settings().model_copy(update={"read_first": False}))
    if points:
        get_settings().appearance.font_size = points
    with workspace_on(sample_patient(cache_dir()), theme, size) as workspace:
        settle(workspace, lambda: workspace.reader.run.bundle is not None)
        workspace.run()
        settle(workspace, lambda: workspace.answer is not None)
        rest(1.5)
        if name.endswith(".jpg"):  # as PNG it would have six megabytes
            from PIL import Image

            whole = workspace.viewer.window.screenshot(canvas_only=False, flash=False)
            Image.fromarray(whole).convert("RGB").save(out / name, quality=78)
            print(out / name, flush=True)
        else:
            photograph(workspace.viewer, out / name)


def main() -> None:
    """Write the pictures into ``docs/pictures``, or one of them."""
    parser = parser_of(__doc__, "pictures")
    parser.add_argument("--only", default="", help="One picture, in this process.")
    given = begin(parser)
    if given.only:
        _take(given.only, given.out, given.cache)
    else:
        pictures(given.out, given.cache)


if __name__ == "__main__":
    main()
