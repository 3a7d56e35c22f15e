"""A renal HEALNet is trained, measured with images taken away, kept, resumed and used like any network."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from napari_renal_fusion.bundles import load
from napari_renal_fusion.cases import Cohort, ImageItem, Modality
from napari_renal_fusion.compute import Cancelled, Progress
from napari_renal_fusion.compute.devices import DeviceChoice
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.inference import Engine, predict
from napari_renal_fusion.inference.self_test import run_self_test
from napari_renal_fusion.training import TrainingConfig, preset, train
from napari_renal_fusion.training.check import check_cohort
from napari_renal_fusion.training.data import Drawing, case_data
from napari_renal_fusion.training.fit import Workplace, fit_unit
from napari_renal_fusion.training.folds import Fold
from napari_renal_fusion.training.initial import encoder_source, initial_network
from napari_renal_fusion.training.outcome import load_outcome
from napari_renal_fusion.training.patients import prepare
from napari_renal_fusion.training.telling import silent
from napari_renal_fusion.training.tokens import encode_cases
from napari_renal_fusion.training.units import Unit
from napari_renal_fusion.training.vocabulary import with_vocabulary

from .tiny import tiny_cohort, tiny_config
from .tiny_panel import LACKS_TEM, tiny_panel_cohort, tiny_panel_config

CPU = DeviceChoice("cpu", "test", "float32")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("panel")


@pytest.fixture(scope="module")
def cohort(home):
    return tiny_panel_cohort(home / "cohort")


@pytest.fixture(scope="module")
def run(home, cohort):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RENAL_FUSION_HOME", str(home / "home"))
        return train(cohort, tiny_panel_config(), home / "run")


def test_every_set_of_modalities_is_measured_on_the_cases_that_have_it(run, cohort):
    results = run.results
    assert set(results.subsets) == {"OM", "IM", "TEM", "OM-IM", "OM-TEM", "IM-TEM"}
    lacking = {case.case_id for place, case in enumerate(cohort.cases) if place % 6 == LACKS_TEM}
    assert {one.case_id for one in results.cases} == {case.case_id for case in cohort.cases}
    for shown, part in results.subsets.items():
        measured = {one.case_id for one in part.cases}
        assert measured.isdisjoint(lacking) == ("TEM" in shown)
        assert "-".join(part.modalities) == shown
    # Without electron images, a case that has none is asked the very same question.
    whole, part = ({one.case_id: one.logits for one in r.cases} for r in (results, results.subsets["OM-IM"]))
    assert all(whole[case] == pytest.approx(part[case], abs=1e-5) for case in lacking)
    assert any(whole[case] != pytest.approx(part[case], abs=1e-3) for case in set(whole) - lacking)


def test_features_of_a_set_are_the_columns_of_its_modalities(run):
    _, outputs = load_outcome(run.folder / "units" / "fold-1")
    every, some = outputs.parts["test.OM-IM-TEM"], outputs.parts["test.OM-TEM"]
    rows = [some.case_ids.index(one) for one in every.case_ids]
    np.testing.assert_array_equal(every.features[:, [*range(8), *range(16, 24)]], some.features[rows])
    assert not outputs.mean_tokens


def test_the_bundle_answers_with_and_without_and_its_card_says_how_well(run, cohort):
    bundle = load(run.bundle)
    config = bundle.config
    assert (config.kind, config.members, config.shared_encoders) == ("renal_healnet", 2, True)
    assert (config.network.stains, config.network.antibodies) == (("PASM",), ("IgA",))
    assert set(config.without) == set(run.results.subsets)
    assert config.without["OM"].accuracy == pytest.approx(
        run.results.subsets["OM"].mean["accuracy"], abs=1e-4
    )
    assert run_self_test(bundle, bundle.build_network()) < 1e-5
    card = (run.bundle / "README.md").read_text()
    assert "| Light (OM) + Immunofluorescence (IM) |" in card
    case = cohort.cases[LACKS_TEM]
    prediction = predict(case, bundle, engine=Engine())
    assert prediction.selection.missing == (Modality.TEM,)
    assert prediction.probabilities
    assert "answered_without" in [one.code for one in prediction.warnings]
    assert "seen_in_training" in [one.code for one in prediction.warnings]


def test_its_configuration_comes_back_and_an_old_one_is_a_cmus_net(run):
    content = json.loads((run.folder / "config.json").read_text())
    assert content["network"]["kind"] == "renal_healnet"
    assert TrainingConfig.model_validate(content) == run.config
    old = preset("small").model_dump(mode="json")
    del old["network"]["kind"]
    assert TrainingConfig.model_validate(old) == preset("small")


def test_a_run_that_is_stopped_goes_on_to_the_same_weights(home, cohort, run, monkeypatch):
    monkeypatch.setenv("RENAL_FUSION_HOME", str(home / "home"))

    class Stopping(Progress):
        def update(self, fraction, message=""):
            if "fold-2: epoch 2" in message:
                raise Cancelled
            super().update(fraction, message)

    with pytest.raises(Cancelled):
        train(cohort, tiny_panel_config(), home / "stopped", progress=Stopping())
    again = train(cohort, tiny_panel_config(), home / "stopped")
    ours, theirs = load(run.bundle), load(again.bundle)
    assert all(torch.equal(ours.weights[name], theirs.weights[name]) for name in ours.weights)
    assert again.results.subsets == run.results.subsets


def test_draws_leave_something_and_show_every_set(cohort, monkeypatch, tmp_path):
    monkeypatch.setenv("RENAL_FUSION_HOME", str(tmp_path))
    config = with_vocabulary(tiny_panel_config(part_shown=0.5, stain_hidden=0.3), cohort)
    cases, _ = prepare(cohort, config, threads=1)
    drawing = Drawing(1, "unit", (1, 3), False)
    data = case_data(cases[:1], config, drawing=drawing)
    drawn = [data[epoch, 0][0] for epoch in range(200)]
    sets = Counter(tuple(tensors) for tensors, _ in drawn)
    assert len(sets) == 7
    assert 90 < sets["OM", "IM", "TEM"] < 140  # a half, and a seventh of the other half
    assert {len(tensors["TEM"]) for tensors, _ in drawn if "TEM" in tensors} == {1, 2, 3}
    hidden = np.mean([int(stains["IM"][0]) == 0 for _, stains in drawn if "IM" in stains])
    assert 0.2 < hidden < 0.4
    again = case_data(cases[:1], config, drawing=drawing)[7, 0][0]
    assert all(torch.equal(again[0][m], drawn[7][0][m]) for m in again[0])
    whole = case_data(cases[:1], config)[0, 0][0]
    assert {m: len(one) for m, one in whole[0].items()} == {"OM": 1, "IM": 1, "TEM": 3}


def test_copies_of_an_image_train_once(cohort, monkeypatch, tmp_path):
    monkeypatch.setenv("RENAL_FUSION_HOME", str(tmp_path))
    first = cohort.cases[0]
    twin = replace(first, images=(*first.images, first.of(Modality.TEM)[0]))
    config = with_vocabulary(tiny_panel_config(), cohort)
    cases, _ = prepare(replace(cohort, cases=(twin, *cohort.cases[1:3])), config, threads=1)
    assert len(cases[0].pictures[Modality.TEM]) == 4
    assert len(case_data(cases, config)[0, 0][0][0]["TEM"]) == 3


@pytest.mark.parametrize("name", ["small", "panel"])
def test_each_modality_is_normalised_by_its_own_tokens(name, cohort, monkeypatch, tmp_path):
    monkeypatch.setenv("RENAL_FUSION_HOME", str(tmp_path))
    made = tiny_panel_config(epochs=1) if name == "panel" else tiny_config("small", epochs=1)
    config = made.model_copy(update={"network": made.network.model_copy(update={"token_norm": True})})
    complete = replace(cohort, cases=cohort.cases[:4])
    cases, _ = prepare(complete, config, threads=1)
    source = encoder_source(config)
    network = initial_network(config, "fold-1", source)
    tokens = encode_cases(network, cases, config, CPU, Progress())
    unit = Unit(
        "fold-1",
        config,
        Fold(name="fold-1", train=tuple(one.case_id for one in cases), validation=(), test=()),
    )
    place = Workplace(tmp_path / "unit", CPU, Progress(), silent, tokens)
    fit_unit(unit, network, cases, [], place)
    for modality in Modality:
        every = torch.cat([one.reshape(-1, 8) for case in cases for one in tokens[case.case_id][modality]])
        torch.testing.assert_close(
            network.token_norm[modality.value].mean, every.mean(dim=0), atol=1e-4, rtol=1e-4
        )


def test_a_vocabulary_names_what_enough_patients_have(cohort):
    config = tiny_panel_config()
    rare = replace(cohort.cases[0].images[1], stain="PLA2R")
    cases = (replace(cohort.cases[0], images=(*cohort.cases[0].images, rare)), *cohort.cases[1:])
    network = with_vocabulary(config, replace(cohort, cases=cases)).network
    assert (network.stains, network.antibodies) == (("PASM",), ("IgA",))
    assert with_vocabulary(preset("small"), cohort) == preset("small")
    given = config.model_copy(update={"network": config.network.model_copy(update={"antibodies": ("C3",)})})
    assert with_vocabulary(given, cohort) == given


def test_what_the_check_says_of_missing_modalities(cohort, monkeypatch, tmp_path):
    monkeypatch.setenv("RENAL_FUSION_HOME", str(tmp_path))
    found = {one.code: one for one in check_cohort(cohort, tiny_panel_config()).findings}
    assert found["modality_lacking"].severity == "info"
    assert (
        "4 cases have no usable Electron (TEM) image and train without" in found["modality_lacking"].message
    )
    assert "modality_missing" not in found
    assert "bag_single" not in found

    def only(keep):
        return replace(
            cohort, cases=tuple(replace(c, images=tuple(filter(keep, c.images))) for c in cohort.cases)
        )

    nobody = check_cohort(only(lambda one: one.modality != Modality.TEM), tiny_panel_config())
    assert "modality_nobody_has" in [one.code for one in nobody.errors]
    empty = replace(cohort.cases[0], images=())
    missing = check_cohort(replace(cohort, cases=(empty, *cohort.cases[1:])), tiny_panel_config())
    assert (
        "no usable image at all"
        in next(one for one in missing.errors if one.code == "modality_missing").message
    )
    strict = {one.code for one in check_cohort(cohort, tiny_config("small")).errors}
    assert "modality_missing" in strict


def test_a_case_without_any_image_cannot_train(cohort, monkeypatch, tmp_path):
    monkeypatch.setenv("RENAL_FUSION_HOME", str(tmp_path))
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    case = replace(cohort.cases[0], images=(ImageItem(broken, Modality.OM),))
    with pytest.raises(RenalFusionError) as error:
        prepare(Cohort((case, *cohort.cases[1:]), cohort.class_names), tiny_panel_config(), threads=1)
    assert error.value.code == "training_image_missing"


@pytest.mark.parametrize(
    ("name", "changes", "problem"),
    [
        ("panel", {"subsets": ((Modality.OM,),)}, "needs no further models"),
        ("small", {"part_shown": 0.5}, "whole panel"),
        ("small", {"rules": preset("panel").rules}, "refuse or mean_tokens"),
        ("panel", {"rules": preset("small").rules}, "refuse or without"),
    ],
)
def test_settings_that_contradict_the_network_are_refused(name, changes, problem):
    with pytest.raises(ValidationError, match=problem):
        preset(name, **changes)


@pytest.mark.slow
def test_encoders_are_fine_tuned_after_the_fusion_and_trained_from_pictures(home, monkeypatch):
    monkeypatch.setenv("RENAL_FUSION_HOME", str(home / "tuned"))
    few = tiny_cohort(home / "few", per_class=6)
    # A step may hold one image of a modality; batch normalisation cannot learn from one value a channel.
    network = tiny_panel_config().network
    network = network.model_copy(update={"encoder": network.encoder.model_copy(update={"stage": 3})})
    for name, changes in (
        ("tuned", {"finetune_epochs": 1}),
        ("whole", {"freeze_encoders": False, "flips": True}),
    ):
        run = train(few, tiny_panel_config(network=network, epochs=1, **changes), home / name)
        bundle = load(run.bundle)
        assert not bundle.config.shared_encoders
        made = bundle.build_network()
        run_self_test(bundle, made)
        prediction = predict(few.cases[0], bundle, engine=Engine())
        assert len(prediction.probabilities) == 3
