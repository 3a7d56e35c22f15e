"""Folds by patient: drawn and stratified, or given as files and checked for leaks."""

import numpy as np
import pytest

from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.training.healnet import read_patients
from napari_renal_fusion.training.healnet.splits import draw_folds, read_splits

from .made_patients import made_table, rows_of, tiny, write_rows


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return made_table(tmp_path_factory.mktemp("table") / "patients.csv", 40)


def splits(folder, parts):
    for number, (train, val) in enumerate(parts):
        rows = [
            {"": i, "train": train[i] if i < len(train) else "", "val": val[i] if i < len(val) else ""}
            for i in range(max(len(train), len(val)))
        ]
        write_rows(rows, folder / f"made_splits_{number}.csv")
    return folder / "made_splits_*.csv"


def test_drawn_folds_test_everybody_once_with_events_spread_evenly(path):
    config = tiny(folds=4)
    table = read_patients(path, config)
    folds = draw_folds(table, config).folds
    assert sorted(one for fold in folds for one in fold.test) == sorted(table.patients)
    events = dict(zip(table.patients, table.events, strict=True))
    counts = [sum(events[one] for one in fold.test) for fold in folds]
    assert max(counts) - min(counts) <= 1
    for fold in folds:
        assert not set(fold.train) & set(fold.validation)
        assert not set(fold.train) & set(fold.test)
        assert len(fold.validation) == pytest.approx(0.15 * 30, abs=1.5)
    assert draw_folds(table, config) == draw_folds(table, config)
    assert draw_folds(table, config) != draw_folds(table, tiny(folds=4, seed=6))


def test_given_splits_are_honoured_and_only_their_training_part_is_divided(path, tmp_path):
    config = tiny()
    table = read_patients(path, config)
    first, second = list(table.patients[::2]), list(table.patients[1::2])
    folds, notes = read_splits(splits(tmp_path, [(first, second), (second, first)]), table, config)
    assert notes == ()
    assert [set(fold.test) for fold in folds.folds] == [set(second), set(first)]
    assert set(folds.folds[0].train) | set(folds.folds[0].validation) == set(first)


def test_a_patient_on_both_sides_is_refused_and_named(path, tmp_path):
    config = tiny()
    table = read_patients(path, config)
    train, val = list(table.patients[:20]), list(table.patients[19:])
    with pytest.raises(RenalFusionError, match="P019 on both sides") as told:
        read_splits(splits(tmp_path, [(train, val)]), table, config)
    assert told.value.code == "splits_leak"


def test_a_patient_tested_twice_is_refused(path, tmp_path):
    config = tiny()
    table = read_patients(path, config)
    a, b = list(table.patients[:20]), list(table.patients[20:])
    with pytest.raises(RenalFusionError) as told:
        read_splits(splits(tmp_path, [(a, b), (a, b)]), table, config)
    assert told.value.code == "splits_overlap"


def test_spellings_of_one_patient_stay_on_one_side(tmp_path):
    rows = rows_of(40)
    rows += [dict(row, case_id=f" p{row['case_id'][1:]}") for row in rows[:8]]
    config = tiny()
    table = read_patients(write_rows(rows, tmp_path / "twins.csv"), config)
    for fold in draw_folds(table, config).folds:
        for number in range(8):
            sides = {
                part
                for part in ("train", "validation", "test")
                for one in getattr(fold, part)
                if one.strip().casefold() == f"p{number:03d}"
            }
            assert len(sides) == 1


def test_splits_of_other_patients_and_missing_files_say_so(path, tmp_path):
    config = tiny()
    table = read_patients(path, config)
    with pytest.raises(RenalFusionError) as told:
        read_splits(splits(tmp_path, [(["X1"], ["X2"])]), table, config)
    assert told.value.code == "splits_unknown"
    with pytest.raises(RenalFusionError) as told:
        read_splits(tmp_path / "nothing_*.csv", table, config)
    assert told.value.code == "splits_missing"


def test_patients_of_splits_who_are_not_in_the_table_are_passed_over(path, tmp_path):
    config = tiny()
    table = read_patients(path, config)
    a, b = list(table.patients[:20]), list(table.patients[20:38])
    _, notes = read_splits(splits(tmp_path, [([*a, "X1"], b), (b, a)]), table, config)
    assert notes == (
        "1 patients of the splits are not in the table and are passed over.",
        "2 patients of the table are tested in no split.",
    )


def test_too_few_events_for_the_folds_is_said_before_anything_is_fitted(tmp_path):
    rows = rows_of(30)
    for number, row in enumerate(rows):
        row["censorship"] = int(number > 3)
    config = tiny(folds=5)
    table = read_patients(write_rows(rows, tmp_path / "few.csv"), config)
    with pytest.raises(RenalFusionError) as told:
        draw_folds(table, config)
    assert told.value.code == "cohort_too_few"
    assert "no patient with the event" in str(told.value)
    assert np.sum(table.events) == 4


def test_the_networks_of_a_fold_stop_by_different_patients(path):
    from napari_renal_fusion.training.healnet.members import fold_networks

    config = tiny(networks=3, stopping_fraction=0.2)
    table = read_patients(path, config)
    folds = draw_folds(table, config)
    for one in fold_networks(folds, table, config):
        stopping = [set(part.validation) for part in one.networks]
        assert not stopping[0] & stopping[1]
        assert not stopping[0] & stopping[2]
        assert not stopping[1] & stopping[2]
        learnt = {patient for part in one.networks for patient in (*part.train, *part.validation)}
        assert not learnt & set(one.fold.test)
        assert all(set(part.train) | set(part.validation) == learnt for part in one.networks)
