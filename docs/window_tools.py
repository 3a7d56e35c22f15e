"""What the scripts of pictures share: how they are started, windows and workspaces, waiting, taking a picture."""

from __future__ import annotations

import argparse
import io
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("RENAL_FUSION_NO_NOTICE", "1")  # nobody is there to read the intended use

LARGEST = 250_000
"""Bytes of a picture in the tutorial."""


def main(pictures: Callable[[Path, Path], None], cache_name: str, doc: str) -> None:
    """The command of a script: call ``pictures(out, cache)`` with absolute folders from the command line."""
    given = begin(parser_of(doc, cache_name))
    pictures(given.out, given.cache)


def parser_of(doc: str, cache_name: str = "") -> argparse.ArgumentParser:
    """``--out``, and ``--cache`` where it has a name, which tells caches of scripts apart; a script may add more."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("pictures"))
    if cache_name:
        cache = Path(tempfile.gettempdir()) / f"renal-fusion-{cache_name}"
        parser.add_argument("--cache", type=Path, default=cache, help="keeps what is drawn or trained once")
    return parser


def begin(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """The arguments, their folders absolute and ``out`` made; to be called before napari is imported."""
    given = parser.parse_args()
    # napari's settings of whoever runs this must not show in the pictures.
    os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp()) / "settings.yaml")
    given.out = given.out.absolute()
    given.out.mkdir(parents=True, exist_ok=True)
    if "cache" in given:
        given.cache = given.cache.absolute()
    return given


@contextmanager
def window(theme: str, size: tuple[int, int]) -> Iterator:
    """A napari viewer in a window of ``size`` (width, height); it is closed afterwards."""
    import napari

    viewer = napari.Viewer(show_welcome_screen=False)
    viewer.theme = theme
    viewer.window.resize(*size)
    yield viewer
    viewer.close()
    rest(0.3)


@contextmanager
def workspace_on(folder: Path, theme: str, size: tuple[int, int]) -> Iterator:
    """The workspace in a window of its own, with the case of ``folder`` open and settled; it is shut afterwards."""
    from napari_renal_fusion.viewer import open_workspace

    with window(theme, size) as viewer:
        workspace = open_workspace(viewer, folder)
        settle(workspace)
        yield workspace
        workspace.shut()


def settle(workspace, also: Callable[[], bool] | None = None, limit_s: float = 180) -> None:
    """Wait until a case is open, nothing of the workspace is under way, and ``also`` holds."""

    def settled() -> bool:
        parts = [one for one in workspace.parts.values() if hasattr(one, "busy")]
        busy = (workspace.threads, workspace.writing, workspace.canvas, workspace.docks, *parts)
        return workspace.case is not None and not any(one.busy for one in busy) and not workspace.runs.running

    wait(lambda: settled() and (also is None or also()), limit_s)


def wait(condition: Callable[[], bool], limit_s: float = 180) -> None:
    """Let the windows live until ``condition`` holds."""
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("The window did not settle; is a bundle installed?")
        rest(0.01)


def show_at_once(workspace) -> None:
    """Let opinions show without an own reading, in this window only: the person's settings stay what they are."""
    settings = workspace.preferences.settings
    workspace.preferences.settings = settings.model_copy(update={"read_first": False})


def rest(seconds: float) -> None:
    """Let the windows live for a while."""
    from qtpy.QtWidgets import QApplication

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.002)


def photograph(viewer, path: Path, *, small: bool = False) -> None:
    """Write the whole window as PNG; ``small`` reduces it to 256 colours or fewer, which no form or chart shows.

    Raises
    ------
    SystemExit
        If a small picture has more than :data:`LARGEST` bytes.
    """
    from PIL import Image

    rest(0.6)
    pixels = viewer.window.screenshot(canvas_only=False, flash=False)
    picture = Image.fromarray(pixels).convert("RGB")
    for colours in (256, 128, 64) if small else (0,):
        data = io.BytesIO()
        made = picture.quantize(colours, dither=Image.Dither.NONE) if colours else picture
        made.save(data, "PNG", optimize=True)
        if data.tell() <= LARGEST:
            break
    else:
        if small:
            raise SystemExit(f"{path.name} has {data.tell()} bytes, more than {LARGEST}")
    path.write_bytes(data.getvalue())
    print(path, flush=True)
