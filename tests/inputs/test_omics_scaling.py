"""Omics values are filled and scaled by training patients alone, and what does not fit is told."""

import json

import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.inputs.omics_scaling import OmicsScaling

COLUMNS = ("A_rnaseq", "B_rnaseq", "C_rnaseq", "D_rnaseq")


@pytest.fixture
def values():
    generator = np.random.default_rng(0)
    values = generator.normal(60, 12, (40, 4))
    values[generator.random(values.shape) < 0.2] = np.nan
    return values


def test_it_equals_imputation_and_scaling_of_scikit_learn(values):
    # The mean is imputed before the spread is measured there, which makes it smaller: compared column by column.
    scaling = OmicsScaling.fit(COLUMNS, values)
    filled = SimpleImputer().fit_transform(values)
    np.testing.assert_allclose(scaling.fill, SimpleImputer().fit(values).statistics_)
    np.testing.assert_allclose(scaling.scale, np.nanstd(values, axis=0))
    np.testing.assert_allclose(
        scaling.transform(values),
        (filled - np.nanmean(values, 0)) / np.nanstd(values, 0),
        rtol=1e-5,
        atol=1e-6,
    )
    full = values[np.isfinite(values).all(axis=1)]
    reference = make_pipeline(SimpleImputer(), StandardScaler()).fit(full)
    given = OmicsScaling.fit(COLUMNS, full).transform(values)
    np.testing.assert_allclose(given, reference.transform(values), rtol=1e-5, atol=1e-6)
    assert given.dtype == np.float32


def test_without_scaling_only_gaps_are_filled(values):
    scaling = OmicsScaling.fit(COLUMNS, values, scale=False)
    known = np.isfinite(values)
    given = scaling.transform(values)
    np.testing.assert_array_equal(given[known], values[known].astype(np.float32))
    np.testing.assert_allclose(
        given[~known], np.broadcast_to(np.nanmean(values, 0), values.shape)[~known], rtol=1e-6
    )


def test_what_training_could_not_learn_changes_nothing_later(values):
    values[:, 1] = 0.1 + 0.2  # a rounding error of a spread
    values[:, 2] = np.nan
    scaling = OmicsScaling.fit(COLUMNS, values)
    assert scaling.silent == (1, 2)
    one, _ = scaling.apply([60, 0.3, np.nan, 60], COLUMNS)
    other, notices = scaling.apply([60, 9e9, 1e30, 60], COLUMNS)
    np.testing.assert_array_equal(one, other)
    assert one[1] == one[2] == 0
    assert notices == ()


def test_test_patients_do_not_change_the_scaling(values):
    scaling = OmicsScaling.fit(COLUMNS, values[:20])
    alone = scaling.transform(values[20:21])
    together = scaling.transform(values[20:])[:1]
    np.testing.assert_array_equal(alone, together)


def test_it_survives_json(values):
    scaling = OmicsScaling.fit(COLUMNS, values, modality="rnaseq")
    again = OmicsScaling.model_validate_json(scaling.model_dump_json())
    np.testing.assert_array_equal(again.transform(values), scaling.transform(values))
    damaged = json.loads(scaling.model_dump_json()) | {"scale": [0, 1, 1, 1]}
    with pytest.raises(ValueError, match="greater than 0"):
        OmicsScaling.model_validate(damaged)
    damaged["scale"] = [1, 1]
    with pytest.raises(ValueError, match="as many entries"):
        OmicsScaling.model_validate(damaged)


def test_order_does_not_matter_and_missing_and_unknown_columns_are_told(values):
    scaling = OmicsScaling.fit(COLUMNS, values, modality="rnaseq")
    row = {"D_rnaseq": 1.0, "B_rnaseq": 2.0, "A_rnaseq": 3.0, "age": 70.0}
    given, notices = scaling.apply(row)
    expected = scaling.transform([[3.0, 2.0, np.nan, 1.0]])[0]
    np.testing.assert_array_equal(given, expected)
    assert given[2] == 0
    assert [(one.code, one.severity) for one in notices] == [
        ("omics_columns_missing", "warning"),
        ("omics_columns_unknown", "info"),
    ]
    assert "1 of 4" in notices[0].message
    assert "C_rnaseq" in notices[0].message
    assert "age" in notices[1].message
    assert "less than half" in scaling.apply({"A_rnaseq": 1.0})[1][0].message


def test_rows_and_training_parts_without_anything_are_refused(values):
    scaling = OmicsScaling.fit(COLUMNS, values, modality="rnaseq")
    for row in ({}, {"A": 1.0}, {"A_rnaseq": float("nan")}):
        with pytest.raises(RenalFusionError) as caught:
            scaling.apply(row)
        assert caught.value.code == "omics_no_known_value"
    with pytest.raises(RenalFusionError) as caught:
        OmicsScaling.fit(COLUMNS, np.full((3, 4), np.nan))
    assert caught.value.code == "omics_nobody_to_fit"
    with pytest.raises(RenalFusionError) as caught:
        OmicsScaling.fit(COLUMNS, np.ones((3, 4)))
    assert caught.value.code == "omics_all_silent"


def test_huge_values_stay_finite(values):
    scaling = OmicsScaling.fit(COLUMNS, values * 1e-30)
    assert np.isfinite(scaling.transform([[1e300, -1e300, 0, 0]])).all()


def test_a_limit_draws_outliers_in_and_leaves_the_rest(values):
    free, limited = OmicsScaling.fit(COLUMNS, values), OmicsScaling.fit(COLUMNS, values, limit=1.5)
    np.testing.assert_array_equal(limited.transform(values), np.clip(free.transform(values), -1.5, 1.5))
    assert limited.transform([[1e9, -1e9, np.nan, 60]])[0, :3].tolist() == [1.5, -1.5, 0]
    assert OmicsScaling.model_validate_json(limited.model_dump_json()) == limited
    with pytest.raises(ValueError, match="needs scaling"):
        OmicsScaling.fit(COLUMNS, values, scale=False, limit=3)
