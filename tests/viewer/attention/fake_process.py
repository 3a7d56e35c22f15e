"""A stand-in for the model's process whose answers have a hand-made attention: ``main`` serves it."""

from __future__ import annotations

import sys
import uuid

from napari_renal_fusion.inference.prediction import ModalityUse, Prediction
from napari_renal_fusion.inputs.selection import Selection
from napari_renal_fusion.viewer.attention.child import AttentionWork
from napari_renal_fusion.viewer.case_json import case_from_json
from napari_renal_fusion.viewer.json_lines import Server, claim_standard_output

from .made_slide import slide_session

held = {}


def predict(params, progress):
    case = case_from_json(params["case"])
    prediction = Prediction(
        case_id=case.case_id, status="answered", verdict="Most like busy (60%). Research use only.",
        class_names=("quiet", "busy"), names_shown=True, probabilities=(0.4, 0.6), scope="Can only answer quiet or busy.",
        selection=Selection(images=()),
        modalities=(ModalityUse(name="slide", kind="slide", used=True, detail="47 patches of 1 slide"),),
    )  # fmt: skip
    prediction._session = slide_session(case.slides[0])
    name = uuid.uuid4().hex
    held[name] = case, prediction
    return {"prediction_id": name, "prediction": prediction.model_dump(mode="json")}


def main():
    work = AttentionWork(lambda params: held[params["prediction_id"]])
    Server({"predict": predict, **work.handlers()}, sys.stdin.buffer, claim_standard_output()).serve()
