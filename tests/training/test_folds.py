import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from napari_renal_fusion.cases import Case
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.training import preset
from napari_renal_fusion.training.enough import groups_needed, shortages
from napari_renal_fusion.training.folds import Folds, make_folds
from napari_renal_fusion.training.given_folds import check_folds
from napari_renal_fusion.training.groups import group_names

NAMES = ("IgAN", "MN", "LN")
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def config(**changes):
    return preset("small", **({"folds": 3, "patience": 5} | changes))


def cohort(counts, biopsies=None, after_model=(), hospitals=None):
    """Cases and labels: ``counts`` patients per class; patient i has ``biopsies[i]`` cases (1 by default)."""
    cases, labels, number = [], {}, 0
    for label, count in enumerate(counts):
        for _ in range(count):
            for biopsy in range((biopsies or {}).get(number, 1)):
                name = f"P{number:03d}-B{biopsy}"
                cases.append(
                    Case(
                        name,
                        f"P{number:03d}",
                        label=NAMES[label],
                        label_source="after model" if name in after_model else "board",
                        hospital=hospitals[number] if hospitals else None,
                    )
                )
                labels[name] = label
            number += 1
    return cases, labels


def patients(ids):
    return {one.split("-")[0] for one in ids}


def parts(fold):
    return fold.train, fold.validation, fold.test


@st.composite
def cohorts(draw):
    counts = draw(st.lists(st.integers(7, 25), min_size=2, max_size=3))
    number = sum(counts)
    biopsies = draw(st.dictionaries(st.integers(0, number - 1), st.integers(2, 4), max_size=10))
    cases, labels = cohort(counts, biopsies)
    chosen = draw(st.sets(st.sampled_from([case.case_id for case in cases]), max_size=8))
    cases, labels = cohort(counts, biopsies, after_model=chosen)
    made = config(
        folds=draw(st.integers(2, 4)),
        repeats=draw(st.integers(1, 2)),
        patience=draw(st.sampled_from([0, 5])),
        test_fraction=draw(st.sampled_from([0.0, 0.2])),
        final=draw(st.sampled_from(["ensemble", "refit"])),
        seed=draw(st.integers(0, 99)),
    )
    assume(not shortages(cases, labels, made, NAMES[: len(counts)]))
    return cases, labels, made, len(counts)


@quick
@given(cohorts())
def test_patients_stay_together_and_each_is_tested_once(drawn):
    cases, labels, made, classes = drawn
    folds = make_folds(cases, labels, made, NAMES[:classes])
    after = {case.case_id for case in cases if case.labelled_after_model}
    everybody = patients(labels)
    aside = patients(folds.test)
    assert not after & set(folds.test)
    for fold in folds.folds:
        train, validation, test = map(patients, parts(fold))
        assert not train & validation
        assert not train & test
        assert not validation & test
        assert not (train | validation | test) & aside
        assert not after & {*fold.validation, *fold.test}
        assert bool(validation) == (made.patience > 0)
        for part in (fold.train, fold.test, *([fold.validation] if made.patience else [])):
            assert {labels[one] for one in part} == set(range(classes))
        # Everybody is somewhere, and no case twice.
        assert len({*fold.train, *fold.validation, *fold.test}) == sum(map(len, parts(fold)))
        assert train | validation | test | aside == everybody
    for repeat in range(made.repeats):
        prefix = f"repeat-{repeat + 1}-fold-" if repeat else "fold-"
        tests = [fold.test for fold in folds.folds if fold.name.startswith(prefix)]
        assert len(tests) == made.folds
        tested = Counter(one for part in tests for one in part)
        assert set(tested.values()) == {1}
        assert set(tested) == {one for one in labels if one not in after and one.split("-")[0] not in aside}
    assert ("refit" in {fold.name for fold in folds.folds}) == (made.final == "refit")


@quick
@given(cohorts())
def test_classes_are_spread_as_evenly_as_can_be(drawn):
    cases, labels, made, classes = drawn
    folds = make_folds(cases, labels, made, NAMES[:classes])
    # Patients that may be tested: one label at least was not entered after seeing a model.
    able = patients(case.case_id for case in cases if not case.labelled_after_model)
    by_class = Counter(labels[f"{one}-B0"] for one in able)

    def near(part, fraction, among):
        held = Counter(labels[f"{one}-B0"] for one in patients(part))
        return all(abs(held[label] - max(1, fraction * n)) <= 0.5 + 1e-9 for label, n in among.items())

    for prefix in ("fold-", "repeat-2-fold-"):
        units = [fold for fold in folds.folds if fold.name.startswith(prefix)]
        held = [Counter(labels[f"{one}-B0"] for one in patients(unit.test)) for unit in units]
        if held:
            for label in by_class:
                found = [one[label] for one in held]
                assert max(found) - min(found) <= 1
            totals = [sum(one.values()) for one in held]
            assert max(totals) - min(totals) <= 1
    assert not folds.test or near(folds.test, made.test_fraction, by_class)
    for fold in folds.folds:
        if made.patience:
            inside = (patients(fold.train) | patients(fold.validation)) & able
            among = Counter(labels[f"{one}-B0"] for one in inside)
            assert near(fold.validation, made.validation_fraction, among)


@quick
@given(cohorts(), st.randoms(use_true_random=False))
def test_the_same_cohort_and_seed_give_the_same_folds_in_any_order(drawn, random):
    cases, labels, made, classes = drawn
    first = make_folds(cases, labels, made, NAMES[:classes])
    shuffled = list(cases)
    random.shuffle(shuffled)
    assert make_folds(shuffled, labels, made, NAMES[:classes]) == first


def test_another_seed_and_every_repeat_draw_other_folds():
    cases, labels = cohort((12, 12, 12))
    one = make_folds(cases, labels, config(repeats=2), NAMES)
    other = make_folds(cases, labels, config(repeats=2, seed=1), NAMES)
    drawn = [frozenset(fold.test for fold in made.folds[i : i + 3]) for made in (one, other) for i in (0, 3)]
    assert len(set(drawn)) == 4
    assert [fold.name for fold in one.folds] == [
        "fold-1", "fold-2", "fold-3", "repeat-2-fold-1", "repeat-2-fold-2", "repeat-2-fold-3",
    ]  # fmt: skip


def test_balance_is_that_of_scikit_learn_or_better():
    from sklearn.model_selection import StratifiedGroupKFold

    rng = np.random.default_rng(3)
    hospitals = [f"H{i}" for i in rng.integers(0, 14, 150)]
    cases, labels = cohort((60, 50, 40), hospitals=hospitals)
    made = config(folds=4, group_by="hospital")
    folds = make_folds(cases, labels, made, NAMES)
    y = np.array([labels[case.case_id] for case in cases])
    group = np.array([case.hospital for case in cases])

    def unevenness(tests):
        held = np.array([np.bincount(y[list(test)], minlength=3) for test in tests])
        return float((((held - held.mean(axis=0)) ** 2) / np.bincount(y)).sum())

    place = {case.case_id: i for i, case in enumerate(cases)}
    ours = [[place[one] for one in fold.test] for fold in folds.folds]
    theirs = [test for _, test in StratifiedGroupKFold(4).split(y, y, group)]
    assert unevenness(ours) <= unevenness(theirs) + 1e-9
    for fold in folds.folds:
        sides = [{cases[place[one]].hospital for one in part} for part in parts(fold)]
        assert not sides[0] & sides[1] | sides[0] & sides[2] | sides[1] & sides[2]


@quick
@given(
    st.lists(st.integers(6, 20), min_size=2, max_size=3),
    st.lists(st.integers(0, 9), min_size=60, max_size=60),
    st.integers(2, 3),
    st.sampled_from([0.0, 0.2]),
)
def test_no_hospital_and_no_patient_is_ever_divided(counts, hospitals, folds, test_fraction):
    cases, labels = cohort(counts, biopsies={0: 3, 7: 2}, hospitals=[f"H{one}" for one in hospitals])
    of = {case.case_id: case.hospital for case in cases}
    made = config(folds=folds, group_by="hospital", test_fraction=test_fraction)
    try:
        drawn = make_folds(cases, labels, made, NAMES[: len(counts)])
    except RenalFusionError as error:
        if error.code != "cohort_too_few":
            raise
        return
    for fold in drawn.folds:
        sides = [{of[one] for one in part} for part in (*parts(fold), drawn.test)]
        assert sum(map(len, sides)) == len(set().union(*sides)) == len(set(of.values()))


def test_hospitals_that_share_a_patient_are_one_group():
    cases = [
        Case("a", "P1", hospital="North"),
        Case("b", "p 1", hospital="South"),
        Case("c", "P2", hospital="south "),
        Case("d", "P3", hospital="East"),
    ]
    names = group_names(cases, "hospital")
    assert names["a"] == names["b"] == names["c"] != names["d"]
    assert len(set(group_names(cases, "patient").values())) == 3


def test_cases_without_a_hospital_are_named():
    cases, labels = cohort((6, 6, 6), hospitals=["H1"] * 4 + [None] + ["H2"] * 13)
    with pytest.raises(RenalFusionError, match="Case P004-B0 has no hospital") as caught:
        make_folds(cases, labels, config(group_by="hospital"), NAMES)
    assert caught.value.code == "hospital_missing"


def test_a_patient_spelt_in_two_ways_is_one_patient():
    cases, labels = cohort((9, 9, 9))
    cases += [Case("again", " p000", label="IgAN"), Case("wide", "Ｐ000", label="IgAN")]
    labels |= {"again": 0, "wide": 0}
    for fold in make_folds(cases, labels, config(), NAMES).folds:
        sides = [{"P000-B0", "again", "wide"} & set(part) for part in parts(fold)]
        assert sorted(map(len, sides)) == [0, 0, 3]


def test_a_case_labelled_after_a_model_trains_but_never_measures():
    # P000 has only such a case, P001 one of two.
    cases, labels = cohort((9, 9, 9), biopsies={1: 2}, after_model={"P000-B0", "P001-B1"})
    folds = make_folds(cases, labels, config(final="refit", test_fraction=0.1), NAMES)
    assert folds.train_only == ("P000-B0", "P001-B1")
    for fold in folds.folds:
        assert "P000-B0" in fold.train
        assert ("P001-B1" in fold.train) == ("P001-B0" in fold.train)


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        ({"folds": 5, "patience": 0}, 5),
        ({"folds": 5, "patience": 3}, 5),
        ({"folds": 2, "patience": 0}, 2),
        ({"folds": 2, "patience": 3}, 4),
        ({"folds": 3, "patience": 3, "test_fraction": 0.2}, 4),
        ({"folds": 0, "final": "refit", "patience": 0}, 2),
        ({"folds": 0, "final": "refit", "patience": 3}, 3),
    ],
)
def test_the_number_needed_is_enough_and_one_less_is_refused(changes, needed):
    made = config(**changes)
    assert groups_needed(made) == needed
    make_folds(*cohort((needed, 30, needed)), made, NAMES)
    with pytest.raises(RenalFusionError) as caught:
        make_folds(*cohort((needed - 1, 30, needed - 1)), made, NAMES)
    assert caught.value.code == "cohort_too_few"
    for name in ("IgAN", "LN"):
        plural = "" if needed == 2 else "s"
        assert f"{name} has {needed - 1} patient{plural} that can be tested, {needed} are needed" in str(
            caught.value
        )
    assert "MN has" not in str(caught.value)


def test_patients_not_cases_are_counted():
    cases, labels = cohort((1, 9, 9), biopsies={0: 8})
    with pytest.raises(RenalFusionError, match="IgAN has 1 patient that can be tested"):
        make_folds(cases, labels, config(), NAMES)
    cases, labels = cohort((9, 9, 9), after_model={f"P{i:03d}-B0" for i in range(7)})
    with pytest.raises(RenalFusionError, match="IgAN has 2 patients that can be tested"):
        make_folds(cases, labels, config(), NAMES)


def test_a_class_that_hospitals_cannot_spread_is_refused():
    cases, labels = cohort((6, 6, 6), hospitals=["A"] * 6 + list("ABCDEF") + list("ABCDEF"))
    with pytest.raises(RenalFusionError, match="IgAN has 1 hospital that can be tested, 3 are needed"):
        make_folds(cases, labels, config(group_by="hospital", patience=0), NAMES)


def test_a_patient_with_two_labels_is_named():
    cases, labels = cohort((9, 9, 9), biopsies={3: 2})
    labels["P003-B1"] = 2
    with pytest.raises(RenalFusionError, match="Patient P003 has the labels IgAN, LN") as caught:
        make_folds(cases, labels, config(), NAMES)
    assert caught.value.code == "patient_two_labels"


def test_two_cases_with_one_id_are_named():
    cases, labels = cohort((9, 9, 9))
    with pytest.raises(RenalFusionError, match="P000-B0") as caught:
        make_folds([*cases, cases[0]], labels, config(), NAMES)
    assert caught.value.code == "case_id_repeated"


@pytest.fixture
def saved(tmp_path):
    cases, labels = cohort((9, 9, 9), biopsies={0: 3}, after_model={"P005-B0"})
    folds = make_folds(cases, labels, config(test_fraction=0.2, final="refit"), NAMES)
    folds.save(tmp_path / "folds.json")
    return cases, labels, folds, tmp_path / "folds.json"


def test_saved_folds_are_used_again(saved):
    cases, labels, folds, path = saved
    loaded = Folds.load(path)
    assert loaded == folds
    assert check_folds(loaded, cases, labels, config(test_fraction=0.2, final="refit")) is loaded


def test_folds_of_another_cohort_are_refused(saved):
    cases, labels, folds, path = saved
    for other_cases, other_labels, changes, code, said in (
        (cases[1:], labels, {}, "folds_other_cases", "1 are missing here (P000-B0)"),
        (
            [*cases, Case("new", "P900")],
            labels | {"new": 1},
            {},
            "folds_other_cases",
            "not in the folds (new)",
        ),
        (cases, labels | {"P004-B0": 1}, {}, "folds_other_labels", "P004-B0"),
        (cases, labels, {"group_by": "hospital"}, "folds_other_grouping", "every patient together"),
    ):
        with pytest.raises(RenalFusionError) as caught:
            check_folds(folds, other_cases, other_labels, config(**changes), path)
        assert caught.value.code == code
        assert said in str(caught.value)
        assert caught.value.path == path


def edited(path, change):
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))
    return path


def test_folds_in_which_a_patient_stands_on_two_sides_cannot_be_loaded(saved):
    *_, path = saved
    original = path.read_text()

    def to_test(data):  # one biopsy of P000 leaves its siblings
        fold = next(one for one in data["folds"] if "P000-B1" in one["train"])
        fold["train"].remove("P000-B1")
        fold["test"].append("P000-B1")

    def to_independent(data):
        data["test"].append(data["folds"][0]["train"][0])

    def measured(data):
        data["folds"][0]["train"].remove("P005-B0")
        data["folds"][0]["test"].append("P005-B0")

    def twice(data):
        data["folds"][1]["test"], data["folds"][1]["train"] = data["folds"][0]["test"], []
        data["folds"][1]["validation"] = []

    def unknown(data):
        data["folds"][0]["train"].append("somebody")

    def new_field(data):
        data["allow_leaks"] = True

    for change in (to_test, to_independent, measured, twice, unknown, new_field):
        path.write_text(original)
        with pytest.raises(RenalFusionError) as caught:
            Folds.load(edited(path, change))
        assert caught.value.code == "folds_unreadable"
        assert str(path) in str(caught.value)
    for text in ("", "[]", "{", "\ud800".encode("utf-8", "surrogatepass")):
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(RenalFusionError):
            Folds.load(path)
    with pytest.raises(RenalFusionError):
        Folds.load(path.with_name("none.json"))


def test_groups_written_into_the_file_cannot_hide_a_leak(saved):
    cases, labels, _, path = saved

    def hide(data):  # the file claims that the biopsies of P000 are three patients
        for case_id in ("P000-B0", "P000-B1", "P000-B2"):
            data["groups"][case_id] = case_id
            for fold in data["folds"]:
                for part in ("train", "validation", "test"):
                    fold[part] = [one for one in fold[part] if one != case_id]
            data["test"] = [one for one in data["test"] if one != case_id]
        data["folds"][0]["train"].append("P000-B0")
        data["folds"][0]["test"].append("P000-B1")

    folds = Folds.load(edited(path, hide))
    with pytest.raises(RenalFusionError, match="P000 is in the train and the test part of fold-1") as caught:
        check_folds(folds, cases, labels, config(), path)
    assert caught.value.code == "folds_leak"


def test_a_case_labelled_after_a_model_since_then_is_refused(saved):
    cases, labels, folds, path = saved
    tested = folds.folds[0].test[0]
    changed = [
        Case(
            c.case_id,
            c.patient_id,
            label=c.label,
            label_source="after model" if c.case_id == tested else c.label_source,
        )
        for c in cases
    ]
    with pytest.raises(RenalFusionError, match=f"{tested}: labelled after seeing a model"):
        check_folds(folds, changed, labels, config(), path)


@pytest.mark.parametrize(
    ("drawn", "asked", "said", "remedy"),
    [
        ({}, {"folds": 5}, "folds are 3, but 5", "--folds 3"),
        ({"repeats": 2}, {}, "repeated 2 times, but once", "repeats=2"),
        ({}, {"test_fraction": 0.2}, "keep none aside", "test_fraction=0"),
        ({"test_fraction": 0.2}, {}, "none is asked for", "test_fraction=0."),
        ({"patience": 0}, {}, "fold-1 of the given folds has no validation", "patience=0"),
        ({}, {"final": "refit"}, "no patients back to calibrate", "final=ensemble"),
        ({"final": "refit"}, {}, "final=ensemble is asked for", "final=refit"),
    ],
)
def test_folds_of_another_configuration_are_refused_with_what_to_give(drawn, asked, said, remedy):
    cases, labels = cohort((12, 12, 12))
    folds = make_folds(cases, labels, config(**drawn), NAMES)
    with pytest.raises(RenalFusionError) as caught:
        check_folds(folds, cases, labels, config(**asked))
    assert caught.value.code == "folds_other_settings"
    assert said in caught.value.problem
    assert remedy in caught.value.remedy
    other = {"seed": 9, "epochs": 3, "validation_fraction": 0.3}  # none of these is read from the folds
    assert check_folds(folds, cases, labels, config(**drawn, **other)) is folds


def test_given_folds_without_a_class_to_train_are_refused():
    cases, labels = cohort((9, 9, 9))
    folds = make_folds(cases, labels, config(), NAMES)
    first = folds.folds[0]
    kept = tuple(one for one in first.train if labels[one] != 2)
    damaged = folds.model_copy(update={"folds": (first.model_copy(update={"train": kept}), *folds.folds[1:])})
    with pytest.raises(
        RenalFusionError, match="LN would be missing from the training part of fold-1"
    ) as caught:
        check_folds(damaged, cases, labels, config(), class_names=NAMES)
    assert caught.value.code == "folds_class_missing"
