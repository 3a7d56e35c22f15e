"""A stand-in for the model's process: the same protocol, answers made by hand, no torch."""

from __future__ import annotations

import base64
import datetime as dt
import io
import os
import sys
import time
import uuid

import numpy as np

from napari_renal_fusion.cases import Box, Modality
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.explain.explanation import (
    BagEntry,
    BagRecord,
    Contributions,
    Explanation,
    HeatMap,
)
from napari_renal_fusion.inference.prediction import Prediction, Provenance
from napari_renal_fusion.inputs.selection import LeftOutImage, SelectedImage, Selection, keyed_images
from napari_renal_fusion.notices import Notice
from napari_renal_fusion.viewer.case_json import case_from_json
from napari_renal_fusion.viewer.json_lines import Server, claim_standard_output

CLASSES = ("IgA nephropathy", "membranous nephropathy", "lupus nephritis")
PROBABILITIES = (0.05, 0.88, 0.07)
GRID = 7

_held = {}


def predict(params, progress):
    delay = float(os.environ.get("FAKE_ENGINE_DELAY", "0"))
    mood = os.environ.get("FAKE_ENGINE_MOOD", "")
    if mood == "crash":
        os._exit(9)
    if mood == "deaf":
        time.sleep(60)
    print("a library talks on standard output")
    for step in range(10):
        progress.update(step / 10, f"Encoding image {step + 1} of 10")
        time.sleep(delay / 10)
    if mood == "error":
        raise RenalFusionError("bundle_edited", "The bundle demo was edited", remedy="Install it again.")
    case = case_from_json(params["case"])
    keyed = keyed_images(case)
    choice = params.get("choice")
    images, left_out = [], []
    taken = set()
    for key, item in keyed.items():
        chosen = (
            key in choice[item.modality] if choice else item.modality not in taken or key.startswith("TEM")
        )
        if chosen:
            taken.add(item.modality)
            images.append(
                SelectedImage(
                    key=key,
                    modality=item.modality,
                    name=item.name,
                    reason="first image",
                    by="person" if choice else "rule",
                )
            )
        else:
            left_out.append(
                LeftOutImage(
                    key=key, modality=item.modality, name=item.name, reason="the model takes one image"
                )
            )
    selection = Selection(
        images=tuple(images),
        left_out=tuple(left_out),
        missing=tuple(one for one in Modality if one not in {image.modality for image in images}),
    )
    prediction = Prediction(
        case_id=case.case_id,
        status="answered",
        verdict="Most like membranous nephropathy (88%). Research use only.",
        class_names=CLASSES,
        names_shown=True,
        probabilities=PROBABILITIES,
        scope=f"Can only answer {', '.join(CLASSES[:-1])} or {CLASSES[-1]}; "
        "everything else gets one of these or no opinion.",
        selection=selection,
        warnings=(Notice(code="out_of_range", message="IgA is darker than what the model was trained on."),),
        provenance=Provenance(
            program_version="0",
            bundle_name="demo",
            bundle_sha256="0" * 64,
            trained_on="synthetic",
            device="cpu",
            device_reason="the processor (no graphics card)",
            precision="float32",
            made_at=dt.datetime(2026, 3, 12, tzinfo=dt.UTC),
            input_sha256={},
            seconds=delay,
        ),
    )
    name = uuid.uuid4().hex
    _held[name] = case, prediction
    return {"prediction_id": name, "prediction": prediction.model_dump(mode="json")}


def explain(params, progress):
    try:
        case, prediction = _held[params["prediction_id"]]
    except KeyError:
        raise RenalFusionError("prediction_gone", "The model was restarted") from None
    index = prediction.top if params["class_index"] is None else params["class_index"]
    keyed = keyed_images(case)
    maps, entries = [], []
    bag = [one for one in prediction.selection.images if one.modality == Modality.TEM]
    for image in prediction.selection.images:
        height, width = keyed[image.key].read().shape[:2]
        crop = keyed[image.key].crop
        used = not (len(bag) > 3 and image == bag[-1])
        raw = np.zeros((GRID, GRID), np.float32)
        raw[2, 3] = 1.0 + index
        maps.append(
            HeatMap(
                key=image.key,
                modality=image.modality,
                class_index=index,
                method=params["method"],
                layer="encoder output",
                used=used,
                raw=raw if used else None,
                box=crop or Box(0, 0, height, width),
            )
        )
    for place, image in enumerate(bag):
        effect = 0.01 * (place - 2)
        entries.append(
            BagEntry(
                key=image.key,
                name=image.name,
                is_centre=place == 0,
                kept=not (len(bag) > 3 and place == len(bag) - 1),
                weight=1 / (place + 1),
                distance=float(place),
                effect=(effect, -effect, 0.0),
                probabilities_without=PROBABILITIES,
            )
        )
    explanation = Explanation(
        case_id=case.case_id,
        class_index=index,
        class_name=CLASSES[index],
        method=params["method"],
        heat_maps=tuple(maps),
        bag=BagRecord(entries=tuple(entries), threshold=1.5, mean_distance=1.0),
        contributions=Contributions(
            shapley={Modality.OM: (0.1, 0.2, 0.0)},
            baseline=(1 / 3, 1 / 3, 1 / 3),
            without={
                Modality.OM: (0.1, 0.8, 0.1),
                Modality.IM: (0.3, 0.4, 0.3),
                Modality.TEM: (0.2, 0.6, 0.2),
            },
        ),
    )
    return {"explanation": explanation.model_dump(mode="json")}


def model_input(params, progress):
    from PIL import Image

    case, _ = _held[params["prediction_id"]]
    pixels = keyed_images(case)[params["key"]].read()
    png = io.BytesIO()
    Image.fromarray(pixels).convert("RGB").resize((224, 224)).save(png, "PNG")
    return {"png": base64.b64encode(png.getvalue()).decode(), "box": [0, 0, *pixels.shape[:2]]}


def report(params, progress):
    from pathlib import Path

    page = Path(params["out_dir"]) / "report.html"
    page.write_text("<p>report</p>", encoding="utf-8")
    return {"files": [str(page)]}


if __name__ == "__main__":
    Server(
        {"predict": predict, "explain": explain, "model_input": model_input, "report": report},
        sys.stdin.buffer,
        claim_standard_output(),
    ).serve()
