"""A case with a name that must not leak, its prediction and its explanation, all by hand."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_renal_fusion.cases import Box, Case, ImageItem, Modality, PixelSize
from napari_renal_fusion.explain.explanation import BagEntry, BagRecord, Contributions, Explanation, HeatMap
from napari_renal_fusion.inference.prediction import Prediction, Provenance
from napari_renal_fusion.inputs.selection import LeftOutImage, SelectedImage, Selection
from napari_renal_fusion.notices import Notice

PLANTED = "Zhang Planted"
NAMES = ("IgA nephropathy", "Membranous nephropathy", "Lupus nephritis")
PROBABILITIES = (0.07, 0.88, 0.05)
SCOPE = "Can only answer IgA nephropathy, membranous nephropathy or lupus nephritis; everything else gets one of these."
TEM_SHAPE, TEM_BOX = (256, 256), Box(0, 0, 242, 256)


def textured(shape, seed):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(20, 235, (12, 16, *shape[2:]), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize(shape[1::-1], Image.Resampling.BICUBIC))


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / PLANTED


@pytest.fixture
def case(folder) -> Case:
    """OM-1, OM-2 (left out), IM-1, IM-2 (a file that is gone), TEM-1 to TEM-4; files carry the planted name."""
    for name in ("OM", "IM", "TEM"):
        (folder / name).mkdir(parents=True)
    exif = Image.Exif()
    exif[315] = PLANTED
    images = []

    def add(modality, file, shape, stain=None, pixel=None):
        path = folder / modality / file
        Image.fromarray(textured(shape, len(images))).save(path, exif=exif, quality=92)
        images.append(ImageItem(path, Modality(modality), stain, stated_pixel_size=pixel))

    add("OM", f"{PLANTED} 1.jpg", (320, 480, 3), "PASM", PixelSize(value=0.5, unit="um"))
    add("OM", f"{PLANTED} 2.jpg", (320, 480, 3), "HE")
    add("IM", f"{PLANTED}_IgG.jpg", (300, 400, 3), "IgG")
    images.append(ImageItem(folder / "IM" / f"{PLANTED} gone.jpg", Modality.IM))
    for i in range(4):
        add("TEM", f"{PLANTED}-{i}.jpg", TEM_SHAPE, None, PixelSize(value=4, unit="nm"))
    return Case("7K2F", f"{PLANTED} 998877", tuple(images), folder=folder)


@pytest.fixture
def prediction(case) -> Prediction:
    gone = case.images[3].path
    entered = [
        SelectedImage(
            key="OM-1", modality="OM", name="PASM", reason="PASM is the stain that the model knows"
        ),
        SelectedImage(key="IM-1", modality="IM", name="IgG", reason="strongest antibody", by="person"),
    ]
    for i, item in enumerate(case.of(Modality.TEM), start=1):
        entered.append(
            SelectedImage(key=f"TEM-{i}", modality="TEM", name=item.name, reason="every image enters")
        )
    left_out = (
        LeftOutImage(
            key="OM-2", modality="OM", name="HE", reason=f"{case.images[0].path.stem} was preferred"
        ),
        LeftOutImage(key="IM-2", modality="IM", name=gone.stem, reason=f"{gone} is missing. Copy it again."),
    )
    warnings = (
        Notice(
            code="out_of_range", message=f"TEM-2 ({case.images[5].name}) is unlike the others.", path=gone
        ),
        Notice(code="image_missing", message=f"{gone.name} in {case.folder} is missing.", path=gone),
    )
    return Prediction(
        case_id=case.case_id,
        status="answered",
        verdict="Most like Membranous nephropathy (88%).",
        class_names=NAMES,
        names_shown=True,
        probabilities=PROBABILITIES,
        scope=SCOPE,
        warnings=warnings,
        branches=dict.fromkeys(Modality, PROBABILITIES),
        selection=Selection(images=tuple(entered), left_out=left_out),
        provenance=Provenance(
            program_version="0.1.0",
            bundle_name="tiny",
            bundle_sha256="ab" * 32,
            trained_on="real",
            device="cpu",
            device_reason="no graphics card",
            precision="float32",
            seconds=1.25,
            made_at=dt.datetime(2026, 11, 21, 9, 30, tzinfo=dt.UTC),
            input_sha256={image.key: "fedcba9876543210" * 4 for image in entered},
        ),
    )


@pytest.fixture
def explanation(case, prediction) -> Explanation:
    """Membranous nephropathy; TEM-3 is set aside, TEM-1 is the centre, TEM-2 has the largest effect."""
    rng = np.random.default_rng(0)
    maps, entries = [], []
    boxes = {"OM": Box(0, 0, 320, 480), "IM": Box(0, 0, 300, 400), "TEM": TEM_BOX}
    for image in prediction.selection.images:
        used = image.key != "TEM-3"
        maps.append(
            HeatMap(
                key=image.key,
                modality=image.modality,
                class_index=1,
                method="gradcam",
                layer="encoder output",
                used=used,
                raw=rng.normal(0.1, 0.1, (7, 7)) if used else None,
                box=boxes[image.modality],
            )
        )
    for key, effect in {"TEM-1": -0.01, "TEM-2": -0.08, "TEM-3": 0.0, "TEM-4": 0.02}.items():
        entries.append(
            BagEntry(
                key=key,
                name=f"{PLANTED}-0",
                is_centre=key == "TEM-1",
                kept=key != "TEM-3",
                weight={"TEM-1": 1.0, "TEM-3": 0.0}.get(key, 0.5),
                distance=1.0,
                effect=(0.0, effect, -effect),
                probabilities_without=(0.07, 0.88 + effect, 0.05 - effect),
            )
        )
    return Explanation(
        case_id=case.case_id,
        class_index=1,
        class_name=NAMES[1],
        method="gradcam",
        heat_maps=tuple(maps),
        bag=BagRecord(entries=tuple(entries), threshold=1.5, mean_distance=3.0),
        contributions=Contributions(
            shapley={"OM": (-0.1, 0.2, -0.1), "IM": (-0.1, 0.3, -0.2), "TEM": (-0.06, 0.05, 0.01)},
            without={"OM": (0.2, 0.6, 0.2), "IM": (0.3, 0.4, 0.3), "TEM": (0.1, 0.8, 0.1)},
            baseline=(0.33, 0.33, 0.34),
        ),
    )


@pytest.fixture
def plumbing(prediction) -> Prediction:
    """What a model trained on synthetic images says about real ones."""
    return prediction.model_copy(
        update={
            "status": "refused",
            "names_shown": False,
            "class_names": ("class 1", "class 2", "class 3"),
            "verdict": "Plumbing test: this model has never seen a real image.",
            "scope": "Can only tell 3 classes of synthetic images apart; no disease is named here.",
            "provenance": prediction.provenance.model_copy(update={"trained_on": "synthetic"}),
        }
    )
