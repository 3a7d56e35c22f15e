"""The longest time that the main thread is held while a slide is panned and zoomed, against napari alone.

napari alone moves over arrays of the same shapes and tile borders that lie in memory. Two slides, made on the
spot: one level of 3000 x 3700 pixels in JPEG 2000, as ``kidney_cortex.svs`` is, and a sparse pyramid of
60,000 x 60,000 pixels whose tiles repeat. Needs a display: ``xvfb-run -a python -m benchmarks slide_panning``;
``python -m benchmarks.slide_panning SLIDE ...`` takes slides of one's own.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from .gaps import LongestTurn, Turn, until, wait

_ROUNDS = 1
_STEP_S = 0.04


def run(slides: dict[str, Path] | None = None) -> str:
    """Markdown: longest gap of each phase on both sides, and the largest difference, median of the rounds."""
    lines: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, path in (slides or _made(Path(folder))).items():
            _alone(path)  # the first window pays for fonts and shaders; neither side is charged for them
            rounds = [(_alone(path), _slide(path)) for _ in range(_ROUNDS)]
            lines += ["", f"**{name}**", "", _table(rounds)]
    return "\n".join(lines[1:])


def _table(rounds: list[tuple[dict, dict]]) -> str:
    """The longest turn of each phase by the clock, and how much of it the main thread itself computed."""
    lines = [
        "| longest turn of the main thread, ms | napari alone | slide | computing: alone | slide |",
        "|---|---:|---:|---:|---:|",
    ]
    excess: tuple[dict[str, float], dict[str, float]] = {}, {}
    for phase in rounds[0][0]:
        cells = [median(one[side][phase][how] for one in rounds) for how in (0, 1) for side in (0, 1)]
        lines.append(f"| {phase} | {' | '.join(f'{cell:.0f}' for cell in cells)} |")
        for how in (0, 1):
            excess[how][phase] = median(ours[phase][how] - alone[phase][how] for alone, ours in rounds)
    said = []
    for how, name in ((0, "By the clock"), (1, "Computing, which other programs cannot lengthen")):
        overall = [
            max(one[how] for one in ours.values()) - max(one[how] for one in alone.values())
            for alone, ours in rounds
        ]
        worst = max(excess[how], key=excess[how].get)
        said.append(
            f"{name}: longest turn of all, median excess **{median(overall):.0f} ms** (rounds "
            f"{', '.join(f'{one:.0f}' for one in overall)}); phase by phase the largest median excess is "
            f"**{excess[how][worst]:.0f} ms** ({worst})."
        )
    return "\n".join([*lines, "", *said])


def _alone(path: Path) -> dict[str, Turn]:
    """The same moves over arrays in memory (zeros that the system does not store)."""
    from napari_renal_fusion.cases.slide import open_slide
    from napari_renal_fusion.viewer.slide_layer import slide_arguments

    with open_slide(path) as slide, tempfile.TemporaryFile() as file:
        levels = [_InMemory(level.shape, file) for level in slide.levels]
        return _phases(
            lambda viewer: viewer.add_image(levels, **slide_arguments(slide, slide.pixel_size, "alone")),
            lambda _: True,
        )


def _slide(path: Path) -> dict[str, Turn]:
    from napari_renal_fusion.cases import SlideItem
    from napari_renal_fusion.viewer.slide_layer import add_slide, tiles_of

    return _phases(lambda viewer: add_slide(viewer, SlideItem(path)), lambda layer: not tiles_of(layer).busy)


def _phases(add: Callable, done: Callable) -> dict[str, Turn]:
    from napari import Viewer

    viewer, gap, phases = Viewer(), LongestTurn(), {}
    viewer.window.resize(1400, 900)
    wait(0.5)
    gap.take()
    layer = None

    def phase(name: str, work: Callable[[], object]) -> None:
        work()
        until(lambda: done(layer), 600)
        wait(0.3)
        phases[name] = gap.take()

    def open_() -> None:
        nonlocal layer
        layer = add(viewer)

    camera = viewer.scene.camera
    phase("open", open_)
    fit = camera.zoom
    height, width = np.asarray(layer.extent.world)[1]
    full = 1 / layer.scale[0]  # one pixel of the slide on one of the screen

    def zoom(to: float, steps: int = 12) -> None:
        for value in np.geomspace(camera.zoom, to, steps):
            camera.zoom = float(value)
            wait(_STEP_S)

    def pan(rows: float, columns: float, steps: int = 30) -> None:
        """By so many screen pixels a step."""
        for _ in range(steps):
            middle = np.asarray(camera.center[-2:]) + np.asarray((rows, columns)) / camera.zoom
            camera.center = (0.0, *np.clip(middle, 0, (height, width)))
            wait(_STEP_S)

    def fly() -> None:
        for row, column in ((0.2, 0.3), (0.8, 0.7), (0.5, 0.1)):
            camera.center = (0.0, row * height, column * width)
            wait(0.4)

    phase("zoom in to full resolution", lambda: zoom(full))
    phase("pan", lambda: pan(40, 60))
    phase("pan back in large steps", lambda: pan(-150, -200, 12))
    phase("jump to other places", fly)
    phase("zoom out to a quarter", lambda: zoom(full / 4))
    phase("pan at a quarter", lambda: pan(40, 60))
    phase("zoom out to the whole", lambda: zoom(fit))
    viewer.close()
    return phases


class _InMemory:
    """An array of zeros of a level's shape: a hole in a file, so that it takes no memory and no disk."""

    ndim, dtype = 3, np.dtype(np.uint8)

    def __init__(self, shape: tuple[int, int], file):
        from napari_renal_fusion.viewer.slide_arrays import TILE

        self.shape, self.chunks = (*shape, 3), (TILE, TILE, 3)
        file.truncate(max(file.seek(0, 2), shape[0] * shape[1] * 3))
        self.size = shape[0] * shape[1] * 3
        self._pixels = np.memmap(file, np.uint8, "r", shape=self.shape)

    def __getitem__(self, key) -> np.ndarray:
        return np.array(self._pixels[key])

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return np.array(self._pixels)


def _made(folder: Path) -> dict[str, Path]:
    from tifffile import imwrite

    from napari_renal_fusion.phantoms import write_sparse_slide

    rng = np.random.default_rng(0)
    coarse = rng.integers(90, 230, (463, 375, 3), dtype=np.uint8)
    one_level = np.repeat(np.repeat(coarse, 8, axis=0), 8, axis=1)
    one_level += rng.integers(0, 24, one_level.shape, dtype=np.uint8)
    imwrite(
        folder / "one_level.svs", one_level, tile=(240, 240), photometric="rgb", compression=33005,
        description="Aperio Image Library v12.4.7 \r\n3000x3704 (240x240) J2K/KDU Q=30|MPP = 0.25", metadata=None,
    )  # fmt: skip
    write_sparse_slide(folder / "sparse.tiff", 60_000)
    return {
        "one level of 3000 x 3704, JPEG 2000": folder / "one_level.svs",
        "sparse pyramid of 60,000 x 60,000": folder / "sparse.tiff",
    }


if __name__ == "__main__":
    print(run({Path(one).name: Path(one) for one in sys.argv[1:]} or None))
