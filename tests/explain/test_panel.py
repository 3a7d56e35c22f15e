"""Explanations of a network that reads the whole panel: what is left out is really left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_renal_fusion.bundles import load
from napari_renal_fusion.cases import Case, Modality
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.explain import explain, layer_names
from napari_renal_fusion.explain.compose import methods_of
from napari_renal_fusion.inference import Engine, predict
from tests.made_panel import make_panel_bundle


@pytest.fixture(scope="module")
def engine():
    return Engine()


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return load(make_panel_bundle(tmp_path_factory.mktemp("panel") / "panel"))


@pytest.fixture(scope="module")
def case(phantom_case_folder):
    return Case.from_folder(phantom_case_folder)


@pytest.fixture(scope="module")
def prediction(bundle, case, engine):
    return predict(case, bundle, engine=engine)


def only(case, keep):
    return replace(case, images=tuple(one for one in case.images if keep(one)))


def test_contributions_are_the_answers_about_the_case_without_these_images(prediction, bundle, case, engine):
    found = explain(prediction).contributions
    for modality in Modality:
        less = predict(only(case, lambda one, m=modality: one.modality != m), bundle, engine=engine)
        np.testing.assert_allclose(found.without[modality], less.probabilities, atol=1e-6)
    assert found.baseline == pytest.approx(bundle.config.class_shares)
    total = np.sum(list(found.shapley.values()), axis=0)
    np.testing.assert_allclose(total, np.subtract(prediction.probabilities, found.baseline), atol=1e-6)
    assert "really left out" in found.baseline_says


def test_the_effect_of_an_electron_image_is_that_of_a_folder_without_it(prediction, bundle, case, engine):
    record = explain(prediction).bag
    assert [one.key for one in record.entries] == [f"TEM-{i}" for i in range(1, 6)]
    electron = case.of(Modality.TEM)
    for entry, image in zip(record.entries, electron, strict=True):
        less = predict(only(case, lambda one, image=image: one is not image), bundle, engine=engine)
        np.testing.assert_allclose(entry.probabilities_without, less.probabilities, atol=1e-6)
        assert entry.effect == pytest.approx(
            np.subtract(less.probabilities, prediction.probabilities), abs=1e-6
        )
    assert sum(one.weight for one in record.entries) == pytest.approx(1, abs=1e-5)
    assert record.weighs_by == "attention"
    assert all(one.kept and not one.is_centre for one in record.entries)


def test_without_the_last_electron_image_the_answer_is_that_from_the_others(bundle, case, engine):
    last = case.of(Modality.TEM)[-1]
    single = only(case, lambda one: one.modality != Modality.TEM or one is last)
    record = explain(predict(single, bundle, engine=engine)).bag
    rest = predict(only(case, lambda one: one.modality != Modality.TEM), bundle, engine=engine)
    np.testing.assert_allclose(record.entries[0].probabilities_without, rest.probabilities, atol=1e-6)
    alone = explain(predict(only(case, lambda one: one is last), bundle, engine=engine)).bag
    assert alone.entries[0].probabilities_without == pytest.approx(bundle.config.class_shares)


def test_attention_is_raw_and_shared_out_within_a_modality(prediction):
    found = explain(prediction, method="attention")
    for modality in Modality:
        maps = [one for one in found.heat_maps if one.modality == modality]
        assert sum(float(one.raw.sum()) for one in maps) == pytest.approx(1, abs=1e-5)
        assert all(one.raw.min() >= 0 for one in maps)
        assert found.range_for(maps[0]) == (0.0, pytest.approx(max(float(one.raw.max()) for one in maps)))
    other = explain(prediction, class_index=0, method="attention")
    assert all(np.array_equal(a.raw, b.raw) for a, b in zip(found.heat_maps, other.heat_maps, strict=True))


def test_a_map_at_the_encoder_output_is_the_librarys_at_the_last_stage(prediction):
    """pytorch-grad-cam through the encoder, one image varying, against one backward pass through the fusion."""
    assert layer_names(prediction)[-2] == "layer3"
    ours = explain(prediction, class_index=1, method="hirescam")
    theirs = explain(prediction, class_index=1, method="hirescam", layer="layer3")
    largest = max(float(np.abs(one.raw).max()) for one in ours.heat_maps)
    for a, b in zip(ours.heat_maps, theirs.heat_maps, strict=True):
        np.testing.assert_allclose(a.raw, b.raw, atol=1e-4 * largest)
    assert {one.modality for one in ours.heat_maps} == set(Modality)


def test_a_copy_shows_the_map_of_its_twin_and_changes_nothing(bundle, case, engine):
    twin = replace(case, images=(*case.images, case.of(Modality.TEM)[0], case.of(Modality.IM)[0]))
    found = explain(predict(twin, bundle, engine=engine))
    (copy,) = [one for one in found.bag.entries if one.duplicate_of]
    original = found.bag.get(copy.duplicate_of)
    assert {copy.key, original.key} == {"TEM-1", "TEM-6"}
    assert not any((*copy.effect, *original.effect))
    np.testing.assert_array_equal(found.heat_map("TEM-6").raw, found.heat_map("TEM-1").raw)
    np.testing.assert_array_equal(found.heat_map("IM-4").raw, found.heat_map("IM-1").raw)
    assert "Copies enter once" in found.bag.note


def test_attention_is_offered_only_where_there_is_some(prediction, tiny_bundle, case):
    assert explain(prediction).methods[-1] == "attention"
    other = predict(case, tiny_bundle)
    assert "attention" not in methods_of(other._session)
    for asked, layer in ((other, None), (prediction, "layer1")):
        with pytest.raises(RenalFusionError) as error:
            explain(asked, method="attention", layer=layer)
        assert error.value.code == "cam_method_unknown"


def test_without_electron_images_there_is_no_bag(bundle, case, engine):
    found = explain(predict(only(case, lambda one: one.modality != Modality.TEM), bundle, engine=engine))
    assert found.bag is None
    assert set(found.contributions.without) == {Modality.OM, Modality.IM}
