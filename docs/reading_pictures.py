"""All pictures of the reading workspace, and how colour-blind readers and a printer without colours see its plots.

Run it under a display of 3840 x 2160, for example::

    xvfb-run -s "-screen 0 3840x2160x24" python docs/reading_pictures.py

Every script runs in a process of its own: napari's settings and Qt's scale factor belong to a process. ``--only``
takes the name of one script, or ``vision`` for the simulations alone.
"""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from window_tools import begin, parser_of

HERE = Path(__file__).parent
SCRIPTS = (
    "sorting_pictures", "reading_first_pictures", "if_panel_pictures", "calibration_pictures", "glomeruli_pictures",
    "privacy_pictures", "large_pictures",
)  # fmt: skip
"""Scripts beside this one."""

SIMULATED = ("reading_revealed_light.png", "reading_agreement_light.png")
"""Pictures of the window of which a copy stands beside its simulations."""


def run_script(name: str, out: Path, cache: Path) -> bool:
    """Run a script in its own process; False if it failed."""
    command = [sys.executable, str(HERE / f"{name}.py"), "--out", str(out), "--cache", str(cache)]
    done = subprocess.run(command, check=False)
    if done.returncode:
        print(f"{name} failed", file=sys.stderr, flush=True)
    return not done.returncode


def vision(out: Path) -> None:
    """Every plot as it is, for deuteranopia and in grey, side by side; the same of two pictures of the window."""
    from napari_renal_fusion.figures import to_png

    sys.path.insert(0, str(HERE.parent))
    from tests.figures.gallery import GALLERY

    rows = []
    for draw in GALLERY.values():
        with Image.open(io.BytesIO(to_png(draw(False), 1))) as drawn:
            drawn = drawn.convert("RGBA")
        page = Image.new("RGB", (760, drawn.height + 24), "white")
        page.paste(drawn, (20, 12), drawn)
        rows.append(_beside(np.asarray(page)))
    _save(np.concatenate(rows), out / "vision_plots.png")
    for name in SIMULATED:
        if (out / name).is_file():
            with Image.open(out / name) as picture:
                small = picture.convert("RGB").reduce(2)
            _save(_beside(np.asarray(small)), out / f"vision_{name}", colours=0)


def _beside(picture: np.ndarray) -> np.ndarray:
    from napari_renal_fusion.figures.vision import simulated

    return np.concatenate(
        [picture, simulated(picture, "deuteranopia"), simulated(picture, "greyscale")], axis=1
    )


def _save(picture: np.ndarray, path: Path, *, colours: int = 256) -> None:
    """Plots have few colours; a picture of tissue keeps all of them (0)."""
    made = Image.fromarray(picture)
    made = made.quantize(colours, dither=Image.Dither.NONE) if colours else made
    made.save(path, "PNG", optimize=True)
    print(path, flush=True)


def main() -> None:
    parser = parser_of(__doc__, "pictures")
    parser.add_argument("--only", default="", choices=["", *SCRIPTS, "vision"])
    given = begin(parser)
    wanted = [given.only] if given.only else [*SCRIPTS, "vision"]
    made = [run_script(name, given.out, given.cache) for name in wanted if name != "vision"]
    if "vision" in wanted:
        vision(given.out)
    if not all(made):
        sys.exit(1)


if __name__ == "__main__":
    main()
