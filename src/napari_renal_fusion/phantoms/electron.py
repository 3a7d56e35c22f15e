"""Electron micrographs of the glomerulus: wall, mesangium, podocytes, deposits, legend; and outliers."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from .fields import Frame, Seeds, band, ellipses, fractal, inside, noise, resample, shrink, smooth_step
from .filtration import Barrier, Profile, barrier, feet, humps, loop
from .findings import ElectronFindings, LightFindings, electron_findings
from .legend import legend_rows, with_legend
from .spec import BiopsySpec, Outlier, PhantomImage
from .stamp import stamp
from .tissue import LAYERS, tissue

FIELD = 10240.0
"""Height of the field in nm: 5 nm a pixel at 2048 rows."""
_LEAST_ROWS = 400
_CLOSE, _FAR = 2300.0, 90_000.0


def render_tem(spec: BiopsySpec, index: int) -> PhantomImage:
    """Draw image ``index`` (from 0) of the bag, pixels uint8 [h, w], with a legend in the last rows.

    The legend takes 108 of 2048 rows; the truth masks are empty there.
    """
    width, height = spec.tem_size
    kind = spec.outlier(index)
    seeds = spec.seeds.child("TEM", index)
    found = electron_findings(spec, index)
    field = FIELD
    if kind is Outlier.WRONG_MAGNIFICATION:
        field = (_CLOSE, _FAR)[int(seeds.rng("magnification").random() < 0.6)]
    frame = Frame(width, height, field).at_least(_LEAST_ROWS)
    if field == _FAR:
        grey, places = _overview(seeds, frame)
    elif kind is Outlier.OTHER_TISSUE:
        grey, places = _other_tissue(seeds, frame)
    else:
        grey, places = _wall(seeds, frame, found)
    if kind is Outlier.DEFOCUS:
        grey = _defocused(seeds, grey, frame)
    pixels = shrink(_exposed(seeds, grey, frame, spec.difficulty), spec.tem_size)
    cut = height - legend_rows(height)
    truth = {}
    for name in ("mesangial", "wall"):
        mask = places.get(name)
        truth[name] = np.zeros((height, width), bool)
        if mask is not None and kind is not Outlier.DEFOCUS:
            truth[name][:cut] = (shrink((mask * 255).astype(np.uint8), spec.tem_size) > 127)[:cut]
    truth["deposits"] = truth["wall"] | truth["mesangial"]
    pixel = field / height
    magnification = float(f"{8000 * FIELD / field:.2g}")
    pixels = with_legend(pixels, pixel, magnification, index)
    return PhantomImage(stamp(pixels), "TEM", None, (pixel, "nm"), truth, kind, magnification=magnification)


class _Painter:
    """Paints grey layers from front to back; ``room`` is what is still uncovered."""

    def __init__(self, frame: Frame):
        self.room = np.ones((frame.height, frame.width), np.float32)
        self.grey = np.zeros_like(self.room)

    def paint(self, cover: np.ndarray, grey: float | np.ndarray) -> np.ndarray:
        """Cover part of the room with ``grey`` (0 black to 1 white); returns what is visible of it."""
        seen = cover * self.room
        self.grey += seen * grey
        self.room -= seen
        return seen


def _wall(seeds: Seeds, frame: Frame, found: ElectronFindings) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Grey values [h, w] from 0 to 1 and deposit coverages by place."""
    pixel = frame.pixel
    rng = seeds.rng("layout")
    loops, toward = _layout(rng)
    bend = tuple(90 * fractal(seeds.child("bend", axis), frame, 1600, 400, 0.5) for axis in "xy")
    place = barrier(frame, loops, bend)
    along = Profile(place)
    fine = fractal(seeds.child("fine"), frame, 160, 10, 0.8)
    coarse = fractal(seeds.child("coarse"), frame, 1280, 320, 0.7)
    half = found.membrane / 2 * (1 + 0.1 * along.wave(seeds.rng("thickness"), 500))
    out, inn = place.across - half, -place.across - half
    painter = _Painter(frame)

    epithelial, top, extension = _subepithelial(seeds, along, place, out, found, fine)
    endothelial, pushed = _subendothelial(seeds, along, place, inn, found, fine)
    x, y = frame.axes()
    mx, my = loops[0].point(toward, 900)
    blob = 1300 + 1700 * found.mesangium - np.sqrt((x - mx) ** 2 + (y - my) ** 2) + 330 * coarse
    blob = np.where(place.nearest == 0, blob, -3000)
    mesangial = _mesangial(seeds, frame, (mx, my), found, inn, blob, fine + 4 * coarse)
    intact = 1.0
    if found.rupture > 0.3:
        intact = 1 - smooth_step(along.wave(seeds.rng("rupture"), 420), 1.2, 1.35)

    dark = 0.25 + 0.03 * fine + 0.03 * coarse
    seen = {
        "wall": painter.paint(
            np.maximum(inside(epithelial, pixel, 25), inside(endothelial, pixel, 25)), dark
        ),
        "mesangial": painter.paint(inside(mesangial, pixel, 25), dark + 0.02),
    }
    membrane = inside(np.minimum(extension - out, place.across + half), pixel, 18) * intact
    painter.paint(
        membrane,
        0.56 + 0.012 * fine + 0.02 * coarse + 0.05 * smooth_step(np.abs(out + half), half * 0.8, half),
    )
    _paint_feet(seeds, painter, along, place, out - top, found, fine, pixel)
    _paint_inside(seeds, painter, frame, along, place, np.minimum(inn - pushed, -blob), blob, inn, found, fine, coarse,
                  toward)  # fmt: skip
    _paint_outside(seeds, painter, frame, place, out - top, fine, coarse)
    return painter.grey, seen


def _layout(rng: np.random.Generator) -> tuple[list, float]:
    """One large loop, neighbours across the urinary space, and the direction of its mesangium."""
    x, y = rng.uniform(-1500, 1500, 2)
    radius = rng.uniform(2700, 3500)
    toward = float(np.arctan2(-y, -x) + rng.normal(0, 0.5) + np.pi * (rng.random() < 0.35))
    loops = [loop(rng, x, y, radius, 0.2)]
    side = rng.uniform(0, 2 * np.pi)
    for turn in (0.0, 2.1, 4.2):
        other = rng.uniform(2200, 4200)
        distance = radius + other + rng.uniform(1700, 3400)
        direction = side + turn + rng.normal(0, 0.25)
        loops.append(
            loop(rng, x + distance * np.cos(direction), y + distance * np.sin(direction), other, 0.12)
        )
    return loops, toward


def _subepithelial(seeds, along: Profile, place: Barrier, out, found: ElectronFindings, fine):
    """Depth inside subepithelial deposits; the surface the feet stand on; how far the membrane reaches out."""
    rng = seeds.rng("subepithelial")
    flat = np.zeros_like(out)
    small = found.stage < 1.5
    wide, high = ((170, 330), (240, 400)) if small else ((230, 420), (360, 620))
    row = humps(rng, place.length, found.subepithelial, wide, high, 420 if small else 190)
    if found.subepithelial < 0.03 or len(row.at) < 2:
        return flat - 1000, flat, flat
    near = along.nearest(row.at)
    offset = (along.axis - row.at[near]) / row.half[near]
    tall = row.high[near]
    bulge = 0.95 * tall * np.sqrt(np.clip(1 - offset**2, 0, 1))
    beside = np.clip(1 - np.abs(np.abs(offset) - 1.18) / 0.3, 0, 1)
    spike = 0.95 * tall * np.sqrt(beside) * (found.stage >= 1.5)
    cap = 1.22 * tall * np.sqrt(np.clip(1.5 - offset**2 * 0.6, 0, 1)) * smooth_step(found.stage, 2.4, 2.8)
    grown = np.maximum(spike, cap).astype(np.float32)
    u = along.look(offset.astype(np.float32))
    b, a = along.look(tall.astype(np.float32)), along.look(row.half[near].astype(np.float32))
    centre = 0.28 if found.stage < 2.5 else 0.42
    v = (out - centre * b) / (0.66 * b)
    depth = np.minimum(a, 0.66 * b) * (1 - np.sqrt(u * u + v * v)) + 8 * fine
    top = along.look(gaussian_filter1d(np.maximum(bulge, grown), 6).astype(np.float32))
    return depth, top, along.look(gaussian_filter1d(grown, 3))


def _subendothelial(seeds, along: Profile, place: Barrier, inn, found: ElectronFindings, fine):
    """Depth inside subendothelial deposits and how far they push the endothelium into the lumen."""
    row = humps(
        seeds.rng("subendothelial"), place.length, 0.75 * found.subendothelial, (420, 950), (320, 560), 500
    )
    if found.subendothelial < 0.03 or len(row.at) < 2:
        return np.full_like(inn, -1000), np.zeros_like(inn)
    near = along.nearest(row.at)
    offset = ((along.axis - row.at[near]) / row.half[near]).astype(np.float32)
    u, b = along.look(offset), along.look(row.high[near].astype(np.float32))
    v = (inn - 0.4 * b) / (0.55 * b)
    depth = 0.55 * b * (1 - np.sqrt(u * u + v * v)) + 12 * fine
    return depth, b * np.sqrt(np.clip(1 - u * u, 0, 1))


def _mesangial(seeds, frame: Frame, centre, found: ElectronFindings, inn, blob, rough):
    """Depth inside mesangial deposits: clumps in the matrix, mostly below the reflection of the membrane."""
    count = int(round(11 * found.mesangial))
    if found.mesangial < 0.03 or count == 0:
        return np.full_like(inn, -1000)
    rng = seeds.rng("mesangial")
    reach = 700 + 1100 * found.mesangium
    points = np.column_stack(
        [rng.normal(centre[0], reach * 0.6, count), rng.normal(centre[1], reach * 0.6, count)]
    )
    size = rng.uniform(230, 520, count)
    shapes = np.column_stack(
        [points, size, size * rng.uniform(0.5, 0.95, count), rng.uniform(0, np.pi, count)]
    )
    depth = ellipses(frame, shapes, 200.0) + 14 * rough
    return np.minimum(depth, np.minimum(inn + 30, blob - 60))


def _paint_feet(
    seeds, painter, along: Profile, place: Barrier, above, found: ElectronFindings, fine, pixel
) -> None:
    row = feet(seeds.rng("feet"), place.length, found.effacement)
    near = along.nearest(row.at)
    lean = along.look(row.lean[near].astype(np.float32))
    at, half, high = (along.look(values[near].astype(np.float32)) for values in (row.at, row.half, row.high))
    sideways = np.abs(place.along - at - lean * above) - half * (1 - 0.16 * above / high)
    corner = np.float32(95)
    a, b = np.maximum(sideways + corner, 0), np.maximum(above - high + corner, 0)
    depth = np.minimum(corner - np.sqrt(a * a + b * b), above + 8) + 7 * fine
    body = inside(depth, pixel, 14)
    painter.paint(body * (1 - inside(depth - 22, pixel, 18)), 0.3)
    base = smooth_step(140 - above, 0, 120)
    painter.paint(body, 0.5 - 0.1 * base + 0.05 * fine)


def _paint_inside(seeds, painter, frame, along, place, free, blob, inn, found, fine, coarse, toward) -> None:
    """Endothelium, blood and mesangium; ``free`` is the depth inside the capillary."""
    pixel = frame.pixel
    rng = seeds.rng("endothelium")
    sheet = 70 + 55 * np.abs(along.wave(rng, 300)) + 45 * coarse
    inner = inside(inn, pixel)
    cell = _endothelial_nucleus(seeds, frame, place, toward)
    pores = smooth_step(along.wave(rng, 45), 0.9, 1.3) * (sheet < 120) * (cell < -260)
    lining = inside(np.maximum(np.minimum(free, sheet - free), np.minimum(cell + 260, free)), pixel, 16)
    nucleus = inside(np.minimum(cell, free - 40), pixel, 20) * inner
    _paint_nucleus(painter, cell, nucleus, fine, coarse)
    edge = band(free - sheet, 16, pixel, 20) * (cell < -260)
    painter.paint(edge * inner * (1 - pores) * inside(free, pixel), 0.33)
    painter.paint(lining * inner * (1 - pores), 0.5 + 0.06 * fine + 0.03 * coarse)
    lumen = inside(free, pixel) * inner
    red = _red_cell(seeds, frame, place)
    painter.paint(inside(np.minimum(red, free - 160), pixel, 20) * lumen, 0.2 + 0.006 * fine)
    painter.paint(lumen, 0.8 + 0.06 * fine + 0.015 * coarse)
    nucleus = _mesangial_nucleus(seeds, frame, place, toward, found)
    _paint_nucleus(painter, nucleus, inside(np.minimum(nucleus, inn), pixel, 20) * inner, fine, coarse)
    strands = 1 - np.abs(fractal(seeds.child("strands"), frame, 640, 40, 0.75)).clip(0, 1)
    cytoplasm = smooth_step(coarse + 0.15 * fine + 2.0 * np.clip(nucleus / 700 + 1, 0, 1), 0.3, 0.45)
    threads = 0.11 * (1 - found.fibrils) * strands - 0.16 * found.fibrils * (
        noise(seeds.child("fibrils"), frame, 25) > 1
    )
    matrix = 0.57 - threads + 0.03 * fine
    painter.paint(inner, matrix * (1 - cytoplasm) + (0.48 + 0.08 * fine) * cytoplasm)


def _paint_nucleus(painter: _Painter, depth, cover, fine, coarse) -> None:
    """A nucleus: dark envelope, heterochromatin below it and in clumps, pale granular rest."""
    rim = smooth_step(170 - depth + 90 * coarse, 0, 110)
    clumps = smooth_step(coarse * 0.8 + 0.45 * fine, 0.55, 0.9)
    dark = np.maximum(np.maximum(rim * 0.85, clumps), smooth_step(45 - depth, 0, 25))
    painter.paint(cover, 0.55 + 0.08 * fine - 0.36 * dark)


def _endothelial_nucleus(seeds, frame: Frame, place: Barrier, toward: float) -> np.ndarray:
    rng = seeds.rng("endothelial nucleus")
    angle = toward + np.pi * 0.6 * rng.choice([-1, 1]) + rng.normal(0, 0.3)
    x, y = place.loops[0].point(angle, 760)
    shape = np.array([[x, y, rng.uniform(1000, 1500), rng.uniform(420, 560), angle + np.pi / 2]])
    return ellipses(frame, shape, 600.0) if rng.random() < 0.7 else np.full_like(place.across, -600)


def _mesangial_nucleus(
    seeds, frame: Frame, place: Barrier, toward: float, found: ElectronFindings
) -> np.ndarray:
    rng = seeds.rng("mesangial nucleus")
    x, y = place.loops[0].point(toward + rng.normal(0, 0.15), rng.uniform(900, 1500))
    size = rng.uniform(600, 1000)
    shape = np.array([[x, y, size, size * rng.uniform(0.6, 0.8), rng.uniform(0, np.pi)]])
    shown = rng.random() < 0.4 + 0.4 * found.mesangium
    return ellipses(frame, shape, 700.0) if shown else np.full_like(place.across, -700)


def _red_cell(seeds, frame: Frame, place: Barrier) -> np.ndarray:
    rng = seeds.rng("red cell")
    one = place.loops[0]
    angle, size = rng.uniform(0, 2 * np.pi), rng.uniform(1100, 1700)
    x, y = one.x + rng.normal(0, 500), one.y + rng.normal(0, 500)
    body = ellipses(frame, np.array([[x, y, size, size * 0.5, angle]]), 400.0)
    bite = np.array(
        [[x - size * 0.75 * np.sin(angle), y + size * 0.75 * np.cos(angle), size, size * 0.62, angle]]
    )
    cell = np.minimum(body, 60 - ellipses(frame, bite, 400.0))
    return cell if rng.random() < 0.6 else np.full_like(place.across, -400)


def _paint_outside(seeds, painter, frame: Frame, place: Barrier, above, fine, coarse) -> None:
    """Podocyte bodies and processes with organelles in the pale urinary space."""
    pixel = frame.pixel
    grid = frame.coarse(40.0)
    shape = fractal(seeds.child("podocyte"), grid, 2600, 650, 0.55)
    gradient = np.hypot(*np.gradient(shape, grid.pixel)) + 2.5e-4
    body = gaussian_filter((shape + 0.4) / gradient, 1.0).clip(-900, 900)
    body = resample(body, frame.size) + 10 * fine
    body = np.minimum(body, above - 330 - 160 * coarse)
    rng = seeds.rng("podocyte nucleus")
    spots = rng.uniform(-0.5, 0.5, (60, 2)) * np.array(frame.extent)
    room = above[frame.index(*spots.T)]
    best = spots[np.argmin(np.abs(room - 1900))]
    size = rng.uniform(1100, 1500)
    oval = ellipses(frame, np.array([[*best, size, size * 0.72, rng.uniform(0, np.pi)]]), 900.0) + 40 * coarse
    if rng.random() < 0.75:
        body = np.maximum(body, np.minimum(oval + 450, above - 200))
    else:
        oval = np.full_like(oval, -900)
    _paint_nucleus(painter, oval, inside(np.minimum(oval, above - 450), pixel, 20), fine, coarse)
    inner = inside(body, pixel, 16)
    _paint_organelles(seeds, painter, frame, np.minimum(body, -oval) - 60, fine)
    painter.paint(inner * (1 - inside(body - 24, pixel, 18)), 0.36)
    painter.paint(inner, 0.63 + 0.085 * fine + 0.03 * coarse)
    painter.paint(np.ones_like(body), 0.88 + 0.03 * fine + 0.02 * coarse)


def _paint_organelles(seeds, painter, frame: Frame, room, fine) -> None:
    """Mitochondria with a hint of cristae, and vesicles, wherever the cytoplasm has room."""
    rng = seeds.rng("organelles")
    count = 70
    points = rng.uniform(-0.5, 0.5, (count, 2)) * np.array(frame.extent)
    size = rng.gamma(6, 28, count).clip(70, 330)
    angle, ratio, draw = rng.uniform(0, np.pi, count), rng.uniform(0.4, 0.9, count), rng.random(count)
    fits = room[frame.index(*points.T)] > size * 0.8
    shapes = np.column_stack([points, size, size * ratio, angle])
    dark = ellipses(frame, shapes[fits & (draw < 0.6)], 120.0)
    pale = ellipses(frame, shapes[fits & (draw >= 0.6)] * np.array([1, 1, 0.6, 0.6, 1]), 120.0)
    painter.paint(inside(dark, frame.pixel, 18), 0.36 + 0.09 * fine)
    ring = inside(pale, frame.pixel, 16)
    painter.paint(ring * (1 - inside(pale - 22, frame.pixel, 16)), 0.4)
    painter.paint(ring, 0.8)


def _overview(seeds: Seeds, frame: Frame) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Far too low a magnification: part of a tuft with many loops."""
    micro = Frame(frame.width, frame.height, frame.span / 1000)
    drawn = tissue(seeds.child("overview"), micro, LightFindings(mesangium=0.3, cellularity=0.3))
    greys = {
        "nuclei": 0.3, "red_cells": 0.18, "capillary_wall": 0.45, "capillary_lumen": 0.86, "mesangium": 0.55,
        "mesangial_strands": 0.5, "podocyte": 0.6, "urinary_space": 0.9, "capsule": 0.5, "tubular_lumen": 0.85,
        "proximal": 0.5, "distal": 0.55, "cleft": 0.9, "interstitium": 0.7, "tubular_membrane": 0.5,
    }  # fmt: skip
    table = np.array([greys.get(name, 0.5) for name in LAYERS], np.float32)
    grey = (table @ drawn.shares.reshape(len(LAYERS), -1)).reshape(drawn.wall.shape)
    return grey * (1 + 0.06 * drawn.grain), {}


def _other_tissue(seeds: Seeds, frame: Frame) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """A tubular cell or scar instead of a glomerulus: packed mitochondria above bundles of collagen."""
    pixel = frame.pixel
    rng = seeds.rng("other")
    fine = fractal(seeds.child("fine"), frame, 160, 10, 0.8)
    coarse = fractal(seeds.child("coarse"), frame, 1280, 320, 0.7)
    x, y = frame.axes()
    tilt = rng.uniform(0, 2 * np.pi)
    level = x * np.cos(tilt) + y * np.sin(tilt) + 300 * coarse + rng.uniform(-1500, 800)
    painter = _Painter(frame)
    count = 420
    points = rng.uniform(-0.55, 0.55, (count, 2)) * np.array(frame.extent)
    shapes = np.column_stack([points, rng.gamma(8, 55, count), rng.uniform(130, 240, count),
                              tilt + rng.normal(0, 0.35, count)])  # fmt: skip
    organelles = np.minimum(ellipses(frame, shapes, 100.0), -level - 250)
    cristae = np.abs(np.sin((x * np.sin(tilt) * 1.0 - y * np.cos(tilt) + 60 * coarse) / 22))
    painter.paint(inside(organelles, pixel, 16) * (1 - inside(organelles - 24, pixel, 16)), 0.22)
    painter.paint(inside(organelles, pixel, 16), 0.34 + 0.1 * cristae + 0.05 * fine)
    oval = np.array([[-2600 * np.cos(tilt), -2600 * np.sin(tilt), 1500, 1150, tilt]])
    nucleus = ellipses(frame, oval, 300.0)
    _paint_nucleus(painter, nucleus, inside(np.minimum(nucleus, -level), pixel, 20), fine, coarse)
    painter.paint(inside(-level, pixel, 20), 0.62 + 0.08 * fine)
    painter.paint(band(level - 120, 120, pixel, 30), 0.5 + 0.02 * fine)
    fibres = noise(seeds.child("fibres"), frame, 55, stretch=12)
    painter.paint(np.ones_like(fibres), 0.72 + 0.12 * np.tanh(fibres * 1.5) + 0.05 * fine + 0.08 * coarse)
    return painter.grey, {}


def _defocused(seeds: Seeds, grey: np.ndarray, frame: Frame) -> np.ndarray:
    """Out of focus: blurred by some 100 nm, with little contrast."""
    grid = frame.coarse(40.0)
    blurred = gaussian_filter(resample(grey, grid.size), seeds.rng("defocus").uniform(110, 170) / grid.pixel)
    return 0.6 + 0.55 * (resample(blurred, frame.size) - 0.6)


def _exposed(seeds: Seeds, grey: np.ndarray, frame: Frame, difficulty: float) -> np.ndarray:
    """Contrast, uneven beam and grain of the camera; uint8."""
    rng = seeds.rng("exposure")
    contrast, bright = rng.uniform(0.88, 1.08) * (1 - 0.2 * difficulty), rng.uniform(-0.03, 0.04)
    x, y = frame.axes()
    tilt = rng.normal(0, 0.04, 2) / frame.span
    beam = 1 - 0.12 * ((x / frame.span) ** 2 + (y / frame.span) ** 2) + x * tilt[0] + y * tilt[1]
    value = ((grey - 0.62) * np.float32(contrast) + np.float32(0.62 + bright)) * beam
    relative = Frame(frame.width, frame.height, FIELD)
    value += np.float32(0.02 + 0.02 * difficulty) * fractal(seeds.child("grain"), relative, 20, 5, 0.9)
    return np.clip(value * 255 + 0.5, 0, 255).astype(np.uint8)
