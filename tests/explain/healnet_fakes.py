"""A patient with slides and omics in the place of inference's session; the network is a real HEALNet."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

from napari_renal_fusion.networks import HEALNet


@dataclass
class FakeAnswer:
    probabilities: tuple = ()
    risk: float | None = None
    curve: tuple = ()


@dataclass
class FakeHEALNetSession:
    """The attributes of ``HEALNetSession`` that explanations read."""

    names: tuple
    tensors: dict
    layouts: dict
    features: dict
    omics: dict
    all_slides: dict
    slide_of: dict
    class_names: tuple = ("quiet", "busy")
    network: HEALNet | None = None
    attention: tuple | None = None
    calls: list = field(default_factory=list)

    def forward(self, without=(), attention=False):
        if self.attention is not None and not attention:
            return SimpleNamespace(logits=torch.tensor([[0.1 * len(without), 0.3]]))
        self.calls.append(tuple(without))
        if self.attention is not None:
            return SimpleNamespace(attention=self.attention, logits=torch.zeros(1, 2))
        given = [None if name in without else self.tensors[name] for name in self.names]
        with torch.inference_mode():
            return self.network(given, attention=attention)

    def answer(self, without=()):
        logits = self.forward(without).logits
        return FakeAnswer(tuple(logits.double().softmax(-1)[0].tolist()))


def made_session(attention=None, slides=1, seed=0, missing=()):
    """Six patches, four genes in ``rna`` (a token each), three numbers in ``clinical`` (one token)."""
    generator = torch.Generator().manual_seed(seed)
    coords = np.array([[x, y] for y in (100, 164) for x in (40, 104, 168)], dtype=np.int64)
    tensors = {
        "slide": torch.randn(1, 6, 5, generator=generator),
        "rna": torch.randn(1, 4, 1, generator=generator),
        "clinical": torch.randn(1, 1, 3, generator=generator),
    }
    torch.manual_seed(seed)
    network = HEALNet(
        n_modalities=3, channel_dims=(5, 1, 3), num_spatial_axes=(1, 1, 1), out_dims=2, depth=2, l_c=3, l_d=8,
        x_heads=2, l_heads=1, cross_dim_head=4, latent_dim_head=4,
    ).eval()  # fmt: skip
    return FakeHEALNetSession(
        names=("slide", "rna", "clinical"),
        tensors={name: None if name in missing else one for name, one in tensors.items()},
        layouts={"slide": "patches", "rna": "token_per_feature", "clinical": "one_token"},
        features={"slide": SimpleNamespace(coords=coords, patch_level0=64)},
        omics={
            "rna": (("A", "B", "C", "D"), np.array([0.5, -1.0, np.nan, 2.0], np.float32)),
            "clinical": (("age", "sex", "stage"), np.array([60.0, 1.0, 2.0], np.float32)),
        },
        all_slides={"slide": tuple(SimpleNamespace(path=Path(f"{i}.tiff")) for i in range(slides))},
        slide_of={"slide": np.arange(6) * slides // 6},
        network=network,
        attention=attention,
    )
