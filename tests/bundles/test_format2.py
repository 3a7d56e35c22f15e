"""Bundles of format 2: ensembles, known patients, calibration that must fit them; and those of format 1."""

import hashlib
import json

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load_file, save

from napari_renal_fusion.bundles import BundleConfig, load, read_config
from napari_renal_fusion.bundles.conformal import ConformalScores
from napari_renal_fusion.bundles.format import FORMAT_VERSION, manifest_sha256
from napari_renal_fusion.bundles.known import KnownPatients
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.inference import run_self_test
from napari_renal_fusion.networks import CMUSNet, CMUSNetEnsemble

SCORES = ConformalScores(coverage=0.9, scores=(tuple(np.linspace(0, 0.9, 25)),) * 2)
KNOWN = KnownPatients(limit=5.0, false_refusals=0.04)


@pytest.fixture(scope="module")
def ensemble_bundle(make_tiny_bundle):
    return make_tiny_bundle(
        members=2, conformal=SCORES, known=KNOWN, class_shares=(0.5, 0.3, 0.2), seen_images=("0" * 16,)
    )


def rewritten(folder, tmp_path, *, tensors=None, **changes):
    """A copy with other content and honest checksums: what a forger or a faulty program would write."""
    target = tmp_path / "copy"
    target.mkdir()
    content = json.loads((folder / "bundle.json").read_text()) | changes
    blob = (folder / "model.safetensors").read_bytes() if tensors is None else save(tensors)
    (target / "model.safetensors").write_bytes(blob)
    (target / "README.md").write_bytes((folder / "README.md").read_bytes())
    card = (folder / "README.md").read_bytes()
    content["sha256"] = {
        name: hashlib.sha256(one).hexdigest()
        for name, one in (("model.safetensors", blob), ("README.md", card))
    }
    content["sha256"]["bundle.json"] = manifest_sha256(json.dumps(content))
    (target / "bundle.json").write_text(json.dumps(content))
    return target


def refusal(path) -> RenalFusionError:
    with pytest.raises(RenalFusionError) as raised:
        load(path)
    return raised.value


@pytest.mark.parametrize("shared", [True, False])
def test_an_ensemble_comes_back_and_passes_its_self_test(make_tiny_bundle, shared):
    bundle = load(make_tiny_bundle(members=2, shared=shared, conformal=SCORES, known=KNOWN))
    assert bundle.config.format_version == FORMAT_VERSION
    network = bundle.build_network()
    assert isinstance(network, CMUSNetEnsemble)
    assert not network.training
    assert run_self_test(bundle, network) <= 1e-5
    assert len(bundle.known_statistics) == 2
    assert all(one.dtype == np.float32 for one in bundle.known_statistics[1].values())
    with torch.no_grad():
        network.members[1].classifier[0].weight += 0.5
    with pytest.raises(RenalFusionError, match="something else"):
        run_self_test(bundle, network)


def test_one_member_keeps_the_keys_of_a_single_network(make_tiny_bundle):
    bundle = load(make_tiny_bundle())
    assert type(bundle.build_network()) is CMUSNet
    assert any(name.startswith("classifier.") for name in bundle.weights)
    assert bundle.known == {}


def test_known_patients_stay_exact_in_a_small_bundle(ensemble_bundle, tmp_path):
    from napari_renal_fusion.bundles import save_bundle

    bundle = load(ensemble_bundle)
    save_bundle(
        tmp_path / "half", bundle.config, bundle.weights, bundle.mean_tokens, "# Half\n",
        half_precision=True, known=bundle.known,
    )  # fmt: skip
    half = load(tmp_path / "half")
    assert all(torch.equal(half.known[name], one) for name, one in bundle.known.items())
    assert not torch.equal(
        half.weights["members.0.classifier.0.weight"], bundle.weights["members.0.classifier.0.weight"]
    )


def test_the_bundle_that_ships_is_of_format_1_and_loads():
    config = read_config(load("demo").folder)
    assert (config.format_version, config.members, config.conformal, config.known) == (1, 1, None, None)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"conformal": {"coverage": 0.9, "scores": [[0.1]] * 3}}, "3 members for 2"),
        ({"conformal": {"coverage": 0.9, "scores": [[float(7)]] * 2}}, "conformal"),
        ({"conformal": {"coverage": 1.5, "scores": [[0.1]] * 2}}, "coverage"),
        ({"class_shares": [0.5, 0.5]}, "2 class shares for 3 classes"),
        ({"class_shares": [0.9, 0.9, 0.9]}, "sum to 1"),
        ({"class_shares": [1.0, 0.0, 0.0]}, "above 0"),
        ({"seen_images": ["abc"]}, "16 hex digits"),
        ({"stands_in_for": "../evil"}, "stands_in_for"),
        ({"stands_in_for": "tiny"}, "stand in for itself"),
        ({"run_id": "folds.json"}, "run_id"),
        ({"members": 0}, "members"),
        ({"format_version": 1}, "format 1"),
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(ensemble_bundle, tmp_path, changes, named):
    error = refusal(rewritten(ensemble_bundle, tmp_path, **changes))
    assert error.code == "bundle_invalid"
    assert named in str(error)


@pytest.mark.parametrize(
    ("damage", "changes"),
    [
        (lambda t: t.pop("known.1.centre"), {}),
        (lambda t: [t.pop(name) for name in list(t) if name.startswith("known.1.")], {}),
        (lambda t: [t.pop(name) for name in list(t) if name.startswith("known.")], {}),
        (lambda t: t.update({"known.x.centre": torch.zeros(3)}), {}),
        (lambda t: t.update({"known.2.centre": torch.zeros(3)}), {}),
        (lambda t: None, {"known": None}),
    ],
)
def test_known_patients_of_every_member_or_of_none(ensemble_bundle, tmp_path, damage, changes):
    tensors = load_file(ensemble_bundle / "model.safetensors")
    damage(tensors)
    error = refusal(rewritten(ensemble_bundle, tmp_path, tensors=tensors, **changes))
    assert error.code == "bundle_mismatch"
    assert "known patients" in str(error)


@pytest.mark.parametrize(
    ("name", "value"),
    [("centre", torch.zeros(5)), ("means", torch.full((3, 2), 1e30)), ("scale", torch.zeros(384))],
)
def test_known_patients_of_another_network_fail_the_self_test(ensemble_bundle, tmp_path, name, value):
    tensors = load_file(ensemble_bundle / "model.safetensors")
    tensors[f"known.0.{name}"] = value
    bundle = load(rewritten(ensemble_bundle, tmp_path, tensors=tensors))
    with pytest.raises(RenalFusionError) as raised:
        run_self_test(bundle, bundle.build_network())
    assert raised.value.code == "bundle_mismatch"


def test_weights_of_another_number_of_members_are_refused(ensemble_bundle, tmp_path):
    tensors = load_file(ensemble_bundle / "model.safetensors")
    for name in [one for one in tensors if one.startswith("members.1.")]:
        del tensors[name]
    bundle = load(rewritten(ensemble_bundle, tmp_path, tensors=tensors))
    with pytest.raises(RenalFusionError) as raised:
        bundle.build_network()
    assert raised.value.code == "bundle_mismatch"


def test_what_could_not_be_loaded_is_not_written(ensemble_bundle, tmp_path, monkeypatch):
    from napari_renal_fusion.bundles import check, save_bundle

    bundle = load(ensemble_bundle)
    with pytest.raises(RenalFusionError, match="each of its members"):
        save_bundle(tmp_path / "a", bundle.config, bundle.weights, bundle.mean_tokens, "", known=None)
    monkeypatch.setitem(check._LARGEST, "bundle.json", 100)
    with pytest.raises(RenalFusionError, match=r"bundle\.json in a is"):
        save_bundle(tmp_path / "a", bundle.config, bundle.weights, bundle.mean_tokens, "", known=bundle.known)
    assert not (tmp_path / "a").exists()


def test_a_split_of_an_ensemble_has_one_list_of_scores(ensemble_bundle):
    config = read_config(ensemble_bundle)
    split = {**config.model_dump(), "conformal": {"coverage": 0.9, "scores": ((0.1, 0.2),)}}
    assert BundleConfig.model_validate(split).conformal.members == 1
    with pytest.raises(ValidationError):
        BundleConfig.model_validate(split | {"surprise": 1})
