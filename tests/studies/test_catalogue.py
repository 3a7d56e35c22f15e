"""Each row of a study changes what its marks say, and nothing else."""

from __future__ import annotations

import pytest

from napari_renal_fusion.cases import Modality
from napari_renal_fusion.studies import STUDIES, ablation, encoders, modalities, panel
from napari_renal_fusion.studies.catalogue import as_preset
from napari_renal_fusion.training import preset


@pytest.mark.parametrize("study", [make() for make in STUDIES.values()], ids=list(STUDIES))
def test_keys_are_unique_and_the_reference_exists(study):
    keys = [row.key for row in study.rows]
    assert len(set(keys)) == len(keys)
    assert study.reference in keys
    assert all(len(row.marks) == len(study.columns) for row in study.rows)


def test_ablation_switches_what_its_marks_say():
    config = preset("small")
    for row in ablation().rows:
        network = row.change(config).network
        assert (network.smil, network.cmsa, network.weighted_loss) == row.marks
        same = network.model_copy(update={"smil": True, "cmsa": True, "weighted_loss": True})
        assert same == config.network


def test_modalities_restrict_network_rules_and_preprocessing_together():
    config = preset("paper")
    for row in modalities().rows:
        changed = row.change(config)
        kept = tuple(one for one, on in zip(Modality, row.marks, strict=True) if on)
        assert tuple(map(Modality, changed.network.modalities)) == kept
        assert changed.rules.modalities == kept
        assert tuple(changed.preprocessing) == kept
        assert changed.learning_rate == config.learning_rate
    assert modalities().rows[-1].change(config).network == config.network


def test_encoder_rows_differ_in_their_weights_alone():
    study = encoders(("random", "/somewhere/lite0.safetensors"))
    config = preset("small")
    changed = [row.change(config) for row in study.rows]
    assert [one.encoder_weights for one in changed] == ["random", "/somewhere/lite0.safetensors"]
    assert len({one.model_copy(update={"encoder_weights": ""}).model_dump_json() for one in changed}) == 1


def test_the_other_network_keeps_what_was_changed_and_what_both_have():
    config = preset("small", epochs=3, folds=4, seed=9, encoder_weights="weights.safetensors")
    ours = as_preset(config, "panel")
    assert (ours.epochs, ours.folds, ours.seed, ours.encoder_weights) == (3, 4, 9, "weights.safetensors")
    assert ours.network.kind == "renal_healnet"
    assert ours.network.encoder == config.network.encoder
    assert ours.rules == preset("panel").rules
    assert ours.patience == preset("panel").patience
    assert as_preset(ours, "small").network == config.network
    assert as_preset(config, "small") is config


def test_the_panel_compares_networks_on_the_same_sets_of_images():
    study = panel()
    by_run = {run: [row for row in study.rows if row.folder == run] for run in ("cmus-net", "renal-healnet")}
    assert [len(rows) for rows in by_run.values()] == [7, 7]
    assert [row.marks for row in by_run["cmus-net"]] == [row.marks for row in by_run["renal-healnet"]]
    first = study.rows[0].change(preset("panel", seed=4))
    assert first.network.kind == "cmus_net"
    assert len(first.subsets) == 6
    assert first.seed == 4
