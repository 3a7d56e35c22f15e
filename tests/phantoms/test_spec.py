from collections import Counter

import pytest
from pydantic import ValidationError

from napari_renal_fusion.phantoms import KNOWN, BiopsySpec, Outlier, random_spec


def test_stage_belongs_to_membranous_nephropathy():
    assert BiopsySpec(disease="membranous_nephropathy", seed=1).stage == 2
    with pytest.raises(ValidationError, match="stage"):
        BiopsySpec(disease="iga_nephropathy", stage=1, seed=1)


@pytest.mark.parametrize(
    "field", [{"om_size": (20, 20)}, {"n_tem": 1, "outliers": ("defocus",) * 2}, {"colour": 1}]
)
def test_bad_descriptions_are_refused(field):
    with pytest.raises(ValidationError):
        BiopsySpec(disease="iga_nephropathy", seed=1, **field)


def test_outliers_are_the_last_images():
    spec = BiopsySpec(disease="iga_nephropathy", seed=1, n_tem=4, outliers=("defocus", "other_tissue"))
    assert [spec.outlier(i) for i in range(4)] == [None, None, Outlier.DEFOCUS, Outlier.OTHER_TISSUE]


def test_random_patients_are_balanced_and_repeatable():
    specs = [random_spec(9, i) for i in range(30)]
    assert specs == [random_spec(9, i) for i in range(30)]
    assert Counter(s.disease for s in specs) == dict.fromkeys(KNOWN, 10)
    assert {s.stage for s in specs} == {None, 1, 2, 3}
    assert all(5 <= s.n_tem <= 12 for s in specs)
    assert len({s.seed for s in specs}) == 30
    assert 0 < sum(bool(s.outliers) for s in specs) < 30
