"""A planted name is found in nothing that the main job writes: sorting, answering, reading, drawing, cropping, training."""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin
from typer.testing import CliRunner

from napari_renal_fusion.cases import Case, open_cases
from napari_renal_fusion.cases.anonymous import with_codes
from napari_renal_fusion.cases.case_key import KEY_FILE
from napari_renal_fusion.cases.work_folder import WorkFolder
from napari_renal_fusion.cli.app import app
from napari_renal_fusion.glomeruli import Drawing, Outline, content_of, write_geojson
from napari_renal_fusion.inputs import keyed_images
from napari_renal_fusion.readings import CaseLog, log_impression, log_reveal, store_answer, without_names
from napari_renal_fusion.readings.seal import unsealed
from napari_renal_fusion.training import train

from .training.tiny import tiny_config

LATIN, CHINESE, ACCESSION = "Plantinga", "张建国", "S24-0815077"
LEGEND, TEM_SIDE = 36, 480


def needles():
    """Every way in which the name could stand in bytes."""
    for name in (LATIN, LATIN.lower(), LATIN.upper(), CHINESE, ACCESSION):
        yield name.encode("utf-8")
        yield name.encode("utf-16-le")
        yield json.dumps(name)[1:-1].encode()
    yield CHINESE.encode("gb18030")


NEEDLES = tuple(needles())


def layers_of(data: bytes, depth: int = 0):
    """The bytes of a file, and of everything packed inside it: archives, PNG chunks, data addresses, seals."""
    yield data
    if depth > 3:
        return
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield name.encode()
                yield from layers_of(archive.read(name), depth + 1)
    if data.startswith(b"\x89PNG"):
        place = 8
        while place < len(data):
            length, kind = int.from_bytes(data[place : place + 4]), data[place + 4 : place + 8]
            chunk = data[place + 8 : place + 8 + length]
            assert kind not in (b"tEXt", b"eXIf"), "a picture carries text"
            if kind in (b"zTXt", b"iTXt"):
                yield zlib.decompress(chunk[chunk.index(b"\0") + 2 :])
            place += length + 12
    if data.startswith(b"RFSEAL1"):
        yield from layers_of(unsealed(data), depth + 1)
    for address in re.findall(rb"base64,([A-Za-z0-9+/=]+)", data):
        yield from layers_of(base64.b64decode(address), depth + 1)


def written_below(*roots: Path):
    return [path for root in roots for path in root.rglob("*") if path.is_file()]


def leaks(paths):
    """Files of ``paths`` that hold the name, in their content or their own name."""

    def names(path: Path):
        yield path.name.encode()
        yield from layers_of(path.read_bytes())

    return [path for path in paths if any(one in layer for layer in names(path) for one in NEEDLES)]


def save(path: Path, seed: int, shape, *, legend=False):
    rng = np.random.default_rng(seed)
    small = rng.integers(40, 200, (12, 16, *shape[2:]), dtype=np.uint8)
    pixels = np.asarray(Image.fromarray(small).resize(shape[1::-1], Image.Resampling.BICUBIC)).copy()
    if legend:  # burnt in, white on black
        strip = Image.new("L", (shape[1], LEGEND))
        font = ImageFont.load_default(size=18)
        ImageDraw.Draw(strip).text((12, 7), f"{LATIN}  {ACCESSION}  HV=80kV", 255, font=font)
        pixels[-LEGEND:] = np.asarray(strip)
    path.parent.mkdir(parents=True, exist_ok=True)
    said = f"{LATIN} {CHINESE} {ACCESSION}"
    if path.suffix == ".tif":
        tifffile.imwrite(
            path, pixels, description=said.encode(), software=LATIN, metadata=None,
            extratags=[(315, "s", None, LATIN, False)],
        )  # fmt: skip
    elif path.suffix == ".png":
        info = PngImagePlugin.PngInfo()
        info.add_text("Author", LATIN)
        info.add_itxt("Title", CHINESE, zip=True)
        Image.fromarray(pixels).save(path, pnginfo=info)
    else:
        exif = Image.Exif()
        exif[315], exif[270], exif[40093] = LATIN, said, LATIN.encode("utf-16-le")
        Image.fromarray(pixels).save(path, exif=exif, quality=90, comment=said.encode())


@pytest.fixture
def hospital(tmp_path):
    """Folder of two diseases with three patients each; every folder, file and header names somebody."""
    root = tmp_path / f"Hospital {LATIN}"
    for label, disease in enumerate(("IgA nephropathy", "membranous nephropathy")):
        for number in range(3):
            name = f"{CHINESE}{LATIN} {ACCESSION}-{label}{number}"
            folder, seed = root / disease / name, 100 * label + 10 * number
            save(folder / f"OM_{name}_PASM.jpg", seed, (240, 320, 3))
            save(folder / f"IM_{name} IgG.png", seed + 1, (240, 320, 3))
            for place in range(2):
                save(folder / f"TEM_{name} {place}.tif", seed + 2 + place, (TEM_SIDE, TEM_SIDE), legend=True)
    return root


@pytest.fixture
def messy(tmp_path):
    """One patient in one flat folder, as a laboratory hands it over."""
    folder = tmp_path / "in" / f"{CHINESE} {ACCESSION}"
    for place, word in enumerate(("PASM", "HE", "荧光 IgG", "荧光 IgA", "荧光 C3")):
        save(folder / f"{CHINESE}{ACCESSION} {word}.jpg", place, (240, 320, 3))
    for place in range(3):
        save(folder / f"{LATIN} 电镜 {place}.tif", 20 + place, (TEM_SIDE, TEM_SIDE), legend=True)
    return folder


def run(*words, ends=0):
    result = CliRunner().invoke(app, [str(one) for one in words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == ends, result.output
    return result.output


@pytest.mark.slow
def test_the_name_is_in_nothing_that_is_written(hospital, messy, tiny_bundle, private_home, tmp_path):
    out = tmp_path / "written"
    originals = {path: path.read_bytes() for path in written_below(hospital, messy)}
    assert set(leaks(originals)) == set(originals)  # the search finds what is there

    run("sort", messy, "--accept")
    run("predict", messy, "--bundle", tiny_bundle, "--out", out / "sorted", "--device", "cpu")
    run("report", messy, "--bundle", tiny_bundle, "--out", out / "alone.html", "--device", "cpu")
    (case,) = open_cases(messy).cases
    read_and_draw(case, out)
    run("crop", messy, "--out", out / "crops")
    run("predict", hospital, "--bundle", tiny_bundle, "--out", out / "cohort", "--device", "cpu")
    run("cohort", "check", hospital, "--out", out / "check.html", ends=1)  # too few patients, all named
    cohort = with_codes(open_cases(hospital), hospital)
    made = train(cohort, tiny_config("demo", epochs=1), out / "run")

    assert made.bundle is not None
    assert {one.case_id for one in made.results.cases} == {one.code for one in cohort.cases}
    assert len({one.patient_id for one in made.results.cases}) == 6
    keys = private_home / "config" / "keys"
    files = [path for path in written_below(out, private_home) if keys not in path.parents]
    kinds = {path.suffix for path in files}
    assert {".html", ".json", ".png", ".csv", ".jsonl", ".safetensors", ".sealed", ".md"} <= kinds
    assert leaks(files) == []
    # The keys do name people, and stay with the originals or among this program's keys.
    beside = [path for path in written_below(hospital, messy) if path not in originals]
    assert [path.name for path in beside] == [KEY_FILE, KEY_FILE]
    assert leaks(beside) == beside
    assert {path: path.read_bytes() for path in originals} == originals
    no_legend(out)


def read_and_draw(case: Case, out: Path):
    """What the window keeps of a case: log, sealed answer, outlines with their journal."""
    work = WorkFolder()
    prediction = json.loads((out / "sorted" / "prediction.json").read_text(encoding="utf-8"))
    prediction.pop("explanation", None)
    log = CaseLog(case.code, work)
    log_impression(log, "ab" * 32, "IgA nephropathy", "high")
    log_reveal(log, "ab" * 32, prediction, bundle="tiny", bundle_sha256="cd" * 32, read_first=True)
    store_answer(
        code=case.code, version="ab" * 32, bundle="tiny", bundle_sha256="cd" * 32, work=work,
        prediction=without_names(prediction | {"verdict": f"{case.images[0].path} {case.patient_id}"}, case),
    )  # fmt: skip
    key, image = next((key, one) for key, one in keyed_images(case).items() if key.startswith("OM"))
    square = Outline(parts=((((60, 60), (60, 160), (160, 160), (160, 60)),),), class_name="Glomerulus")
    with Drawing.of_case(case.code, key, work=work, content=content_of(image)) as drawing:
        drawing.draw(square)
        write_geojson(out / "outlines.geojson", drawing.outlines)


def no_legend(out: Path):
    """No exported picture of an electron micrograph shows its legend: those rows are black or cut off."""
    pictures = list(out.rglob("overlays/TEM-*.png"))
    assert len(pictures) == 3 + 12
    for path in pictures:
        pixels = np.asarray(Image.open(path).convert("L"))
        zoom = max(1, round(pixels.shape[1] / TEM_SIDE))
        rows = pixels[zoom * (TEM_SIDE - LEGEND) + 4 : zoom * TEM_SIDE]
        assert rows.max() < 60, path
    for page in out.rglob("report.html"):
        for address in re.findall(
            r'<img src="data:image/jpeg;base64,([A-Za-z0-9+/=]+)"[^>]*alt="TEM', page.read_text("utf-8")
        ):
            picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(address))).convert("L")).astype(int)
            lowest = picture[round(picture.shape[0] * (1 - LEGEND / TEM_SIDE)) + 2 :]
            assert lowest.size == 0 or np.abs(np.diff(lowest, axis=1)).max() < 60
