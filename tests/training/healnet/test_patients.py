"""Patients of a HEALNet run: modalities from columns, outcomes, classes, slides; bad tables are one clear sentence."""

import numpy as np
import pytest

from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.training.healnet import healnet_preset, modality_specs, read_patients
from napari_renal_fusion.training.healnet.slides import find_slides

from .made_patients import SURVIVAL, made_table, rows_of, tiny, write_features, write_rows


def test_modalities_are_groups_columns_or_both(tmp_path):
    path = made_table(tmp_path / "patients.csv")
    table = read_patients(path, tiny("rnaseq,clinical=age,all=mut+age@features"))
    assert table.blocks["rnaseq"].columns == tuple(f"G{k}_rnaseq" for k in range(6))
    assert table.blocks["clinical"].columns == ("age",)
    assert table.blocks["all"].columns == ("M0_mut", "M1_mut", "M2_mut", "age")
    assert table.has("clinical").all()
    assert len(table.baseline.columns) == 6 + 3 + 1
    specs = modality_specs("rnaseq,all=mut+age@features")
    assert [one.layout for one in specs] == ["one_token", "token_per_feature"]


def test_who_lacks_every_value_of_a_modality_does_not_have_it(tmp_path):
    table = read_patients(made_table(tmp_path / "patients.csv", 20), tiny())
    assert [i for i, has in enumerate(table.has("mut")) if not has] == [4, 9, 14, 19]
    assert table.has("rnaseq").all()
    assert not table.complete[4]


def test_patients_without_an_outcome_are_left_out_and_said(tmp_path):
    rows = rows_of(20)
    rows[3]["survival_months"] = rows[3]["censorship"] = ""
    table = read_patients(write_rows(rows, tmp_path / "p.csv"), tiny())
    assert "P003" not in table.patients
    assert table.notes == ("1 patient has no outcome and left out.",)


def test_a_survival_run_must_say_what_its_curve_is_about():
    with pytest.raises(ValueError, match=r"must say outcome, population, time_zero, time_unit, neoplastic"):
        healnet_preset(modality_specs("rnaseq"))
    for missing in ("outcome", "population", "time_zero", "time_unit"):
        with pytest.raises(ValueError, match=missing):
            healnet_preset(modality_specs("rnaseq"), **{**SURVIVAL, missing: ""})


def spoilt(tmp_path, change):
    rows = rows_of(24)
    change(rows)
    return write_rows(rows, tmp_path / "patients.csv")


def all_censored(rows):
    for row in rows:
        row["censorship"] = 1


def one_event(rows):
    for number, row in enumerate(rows):
        row["censorship"] = int(number != 5)


def text_among_numbers(rows):
    rows[7]["G2_rnaseq"] = "high"


def another_row_of_a_patient(rows):
    rows.append(dict(rows[2], age=99))


def no_such_group(rows):
    for row in rows:
        for k in range(3):
            del row[f"M{k}_mut"]


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (all_censored, "survival_all_censored", "24"),
        (one_event, "survival_few_events", "one event"),
        (text_among_numbers, "omics_number_unknown", "'high'"),
        (another_row_of_a_patient, "omics_duplicate_differs", "P002"),
        (no_such_group, "omics_group_empty", "mut"),
    ],
)
def test_a_bad_table_is_one_sentence_that_names_what_is_wrong(tmp_path, change, code, said):
    with pytest.raises(RenalFusionError) as told:
        read_patients(spoilt(tmp_path, change), tiny("rnaseq,mut,clinical=age"))
    assert told.value.code == code
    assert said in str(told.value)
    assert "\n" not in str(told.value)


def test_a_classification_needs_its_column_and_two_classes(tmp_path):
    path = made_table(tmp_path / "patients.csv", 20)
    with pytest.raises(RenalFusionError) as told:
        read_patients(path, tiny(task="classification", label_column="grade"))
    assert told.value.code == "label_column_missing"
    table = read_patients(path, tiny(task="classification"))
    assert table.class_names == ("high", "low")
    assert table.times is None


def test_slides_are_found_by_folder_name_slide_id_and_table(tmp_path):
    slides = tmp_path / "slides"
    write_features(slides / "P001.h5", 4, 1)
    write_features(slides / "P001_b.h5", 4, 2)
    write_features(slides / "P0010.h5", 4, 3)
    write_features(slides / "P002" / "anything.h5", 4, 4)
    write_features(slides / "scan-77.h5", 4, 5)
    found = find_slides(slides, ["P001", "P002", "P003"], {"P003": ("scan-77.svs",)})
    assert {name: [one.path.name for one in files] for name, files in found.items()} == {
        "P001": ["P001.h5", "P001_b.h5"],
        "P002": ["anything.h5"],
        "P003": ["scan-77.h5"],
    }
    table = write_rows([{"patient_id": "P009", "path": "slides/scan-77.h5"}], tmp_path / "slides.csv")
    assert [one.kind for one in find_slides(table, ["P009"])["P009"]] == ["features"]
    with pytest.raises(RenalFusionError) as told:
        find_slides(slides, ["Q1"])
    assert told.value.code == "slides_none"


def test_scaling_and_filling_come_from_the_training_rows_alone(tmp_path):
    from napari_renal_fusion.training.healnet.data import fit_scalings

    config = tiny("rnaseq")
    table = read_patients(made_table(tmp_path / "patients.csv", 30), config)
    training = range(15)
    scaling = fit_scalings(table, config, training)["rnaseq"]
    block = table.blocks["rnaseq"].values
    np.testing.assert_allclose(scaling.centre, np.nanmean(block[:15], axis=0), rtol=1e-5)
    changed = block.copy()
    changed[15:] = 1e6
    object.__setattr__(table.blocks["rnaseq"], "values", changed)
    assert fit_scalings(table, config, training)["rnaseq"] == scaling


def test_a_number_that_is_given_is_nobody_elses():
    from napari_renal_fusion.training.healnet.patients import PatientTable
    from napari_renal_fusion.training.healnet.stored import patient_names

    table = PatientTable(("patient-0002", "Smith", "Jones"), {})
    assert patient_names(table) == {
        "patient-0002": "patient-0002",
        "Smith": "patient-0001",
        "Jones": "patient-0003",
    }
