"""Small things that the pictures of the documentation share: waiting for windows, and taking their picture."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("RENAL_FUSION_NO_NOTICE", "1")  # nobody is there to read the intended use

LARGEST = 250_000
"""Bytes of a picture in the tutorial."""


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
