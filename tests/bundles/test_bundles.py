import json
import pickle
import shutil
import struct
import zipfile

import pytest
import torch

from napari_renal_fusion.bundles import find, installed, load, read_config
from napari_renal_fusion.compute.places import data_dir
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.inference import run_self_test


@pytest.fixture
def copy(tiny_bundle, tmp_path):
    return shutil.copytree(tiny_bundle, tmp_path / "copy")


def code_of(path) -> str:
    with pytest.raises(RenalFusionError) as raised:
        load(path)
    assert path.name.split(".")[0] in str(raised.value) or "model" in str(raised.value)
    assert "\n" not in str(raised.value)
    return raised.value.code


def test_round_trip_and_self_test(tiny_bundle):
    bundle = load(tiny_bundle)
    network = bundle.build_network()
    assert not network.training
    assert run_self_test(bundle, network) == 0
    assert all(one.dtype == torch.float32 for one in bundle.weights.values() if one.is_floating_point())
    assert read_config(tiny_bundle) == bundle.config


def test_a_wrong_weight_fails_the_self_test(tiny_bundle):
    bundle = load(tiny_bundle)
    network = bundle.build_network()
    with torch.no_grad():
        network.classifier[0].weight += 0.05
    with pytest.raises(RenalFusionError) as raised:
        run_self_test(bundle, network)
    assert raised.value.code == "self_test_failed"


def edit_json(folder, **changes):
    path = folder / "bundle.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def flip_a_byte(path, at=-5):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda f: edit_json(f, class_names=["A", "B", "C"]), "bundle_edited"),
        (lambda f: edit_json(f, format_version=99), "bundle_newer"),
        (lambda f: edit_json(f, surprise=1), "bundle_invalid"),
        (lambda f: edit_json(f, class_names=["A"]), "bundle_invalid"),
        (lambda f: (f / "bundle.json").write_text("{"), "bundle_invalid"),
        (lambda f: (f / "bundle.json").write_bytes(b"\xff\xfe\x00"), "bundle_invalid"),
        (lambda f: (f / "bundle.json").write_text("[" * 100000), "bundle_invalid"),
        (lambda f: flip_a_byte(f / "model.safetensors"), "bundle_edited"),
        (lambda f: flip_a_byte(f / "README.md", 0), "bundle_edited"),
        (lambda f: (f / "README.md").unlink(), "bundle_incomplete"),
        (lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes()[:-100]), "bundle_truncated"),
        (lambda f: (f / "model.safetensors").write_bytes(b""), "bundle_truncated"),
        (lambda f: (f / "model.safetensors").write_bytes(struct.pack("<Q", 2**60) + b"{}"), "bundle_truncated"),
        (lambda f: (f / "model.safetensors").write_bytes(pickle.dumps({"a": 1})), "bundle_unsafe"),
        (lambda f: (f / "extra.pkl").write_bytes(pickle.dumps(1)), "bundle_unsafe"),
        (lambda f: (f / "notes.txt").write_text(""), "bundle_unsafe"),
        (lambda f: (f / "link").symlink_to("/etc/passwd"), "bundle_unsafe"),
    ],
)  # fmt: skip
def test_damage_is_refused_by_name(copy, damage, code):
    damage(copy)
    assert code_of(copy) == code


def test_a_torch_checkpoint_renamed_is_refused(copy):
    torch.save({"a": torch.zeros(1)}, copy / "model.safetensors")
    assert code_of(copy) == "bundle_unsafe"


def test_weights_that_do_not_fit_are_refused(copy, tiny_bundle):
    bundle = load(tiny_bundle)
    del bundle.weights["classifier.0.weight"]
    with pytest.raises(RenalFusionError) as raised:
        bundle.build_network()
    assert raised.value.code == "bundle_mismatch"


def test_a_missing_bundle_lists_what_there_is(tiny_bundle):
    shutil.copytree(tiny_bundle, data_dir() / "bundles" / "mine")
    with pytest.raises(RenalFusionError, match="mine"):
        find("absent")
    assert find("mine") == data_dir() / "bundles" / "mine"
    assert "mine" in [info.name for info in installed()]


def zipped(folder, path, prefix=""):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in folder.iterdir():
            archive.write(one, prefix + one.name)
    return path


@pytest.mark.parametrize("prefix", ["", "tiny/"])
def test_a_zip_loads_like_its_folder(tiny_bundle, tmp_path, prefix):
    assert load(zipped(tiny_bundle, tmp_path / "sent.zip", prefix)).sha256 == load(tiny_bundle).sha256


@pytest.mark.parametrize(
    "name", ["../bundle.json", "a/../../bundle.json", "/etc/bundle.json", "C:/bundle.json", "a/b/bundle.json"]
)
def test_zip_slip_is_refused(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "slip.zip", "w") as archive:
        archive.writestr(name, "{}")
    assert code_of(tmp_path / "slip.zip") == "bundle_unsafe"
    assert not (tmp_path.parent / "bundle.json").exists()


def test_a_zip_bomb_is_refused_before_it_unpacks(tmp_path):
    with (
        zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("model.safetensors", "w") as member,
    ):
        for _ in range(100):
            member.write(bytes(2**20))
    assert code_of(tmp_path / "bomb.zip") == "bundle_too_large"


def test_a_zip_with_a_pickle_and_a_cut_zip_are_refused(tiny_bundle, tmp_path):
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("model.pkl", pickle.dumps(1))
    assert code_of(tmp_path / "evil.zip") == "bundle_unsafe"
    whole = zipped(tiny_bundle, tmp_path / "whole.zip").read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    assert code_of(tmp_path / "cut.zip") == "bundle_truncated"


def test_what_finder_and_explorer_leave_behind_does_no_harm(copy, tmp_path):
    (copy / ".DS_Store").write_bytes(b"x")
    (copy / "desktop.ini").write_bytes(b"x")
    assert load(copy).config.name == "tiny"
    path = zipped(copy, tmp_path / "mac.zip", "tiny/")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("__MACOSX/tiny/._bundle.json", b"x")
    assert load(path).config.name == "tiny"


def test_a_zip_with_damaged_data_is_refused(tiny_bundle, tmp_path):
    path = zipped(tiny_bundle, tmp_path / "sent.zip")
    data = bytearray(path.read_bytes())
    data[len(data) // 3 : len(data) // 3 + 400] = b"\xff" * 400
    path.write_bytes(data)
    assert code_of(path) == "bundle_truncated"


def resealed(folder, change):
    """A bundle that somebody made wrongly but completely: its checksums are right."""
    from napari_renal_fusion.bundles.format import manifest_sha256

    content = json.loads((folder / "bundle.json").read_text())
    change(content)
    content["sha256"].pop("bundle.json")
    content["sha256"]["bundle.json"] = manifest_sha256(json.dumps(content))
    (folder / "bundle.json").write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c["preprocessing"]["OM"].update(size=[0, 0]),
        lambda c: c["preprocessing"]["OM"].update(std=[0, 1, 1]),
        lambda c: c["input_statistics"]["IM"]["mean"].pop(),
        lambda c: c["rules"]["slots"].pop(),
    ],
)
def test_a_bundle_that_makes_no_sense_is_refused(copy, change):
    assert code_of(resealed(copy, change)) == "bundle_invalid"


def test_an_encoder_that_timm_does_not_know_is_refused(copy):
    folder = resealed(copy, lambda c: c["network"]["encoder"].update(name="resnet_of_the_future"))
    with pytest.raises(RenalFusionError) as raised:
        load(folder).build_network()
    assert raised.value.code == "bundle_mismatch"
    assert "resnet_of_the_future" in str(raised.value)
