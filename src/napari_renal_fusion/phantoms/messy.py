"""Biopsies as laboratories hand them over: one flat folder of camera names, Chinese names and files that are no images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from .electron import render_tem
from .fields import Seeds
from .fluorescence import render_im
from .light import coloured, drawn_section
from .spec import STAINS, BiopsySpec, Disease, PhantomImage
from .stamp import stamp

_SURNAMES, _GIVEN = "王李张刘陈杨黄赵周吴徐孙", ("伟", "芳", "建国", "秀英", "丽华", "志强", "桂兰", "海燕")


@dataclass(frozen=True)
class Habits:
    """How one laboratory names files; ``{name}``, ``{accession}`` and ``{n}`` are filled in.

    ``words`` are its words for stains and antibodies; those in ``own`` are no dictionary's.
    """

    light: str
    fluorescence: str
    electron: tuple[str, str]
    words: dict[str, str]
    own: tuple[str, ...]


LABORATORIES = {
    "north": Habits(
        light="{name}{accession} {word}{n} x{magnification}.jpg",
        fluorescence="{name}{accession} 荧光 {word}-{n}.jpg",
        electron=("IMG_{n:04d}.JPG", "{name}{accession} {magnification}倍-{n}.tif"),
        words={
            **{
                "PASM": "特染",
                "HE": "HE",
                "PAS": "糖原",
                "Masson": "马松",
                "IgA": "IgA",
                "IgG": "IgG",
                "IgM": "IgM",
            },
            **{"C3": "补3", "C1q": "C1q", "kappa": "Kap", "lambda": "λ", "fibrinogen": "纤维"},
        },
        own=("特染", "补3", "纤维"),
    ),
    "south": Habits(
        light="{accession}-{word}-{n}-{magnification}X.jpg",
        fluorescence="{accession}_IF_{word}_{n}.jpg",
        electron=("{n:03d}.jpg", "{accession}_{magnification}K_{n}.tif"),
        words={
            **{"PASM": "Ag", "HE": "HE", "PAS": "PAS", "Masson": "MT", "IgA": "A", "IgG": "G", "IgM": "M"},
            **{"C3": "C3", "C1q": "C1q", "kappa": "K", "lambda": "L", "fibrinogen": "FIB"},
        },
        own=("Ag", "A", "G", "M", "K", "L"),
    ),
}
OTHER_FILES = ("Thumbs.db", "手术录像.mp4", "病理报告.pdf", "登记表.xlsx")


@dataclass(frozen=True)
class MessyFile:
    """One file of a messy folder and the truth about it; ``modality`` is "" for a file that is no image."""

    path: Path
    modality: str = ""
    stain: str | None = None
    magnification: float | None = None


@dataclass(frozen=True)
class MessyCase:
    """A messy folder, the made-up patient in its names, and the truth about every file."""

    folder: Path
    patient: str
    accession: str
    files: tuple[MessyFile, ...]

    @property
    def images(self) -> tuple[MessyFile, ...]:
        return tuple(file for file in self.files if file.modality)


def messy_pictures(
    seed: int = 0,
    *,
    om_size: tuple[int, int] = (384, 256),
    im_size: tuple[int, int] = (200, 150),
    tem_size: tuple[int, int] = (256, 256),
) -> dict[str, list[PhantomImage]]:
    """Draw the pictures that a messy folder is filled with: each stain, three antibodies, two micrographs."""
    spec = BiopsySpec(
        disease=Disease.IGA_NEPHROPATHY,
        seed=seed,
        om_size=om_size,
        im_size=im_size,
        tem_size=tem_size,
        n_tem=2,
    )
    section = drawn_section(spec)
    return {
        "OM": [coloured(spec, stain, section) for stain in STAINS],
        "IM": [render_im(spec, antibody) for antibody in ("IgA", "C3", "IgG")],
        "TEM": [render_tem(spec, index) for index in range(2)],
    }


def write_messy(
    folder: Path | str,
    seed: int,
    laboratory: str = "north",
    *,
    pictures: dict[str, list[PhantomImage]] | None = None,
    named_by_patient: bool = True,
) -> MessyCase:
    """Write one biopsy of ``laboratory`` as a flat folder below ``folder``: 56 images and 4 other files.

    16 light images (2 of them, Masson, from a second camera that names them itself and has its own size),
    24 immunofluorescence images of eight antibodies and 16 electron images, 12 of them with camera names.
    The folder is called after the made-up patient, or with ``named_by_patient`` False by the accession
    number. The same seed writes the same files. ``pictures`` (of `messy_pictures`) may be shared by many
    folders; every file differs from the others by its brightness and noise.
    """
    rng = Seeds(seed).rng("messy")
    pictures = pictures or messy_pictures(seed)
    habits = LABORATORIES[laboratory]
    patient = str(rng.choice(list(_SURNAMES))) + str(rng.choice(_GIVEN))
    accession = f"2026-{int(rng.integers(1000, 99999)):05d}"
    target = Path(folder) / (f"{patient}_{accession}" if named_by_patient else accession)
    target.mkdir(parents=True)
    files: list[MessyFile] = []

    def add(pattern: str, image: PhantomImage, size: float = 1.0, **truth) -> None:
        n, magnification, stain = truth.pop("n"), truth.pop("magnification"), truth.get("stain")
        shown = magnification / 1000 if "K" in pattern else magnification
        word = habits.words.get(stain, "") if stain else ""
        name = pattern.format(name=patient, accession=accession, n=n, word=word, magnification=f"{shown:g}")
        _save(image, target / name, rng, size)
        stated = float(magnification) if "{magnification}" in pattern else None
        files.append(MessyFile(target / name, image.modality, _usual(stain), stated))

    for image in pictures["OM"]:
        fields = 3 if image.stain == "Masson" else 4
        for n in range(1, fields + 1 - (image.stain == "Masson")):
            add(habits.light, image, stain=image.stain, n=n, magnification=(200, 400)[n % 2])
    masson = next(image for image in pictures["OM"] if image.stain == "Masson")
    first = int(rng.integers(100, 900))
    for n in range(2):
        add("DSCN{n:04d}.JPG", masson, size=0.75, stain="Masson", n=first + n, magnification=200)
    for place, antibody in enumerate(("IgA", "IgG", "IgM", "C3", "C1q", "kappa", "lambda", "fibrinogen")):
        for n in (1, 2, 3):
            add(habits.fluorescence, pictures["IM"][place % 3], stain=antibody, n=n, magnification=400)
    first = int(rng.integers(10, 900))
    for n in range(12):
        add(habits.electron[0], pictures["TEM"][n % 2], n=first + n, magnification=8000)
    for n in range(4):
        add(habits.electron[1], pictures["TEM"][n % 2], n=n + 1, magnification=(8000, 15000)[n % 2])
    for name in OTHER_FILES:
        (target / name).write_bytes(b"not an image")
        files.append(MessyFile(target / name))
    return MessyCase(target, patient, accession, tuple(files))


def _usual(stain: str | None) -> str | None:
    """The name that the rest of the program gives an antibody."""
    return {"kappa": "Kappa", "lambda": "Lambda", "fibrinogen": "Fibrinogen"}.get(stain or "", stain)


def _save(image: PhantomImage, path: Path, rng: np.random.Generator, size: float) -> None:
    """Write a picture a little brighter or darker than drawn and with its own noise, the stamp put on again."""
    pixels = Image.fromarray(image.pixels)
    if size != 1.0:
        pixels = pixels.resize(
            (round(pixels.width * size), round(pixels.height * size)), Image.Resampling.BOX
        )
    gain = 1 + 0.05 * float(rng.uniform(-1, 1))
    noise = rng.integers(-1, 2, size=np.asarray(pixels).shape)
    changed = stamp((np.asarray(pixels) * gain + noise).clip(0, 255).astype(np.uint8))
    options = {"compression": "tiff_deflate"} if path.suffix == ".tif" else {"quality": 92}
    Image.fromarray(changed).save(path, **options)
