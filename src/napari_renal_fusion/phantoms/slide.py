"""Synthetic slides with planted regions: drawn, stamped and written as pyramids together with their truth."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ..errors import RenalFusionError
from .fields import Frame, fractal, resample, shrink
from .files import save_mask
from .light import PALETTES, laboratory
from .slide_cortex import SLIDE_LAYERS, SlideTissue, slide_tissue
from .slide_spec import SLIDE_VERSION, Region, SlideSpec
from .slide_tiff import Compression, levels_of_image, write_pyramid
from .stamp import stamp

_GLASS = (243.0, 242.0, 245.0)
_INK = {"green": (24, 120, 62), "blue": (38, 52, 150), "black": (28, 28, 32)}
_TRUTH_UM = 4.0


@dataclass(frozen=True)
class PlantedTruth:
    """Where regions were planted: one bool plane [h, w] for each kind, and for ``tissue``, over the whole slide.

    ``cell`` is the (width, height) of a plane's pixel in pixels of level 0.
    """

    planes: dict[str, np.ndarray]
    cell: tuple[float, float]

    def share(self, coords: np.ndarray, side: float, kinds: tuple[str, ...]) -> np.ndarray:
        """Share [n], 0 to 1, of each patch that regions of ``kinds`` cover.

        ``coords`` [n, 2] are (x, y) of the patches' top left corners and ``side`` their side, in pixels of level 0.
        """
        from ..inputs.patch_grid import covered_share

        shape = next(iter(self.planes.values())).shape
        plane = np.zeros(shape, bool)
        for kind in kinds:
            plane |= self.planes.get(kind, np.zeros(shape, bool))
        return covered_share(plane, self.cell, coords, side)

    def save(self, folder: Path, name: str) -> None:
        """Write ``name_kind.png`` for every plane and ``name.json``."""
        folder.mkdir(parents=True, exist_ok=True)
        for kind, plane in self.planes.items():
            save_mask(plane, folder / f"{name}_{kind}.png")
        facts = {"kinds": list(self.planes), "cell": self.cell}
        (folder / f"{name}.json").write_text(json.dumps(facts), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, name: str) -> PlantedTruth:
        """Read what `save` wrote."""
        facts = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        planes = {kind: np.asarray(Image.open(folder / f"{name}_{kind}.png")) for kind in facts["kinds"]}
        return cls(planes, tuple(facts["cell"]))


@dataclass(frozen=True)
class PhantomSlide:
    """A drawn slide: pixels uint8 [h, w, 3], stamped, and the truth about it.

    ``burden`` is the share of the tissue that infiltrates cover.
    """

    spec: SlideSpec
    pixels: np.ndarray
    truth: PlantedTruth

    @property
    def burden(self) -> float:
        tissue = self.truth.planes["tissue"]
        sick = self.truth.planes.get(Region.INFILTRATE.value, np.zeros_like(tissue))
        return float((sick & tissue).sum() / max(1, tissue.sum()))


def render_slide(spec: SlideSpec) -> PhantomSlide:
    """Draw a slide."""
    drawn = slide_tissue(spec)
    pixels = coloured_slide(spec, drawn)
    _draw_ink(spec, drawn.frame, drawn.tissue, pixels)
    picture = Image.fromarray(pixels)
    if picture.size != spec.size:
        picture = picture.resize(spec.size, Image.Resampling.BICUBIC)
    pixels = _with_sensor_noise(spec, np.asarray(picture))
    if spec.border:
        edge = max(2, round(0.02 * min(spec.size)))
        pixels[-edge:] = pixels[:, -edge:] = 4
    planes = {"tissue": drawn.tissue > 0.5} | {kind.value: plane for kind, plane in drawn.planted.items()}
    height = max(2, round(spec.size[1] * spec.um_per_pixel / _TRUTH_UM))
    width = max(2, round(spec.size[0] * spec.um_per_pixel / _TRUTH_UM))
    small = {
        kind: shrink(plane.astype(np.uint8) * 255, (width, height)) > 127 for kind, plane in planes.items()
    }
    truth = PlantedTruth(small, (spec.size[0] / width, spec.size[1] / height))
    return PhantomSlide(spec, stamp(pixels), truth)


def write_slide(
    spec: SlideSpec, path: Path | str, *, truth: Path | str | None = None, compression: Compression = "jpeg"
) -> PhantomSlide:
    """Draw a slide and write it as a pyramid of three levels; its truth goes into the folder ``truth``, if given.

    Raises
    ------
    RenalFusionError
        ``phantom_format`` unless ``path`` ends in .tif or .tiff; ``disk_full`` or ``folder_not_writable``.
    """
    path = Path(path)
    if path.suffix.lower() not in (".tif", ".tiff"):
        raise RenalFusionError(
            "phantom_format",
            f"A phantom slide cannot be written as {path.name}",
            path=path,
            remedy="Choose a name that ends in .tiff.",
        )
    drawn = render_slide(spec)
    write_pyramid(
        path,
        levels_of_image(drawn.pixels),
        spec.um_per_pixel if spec.pixel_size_written else None,
        description=f"SYNTHETIC phantom slide, version {SLIDE_VERSION}",
        compression=compression,
    )
    if truth is not None:
        drawn.truth.save(Path(truth), path.stem)
    return drawn


def coloured_slide(spec: SlideSpec, drawn: SlideTissue) -> np.ndarray:
    """Stain drawn tissue and lay it on glass: uint8 [h, w, 3] on the grid that it was drawn on."""
    frame, shares, tissue, grain = drawn.frame, drawn.shares, drawn.tissue, drawn.grain
    seeds = spec.seeds.child(spec.stain)
    table = np.array([PALETTES[spec.stain][name] for name in SLIDE_LAYERS], np.float32)
    table[:, :3] = laboratory(seeds, table[:, :3])
    layers = len(shares)
    mixed = (table.T @ shares.reshape(layers, -1)).reshape(5, *tissue.shape)
    uneven = 1 + 0.03 * fractal(seeds.child("uneven"), frame, 500, 120, 0.6)
    shade = (1 + mixed[3] * grain) * uneven
    pixels = np.empty((*tissue.shape, 3), np.uint8)
    for channel, glass in enumerate(_GLASS):
        plane = mixed[channel] * shade * tissue + np.float32(glass) * (1 - tissue)
        pixels[..., channel] = np.clip(plane, 0, 255) + np.float32(0.5)
    return pixels


def _draw_ink(spec: SlideSpec, frame: Frame, tissue: np.ndarray, pixels: np.ndarray) -> None:
    """A line of a felt pen over glass and some of the tissue."""
    if spec.pen is None:
        return
    rng = spec.seeds.rng("pen")
    wide, high = frame.extent
    x, y = frame.axes()
    middle = rng.uniform(-0.3, 0.3) * wide
    line = middle + 0.06 * wide * np.sin(2 * np.pi * y / high * rng.uniform(0.6, 1.4))
    cover = np.clip((70 - np.abs(x - line)) / 6 + 0.5, 0, 1) * 0.9
    for channel, value in enumerate(_INK[spec.pen]):
        plane = pixels[..., channel]
        plane[...] = plane * (1 - cover) + value * cover


def _with_sensor_noise(spec: SlideSpec, pixels: np.ndarray) -> np.ndarray:
    """Grain of a sensor, repeated every 512 pixels: noise of a gigapixel would cost more than the drawing."""
    rng = spec.seeds.rng("sensor")
    patch = resample(rng.standard_normal((320, 320)).astype(np.float32), (512, 512)) * 3
    out = np.empty_like(pixels)
    for top in range(0, pixels.shape[0], 512):
        rows = pixels[top : top + 512]
        across = np.tile(patch[: len(rows)], (1, -(-rows.shape[1] // 512)))[:, : rows.shape[1], None]
        out[top : top + 512] = np.clip(rows + across, 0, 255)
    return out
