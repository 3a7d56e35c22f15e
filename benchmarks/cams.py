"""All heat maps of a patient from the token maps, against one pytorch-grad-cam call per image."""

from __future__ import annotations

import torch
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

from napari_renal_fusion.cases import Modality
from napari_renal_fusion.explain.cams import token_cams
from napari_renal_fusion.inference import Engine, predict

from .patient import bundle, patient
from .side_by_side import Comparison, compare


class OneImage(torch.nn.Module):
    """The network as a function of one image; the token maps of all others are held."""

    def __init__(self, session, key):
        super().__init__()
        self.session, self.key, self.network = session, key, session.network
        self.modality = next(m for m, keys in session.order.items() if key in keys)

    def forward(self, image):
        fresh = self.network.encode_images(self.modality.value, image).flatten(1, 2)
        maps = {
            modality: torch.stack(
                [fresh[0] if key == self.key else self.session.tokens[key].flatten(0, 1) for key in keys]
            )
            for modality, keys in self.session.order.items()
        }
        tem = maps[Modality.TEM][None]
        mask = torch.ones(tem.shape[:2], dtype=torch.bool, device=tem.device)
        return self.network.fuse(maps[Modality.OM], maps[Modality.IM], tem, mask).fusion


def run() -> list[Comparison]:
    """Grad-CAM of 12 images with Swin-T."""
    session = predict(patient(), bundle("swin_tiny_patch4_window7_224"), engine=Engine())._session
    inputs = {key: one.clone() for key, one in session.inputs.items()}

    def ours():
        token_cams(session, 0, "gradcam")

    def library():
        for key, image in inputs.items():
            model = OneImage(session, key)
            layer = session.network.encoders[model.modality.value].feature_map
            with GradCAM(model, [layer], reshape_transform=lambda x: x.permute(0, 3, 1, 2)) as cam:
                cam(image[None], [ClassifierOutputTarget(0)])

    return [
        compare(
            "Grad-CAM of 12 images, Swin-T",
            ("from the token maps, one backward pass", ours),
            ("one pytorch-grad-cam call per image", library),
            rounds=3,
        )
    ]
