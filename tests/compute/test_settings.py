import pytest

from napari_renal_fusion.compute.devices import choose_device
from napari_renal_fusion.compute.settings import Settings, load_settings, save_settings, settings_path
from napari_renal_fusion.errors import RenalFusionError


def test_round_trip():
    assert load_settings() == Settings()
    save_settings(Settings(device="cpu", overlay="cells", overlay_opacity=0.35))
    assert load_settings() == Settings(device="cpu", overlay="cells", overlay_opacity=0.35)


@pytest.mark.parametrize("text", ["device = [", 'device = "quantum"', "overlay_opacity = 7"])
def test_a_broken_file_is_named_with_what_to_do(text):
    settings_path().parent.mkdir(parents=True, exist_ok=True)
    settings_path().write_text(text)
    with pytest.raises(RenalFusionError) as raised:
        load_settings()
    assert raised.value.code == "settings_invalid"
    assert "settings.toml" in str(raised.value)
    assert "delete" in str(raised.value)


def test_a_device_says_why():
    choice = choose_device("cpu")
    assert (choice.device, choice.precision) == ("cpu", "float32")
    assert "asked for" in choice.reason
    assert choose_device("auto").reason
    with pytest.raises(RenalFusionError, match="no device called"):
        choose_device("tpu")
