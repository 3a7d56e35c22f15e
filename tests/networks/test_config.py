import subprocess
import sys

import pytest
from pydantic import ValidationError

from napari_renal_fusion.networks import CMUSNetConfig, EncoderConfig

from .conftest import SMALL_RESNET


def test_defaults_are_those_of_the_paper():
    config = CMUSNetConfig()
    assert config.encoder.name == "swin_base_patch4_window7_224.ms_in1k"
    assert (config.heads, config.threshold, config.hidden, config.dropout) == (4, 1.5, 128, 0.5)
    assert config.loss_weights == (0.3, 0.5, 0.2)
    assert config.concat_order == ("OM", "TEM", "IM")
    assert CMUSNetConfig(preset="published_code").concat_order == ("TEM", "OM", "IM")


def test_survives_json():
    encoder = EncoderConfig(name="swin_tiny_patch4_window7_224", kwargs={"depths": (1, 1)}, input_size=112)
    for config in (
        CMUSNetConfig(),
        CMUSNetConfig(encoder=encoder, modalities=("TEM", "OM"), loss_weights=(0.5, 0, 0.5)),
        CMUSNetConfig(encoder={"OM": "resnet18", "IM": SMALL_RESNET, "TEM": encoder}),
    ):
        assert CMUSNetConfig.model_validate_json(config.model_dump_json()) == config


def test_an_encoder_for_all_or_one_each():
    assert CMUSNetConfig(encoder="resnet18").encoder_for("IM") == EncoderConfig(name="resnet18")
    each = CMUSNetConfig(encoder={"OM": "resnet18", "TEM": SMALL_RESNET}, modalities=("OM", "TEM"))
    assert each.encoder_for("OM").name == "resnet18"
    assert each.encoder_for("TEM").input_size == (64, 64)
    with pytest.raises(ValidationError, match="no encoder is given for IM"):
        CMUSNetConfig(encoder={"OM": "resnet18", "TEM": "resnet18"})


def test_partners_of_tem():
    assert CMUSNetConfig().partners == ("OM", "IM")
    assert CMUSNetConfig(modalities=("TEM", "IM")).partners == ("IM",)
    assert CMUSNetConfig(modalities=("OM", "IM")).partners == ()
    assert CMUSNetConfig(cmsa=False).partners == ()


@pytest.mark.parametrize(
    "fields",
    [
        {"modalities": ()},
        {"modalities": ("OM", "OM")},
        {"modalities": ("OM", "CT")},
        {"loss_weights": (0.5, 0.5, 0.5)},
        {"loss_weights": (1.5, -0.5, 0.0)},
        {"n_classes": 1},
        {"threshold": 0},
        {"threshold": float("nan")},
        {"dropout": 1.0},
        {"preset": "papers"},
        {"no_such_field": 1},
    ],
)
def test_what_makes_no_sense_is_refused(fields):
    with pytest.raises(ValidationError):
        CMUSNetConfig(**fields)


def test_is_frozen():
    with pytest.raises(ValidationError):
        CMUSNetConfig().n_classes = 4


def test_the_configuration_does_not_import_torch():
    code = (
        "import sys, napari_renal_fusion.networks as n; n.CMUSNetConfig(); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
