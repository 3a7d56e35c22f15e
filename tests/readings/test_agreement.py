"""Agreement, kappa and changes, against numbers worked out by hand and by other programs."""

import numpy as np
import pytest

from napari_renal_fusion.cases.work_folder import WorkFolder
from napari_renal_fusion.readings import (
    CaseLog,
    agreement,
    cohen_kappa,
    log_decision,
    log_final,
    log_impression,
    log_reveal,
)
from napari_renal_fusion.readings.statistics import Share

from .made import prediction


def read(
    work, own, top, *, status="answered", decision="keep", to="", final="", read_first=True, bundle="b" * 64
):
    code = work.new_code()
    log = CaseLog(code, work)
    if own:
        log_impression(log, "v", own, "mid")
    log_reveal(log, "v", prediction(top, status), bundle="demo", bundle_sha256=bundle, read_first=read_first)
    if decision:
        log_decision(log, "v", decision, to)
    if final:
        log_final(log, final)
    return log


@pytest.fixture
def work(tmp_path):
    return WorkFolder(tmp_path)


def test_everything_is_counted(work):
    read(work, "MN", 1, final="MN")
    read(work, "IgAN", 0, final="MN")
    read(work, "LN", 1, decision="change", to="MN", final="MN")
    read(work, "MN", 0, decision="change", to="IgAN", final="MN")
    read(work, "MN", 2, decision="change", to="LN", final="IgAN")
    read(work, "FSGS", 1, decision="unsure", final="FSGS")
    read(work, "Some rare thing", 0, decision="")
    read(work, "MN", 1, status="abstained")
    read(work, "MN", 1, status="refused")
    (found,) = agreement(work)
    assert found.bundle == "demo"
    assert len(found.cases) == 9
    assert (found.agreed.count, found.agreed.of) == (2, 7)
    assert (found.agreed_within.count, found.agreed_within.of) == (2, 5)
    assert (found.no_opinion.count, found.no_opinion.of) == (2, 9)
    assert found.reasons == {"ambiguous": 2}
    assert found.decisions == {"keep": 4, "change": 3, "unsure": 1, "": 1}
    assert (found.to_right, found.to_wrong) == (1, 1)
    assert (found.right_before.count, found.right_before.of) == (3, 6)
    assert (found.right_after.count, found.right_after.of) == (3, 6)
    assert (found.model_right.count, found.model_right.of) == (2, 6)
    own, model = found.pairs
    assert own.count("another disease") == 2
    assert "another disease" not in model


def test_only_what_was_read_first_counts(work):
    read(work, "MN", 1)
    read(work, "", 1)
    read(work, "MN", 1, read_first=False)
    log = read(work, "MN", 1)
    # A second look at the same case, another version and another bundle, after the first reveal.
    for version, bundle in (("w", "b" * 64), ("v", "c" * 64)):
        log_impression(log, version, "LN", "high")
        log_reveal(log, version, prediction(2), bundle="other", bundle_sha256=bundle, read_first=True)
    log_reveal(log, "v", prediction(0), bundle="demo", bundle_sha256="b" * 64, read_first=True, what_if=1)
    first, second = agreement(work)
    assert len(first.cases) == 2
    assert first.not_counted == 2
    assert {one.own for one in first.cases} == {"Membranous nephropathy"}
    assert (len(second.cases), second.not_counted) == (0, 1)


def test_no_case_no_numbers(work):
    assert agreement(work) == ()
    empty = Share(0, 0)
    assert (empty.value, empty.interval) == (None, None)


def test_wilson_interval_of_the_textbook():
    # Newcombe, Stat Med 17 (1998) 857, table I: 81/263, 15/148, 0/20.
    for count, of, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)):
        assert Share(count, of).interval == pytest.approx((low, high), abs=5e-5)


def test_kappa_is_that_of_sklearn_and_its_interval_that_of_a_bootstrap():
    from sklearn.metrics import cohen_kappa_score

    rng = np.random.default_rng(3)
    names = np.array(["IgA", "MN", "LN", "another"])
    first = names[rng.integers(0, 4, 400)]
    second = np.where(rng.random(400) < 0.6, first, names[rng.integers(0, 4, 400)])
    kappa = cohen_kappa(list(first), list(second))
    assert kappa.value == pytest.approx(cohen_kappa_score(first, second))
    draws = rng.integers(0, 400, (200, 400))
    made = [cohen_kappa_score(first[one], second[one]) for one in draws]
    assert kappa.interval == pytest.approx(np.quantile(made, (0.025, 0.975)), abs=0.02)


def test_kappa_of_fleiss_example():
    # Fleiss, Levin, Paik, Statistical Methods for Rates and Proportions, table 18.1: kappa .676, se .088.
    table = [[75, 1, 4], [5, 4, 1], [0, 0, 10]]
    first, second = [], []
    for i, row in enumerate(table):
        for j, count in enumerate(row):
            first += [str(i)] * count
            second += [str(j)] * count
    kappa = cohen_kappa(first, second)
    assert kappa.value == pytest.approx(0.676, abs=5e-4)
    half = (kappa.interval[1] - kappa.interval[0]) / 2
    assert half / 1.96 == pytest.approx(0.087, abs=2e-3)


def test_kappa_is_not_defined_for_one_name_or_one_case():
    assert cohen_kappa(["a", "a"], ["a", "a"]) is None
    assert cohen_kappa(["a"], ["b"]) is None
    assert cohen_kappa(["a", "b"], ["a", "b"]).value == pytest.approx(1)
