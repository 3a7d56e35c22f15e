"""Small patients with real networks and random weights, in the place of a bundle and its images."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import torch

from napari_renal_fusion.cases import Box, Modality
from napari_renal_fusion.inference.prediction import Prediction
from napari_renal_fusion.inputs.selection import SelectedImage, Selection
from napari_renal_fusion.networks import CMUSNet

ENCODERS = {
    "resnet": {
        "name": "resnet18",
        "kwargs": {"channels": [16, 24, 32, 48], "zero_init_last": False},
        "input_size": [96, 128],
    },
    "swin": {
        "name": "swin_tiny_patch4_window7_224",
        "kwargs": {"embed_dim": 16, "depths": [1, 1, 2, 1], "num_heads": [1, 2, 2, 4], "window_size": 3},
        "input_size": [96, 128],
    },
    "vit": {
        "name": "vit_tiny_patch16_224",
        "kwargs": {"embed_dim": 32, "depth": 3, "num_heads": 2},
        "input_size": [96, 128],
    },
}


@dataclass
class FakeSession:
    """The attributes of ``inference.session.Session`` that an explanation reads."""

    network: CMUSNet
    tokens: dict
    boxes: dict
    order: dict
    mean_tokens: dict
    inputs: dict
    names: dict
    class_names: tuple = ("IgA nephropathy", "membranous nephropathy", "lupus nephritis")
    substituted: tuple = field(default=())
    temperature: float = 1.0

    def calibrate(self, logits):
        return (logits / self.temperature).softmax(dim=-1)


def make_network(encoder="resnet", seed=0, **fields):
    torch.manual_seed(seed)
    return CMUSNet(encoder=ENCODERS[encoder], **fields).eval()


def make_session(network, images, substituted=(), seed=1):
    """A session for normalised inputs: ``images`` maps each present modality to a list of [3, H, W]."""
    inputs, order = {}, {}
    for modality, pictures in images.items():
        order[modality] = tuple(f"{modality.value}-{i + 1}" for i in range(len(pictures)))
        inputs.update(zip(order[modality], pictures, strict=True))
    with torch.inference_mode():
        tokens = {
            key: network.encode_images(modality.value, inputs[key][None])[0]
            for modality, keys in order.items()
            for key in keys
        }
    generator = torch.Generator().manual_seed(seed)
    mean_tokens = {}
    for modality in map(Modality, network.config.modalities):
        h, w, width = next(iter(tokens.values())).shape
        mean_tokens[modality] = torch.randn(h * w, width, generator=generator)
    session = FakeSession(
        network=network,
        tokens=tokens,
        boxes={key: Box(3, 5, 960, 1920) for key in inputs},
        order=order,
        mean_tokens=mean_tokens,
        inputs=inputs,
        names={key: f"picture {key}" for key in inputs},
        substituted=tuple(substituted),
    )
    # Random weights give probabilities that are nearly equal or nearly 1; this makes differences visible.
    session.temperature = float(fused(session).fusion.std())
    return session


def fused(session):
    """The session's token maps through the fusion, as ``inference.session.Session.fuse`` does it."""
    tokens = {
        modality: torch.stack([session.tokens[key].flatten(0, 1) for key in session.order[modality]])
        if modality in session.order
        else session.mean_tokens[modality][None]
        for modality in map(Modality, session.network.config.modalities)
    }
    tem = tokens.get(Modality.TEM)
    with torch.inference_mode():
        return session.network.fuse(
            tokens.get(Modality.OM),
            tokens.get(Modality.IM),
            None if tem is None else tem[None],
            None if tem is None else torch.ones(1, len(tem), dtype=torch.bool),
        )


def pictures(n, seed=0, size=(96, 128)):
    """``n`` different normalised inputs, coarse noise so that they are unlike in the large."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn(n, 3, 6, 8, generator=generator) * torch.linspace(0.5, 1.5, n)[:, None, None, None]
    return list(torch.nn.functional.interpolate(coarse, size=size, mode="bilinear"))


def make_images(n_tem=5, seed=0):
    om, im, *tem = pictures(2 + n_tem, seed)
    return {Modality.OM: [om], Modality.IM: [im], Modality.TEM: tem}


def predict(session):
    """A prediction as the integrator makes it: the session's images through fuse, and their selection."""
    probabilities = session.calibrate(fused(session).fusion)[0]
    prediction = Prediction(
        case_id="case-1",
        status="answered",
        verdict="",
        class_names=session.class_names,
        names_shown=True,
        probabilities=tuple(probabilities.double().tolist()),
        scope="",
        selection=Selection(
            images=tuple(
                SelectedImage(key=key, modality=modality, name=session.names[key], reason="rule")
                for modality, keys in session.order.items()
                for key in sorted(keys, key=lambda one: int(one.rpartition("-")[2]))
            ),
            missing=session.substituted,
        ),
    )
    prediction._session = session
    return prediction


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    # Networks this small only lose by handing work between threads, most of all on a busy machine.
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def networks():
    """One network an encoder family, shared by all tests, which never change it."""
    return {name: make_network(name) for name in ENCODERS}


@pytest.fixture
def session(networks):
    """A patient with OM, IM and a bag of five TEM images, read by a small residual network."""
    return make_session(networks["resnet"], make_images())


@pytest.fixture
def no_encoding(monkeypatch):
    """Make any attempt to encode an image an error."""

    def refuse(*_):
        raise AssertionError("an image was encoded again")

    monkeypatch.setattr(CMUSNet, "encode_images", refuse)
