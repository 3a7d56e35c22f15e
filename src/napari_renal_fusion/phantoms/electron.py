"""Electron micrographs of the glomerulus: wall, mesangium, podocytes, deposits, legend; and outliers."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from .dense_deposits import mesangial, subendothelial, subepithelial
from .fields import Frame, Seeds, band, ellipses, fractal, inside, noise, resample, shrink, smooth_step
from .filtration import Barrier, Profile, barrier, feet, loop
from .findings import ElectronFindings, electron_findings
from .legend import legend_rows, with_legend
from .outliers import defocused, other_tissue, overview
from .painting import Painter, paint_nucleus
from .spec import BiopsySpec, Outlier, PhantomImage
from .stamp import stamp

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
        grey, places = overview(seeds, frame)
    elif kind is Outlier.OTHER_TISSUE:
        grey, places = other_tissue(seeds, frame)
    else:
        grey, places = _wall(seeds, frame, found)
    if kind is Outlier.DEFOCUS:
        grey = defocused(seeds, grey, frame)
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
    painter = Painter(frame)

    epithelial, top, extension = subepithelial(seeds, along, place, out, found, fine)
    endothelial, pushed = subendothelial(seeds, along, place, inn, found, fine)
    x, y = frame.axes()
    mx, my = loops[0].point(toward, 900)
    blob = 1300 + 1700 * found.mesangium - np.sqrt((x - mx) ** 2 + (y - my) ** 2) + 330 * coarse
    blob = np.where(place.nearest == 0, blob, -3000)
    clumps = mesangial(seeds, frame, (mx, my), found, inn, blob, fine + 4 * coarse)
    intact = 1.0
    if found.rupture > 0.3:
        intact = 1 - smooth_step(along.wave(seeds.rng("rupture"), 420), 1.2, 1.35)

    dark = 0.25 + 0.03 * fine + 0.03 * coarse
    seen = {
        "wall": painter.paint(
            np.maximum(inside(epithelial, pixel, 25), inside(endothelial, pixel, 25)), dark
        ),
        "mesangial": painter.paint(inside(clumps, pixel, 25), dark + 0.02),
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
    paint_nucleus(painter, cell, nucleus, fine, coarse)
    edge = band(free - sheet, 16, pixel, 20) * (cell < -260)
    painter.paint(edge * inner * (1 - pores) * inside(free, pixel), 0.33)
    painter.paint(lining * inner * (1 - pores), 0.5 + 0.06 * fine + 0.03 * coarse)
    lumen = inside(free, pixel) * inner
    red = _red_cell(seeds, frame, place)
    painter.paint(inside(np.minimum(red, free - 160), pixel, 20) * lumen, 0.2 + 0.006 * fine)
    painter.paint(lumen, 0.8 + 0.06 * fine + 0.015 * coarse)
    nucleus = _mesangial_nucleus(seeds, frame, place, toward, found)
    paint_nucleus(painter, nucleus, inside(np.minimum(nucleus, inn), pixel, 20) * inner, fine, coarse)
    strands = 1 - np.abs(fractal(seeds.child("strands"), frame, 640, 40, 0.75)).clip(0, 1)
    cytoplasm = smooth_step(coarse + 0.15 * fine + 2.0 * np.clip(nucleus / 700 + 1, 0, 1), 0.3, 0.45)
    threads = 0.11 * (1 - found.fibrils) * strands - 0.16 * found.fibrils * (
        noise(seeds.child("fibrils"), frame, 25) > 1
    )
    matrix = 0.57 - threads + 0.03 * fine
    painter.paint(inner, matrix * (1 - cytoplasm) + (0.48 + 0.08 * fine) * cytoplasm)


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
    paint_nucleus(painter, oval, inside(np.minimum(oval, above - 450), pixel, 20), fine, coarse)
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
