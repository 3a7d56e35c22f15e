"""Each row of a study changes what its marks say, and nothing else."""

from __future__ import annotations

import pytest

from napari_renal_fusion.cases import Modality
from napari_renal_fusion.studies import STUDIES, ablation, encoders, modalities
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
