"""A patient with Swin-B, all images of a modality together, against one image at a time."""

from __future__ import annotations

import torch

from napari_renal_fusion.inference import Engine, predict

from .patient import bundle, patient
from .side_by_side import Comparison, compare


def run() -> list[Comparison]:
    """Encoding alone, OM + IM + 10 TEM of the sample patient, on this machine's best device."""
    prediction = predict(patient(), bundle("swin_base_patch4_window7_224.ms_in1k"), engine=Engine())
    session = prediction._session
    inputs = session.inputs
    by_modality = {m: torch.stack([inputs[key] for key in keys]) for m, keys in session.order.items()}

    @torch.inference_mode()
    def together():
        for modality, images in by_modality.items():
            session.network.encode_images(modality.value, images)

    @torch.inference_mode()
    def one_by_one():
        for modality, images in by_modality.items():
            for image in images:
                session.network.encode_images(modality.value, image[None])

    return [
        compare(
            "Swin-B, OM + IM + 10 TEM encoded",
            ("images of a modality together", together),
            ("one image at a time", one_by_one),
            rounds=4,
        )
    ]
