"""Small networks and seeded batches that the tests of this room share."""

from types import SimpleNamespace

import pytest
import torch

from napari_renal_fusion.networks import CMUSNet

SMALL_RESNET = {
    "name": "resnet18",
    "kwargs": {"layers": [1, 1, 1, 1], "channels": [16, 32, 64, 128]},
    "input_size": 64,
}


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


@pytest.fixture
def make_model():
    """A CMUS-Net with small ResNets in eval mode; fields of the configuration as keywords."""

    def make(**fields):
        return CMUSNet(**{"encoder": SMALL_RESNET, **fields}).eval()

    return make


@pytest.fixture
def make_batch():
    """Two patients with three and five TEM images of noise, padded to five."""

    def make(counts=(3, 5), size=64, **replaced):
        mask = torch.arange(max(counts)) < torch.tensor(counts)[:, None]
        fields = {
            "om": torch.randn(len(counts), 3, size, size),
            "im": torch.randn(len(counts), 3, size, size),
            "tem": torch.randn(len(counts), max(counts), 3, size, size),
            "tem_mask": mask,
        }
        return SimpleNamespace(**{**fields, **replaced})

    return make
