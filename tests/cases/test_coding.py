"""Cases that are opened as they are get codes and image ids once and for all."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_renal_fusion.cases import Cohort
from napari_renal_fusion.cases.case_key import KEY_FILE, find_key
from napari_renal_fusion.cases.coding import coded
from napari_renal_fusion.cases.folders import open_cases
from napari_renal_fusion.cases.record import read_record, record_of, write_record
from napari_renal_fusion.cases.work_folder import WorkFolder


def _case(folder: Path, **counts: int) -> Path:
    for modality, count in counts.items():
        (folder / modality).mkdir(parents=True, exist_ok=True)
        for number in range(1, count + 1):
            pixels = np.full((8, 8, 3), 40 * number, np.uint8)
            Image.fromarray(pixels).save(folder / modality / f"{modality}_{number}.png")
    return folder


@pytest.fixture
def work(tmp_path):
    return WorkFolder(tmp_path / "work")


def _open(path: Path, work: WorkFolder):
    return coded(open_cases(path).cases, path, work)


def test_codes_and_ids_are_found_again(tmp_path, work):
    for name in ("Smith", "Jones"):
        _case(tmp_path / "cases" / name, OM=1, IM=2)
    first = _open(tmp_path / "cases", work)
    again = _open(tmp_path / "cases", work)
    assert [one.code for one in first] == [one.code for one in again]
    assert len({one.code for one in first}) == 2
    assert [image.image_id for image in first[0].images] == ["OM-1", "IM-1", "IM-2"]
    assert {one.label for one in find_key(tmp_path / "cases").cases} == {"Smith", "Jones"}
    assert not any("Smith" in str(path) for path in work.root.rglob("*"))


def test_a_new_file_gets_the_next_number_and_the_others_keep_theirs(tmp_path, work):
    folder = _case(tmp_path / "Smith", TEM=2)
    before = _open(folder, work)[0]
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(folder / "TEM" / "TEM_0.png")  # sorts first by its name
    after = _open(folder, work)[0]
    assert after.code == before.code
    ids = {image.path.name: image.image_id for image in after.images}
    assert ids == {"TEM_0.png": "TEM-3", "TEM_1.png": "TEM-1", "TEM_2.png": "TEM-2"}


@pytest.mark.parametrize("order", ["alone first", "together first"])
def test_a_case_has_one_code_alone_and_among_others(tmp_path, work, order):
    folder = _case(tmp_path / "cases" / "Smith", OM=1)
    _case(tmp_path / "cases" / "Jones", OM=1)
    paths = [folder, tmp_path / "cases"]
    first, second = [_open(path, work) for path in (paths if order == "alone first" else paths[::-1])]
    codes = [next(one.code for one in cases if one.case_id == "Smith") for cases in (first, second)]
    assert codes[0] == codes[1]
    ids = [
        next(one for one in cases if one.case_id == "Smith").images[0].image_id for cases in (first, second)
    ]
    assert ids == ["OM-1", "OM-1"]


def test_a_moved_folder_keeps_its_code(tmp_path, work):
    code = _open(_case(tmp_path / "here", OM=1, IM=1), work)[0].code
    shutil.move(tmp_path / "here", tmp_path / "elsewhere" / "here")
    moved = _open(tmp_path / "elsewhere" / "here", work)[0]
    assert moved.code == code
    assert [image.image_id for image in moved.images] == ["OM-1", "IM-1"]


def test_an_opened_folder_is_still_read_as_a_folder(tmp_path, work):
    folder = _case(tmp_path / "Smith", OM=1, IM=1)
    _open(folder, work)
    assert (folder / KEY_FILE).is_file()
    case = open_cases(folder).cases[0]
    assert case.case_id == "Smith"
    assert case.notices == ()


def test_what_a_person_added_comes_back(tmp_path, work):
    folder = _case(tmp_path / "Smith", OM=1, IM=2)
    case = _open(folder, work)[0]
    write_record(record_of(case).with_image("IM-2", intensity=3), work)
    again = _open(folder, work)[0]
    assert [image.intensity for image in again.images] == [None, None, 3]
    assert read_record(case.code, work).images["IM-2"].intensity == 3


def test_a_damaged_record_is_said_and_the_case_stands(tmp_path, work):
    folder = _case(tmp_path / "Smith", OM=1)
    case = _open(folder, work)[0]
    (work.case(case.code) / "case.json").write_text("{")
    again = _open(folder, work)[0]
    assert [one.code for one in again.notices] == ["record_damaged"]
    assert again.code == case.code


def test_a_table_keeps_its_key_away_from_the_images(tmp_path, work):
    folder = _case(tmp_path / "Smith", OM=1)
    table = tmp_path / "cohort.csv"
    table.write_text("patient_id,case_id,modality,path\nAnn,B1,OM,Smith/OM/OM_1.png\n")
    case = coded(Cohort.from_csv(table).cases, table, work)[0]
    assert case.images[0].image_id == "OM-1"
    assert coded(Cohort.from_csv(table).cases, table, work)[0].code == case.code
    assert not (tmp_path / KEY_FILE).exists()
    assert not (folder / KEY_FILE).exists()
    key = find_key(table)
    assert (key.cases[0].patient_id, key.cases[0].label) == ("Ann", "B1")


def test_cases_that_have_a_code_or_no_file_are_left_alone(tmp_path, work):
    case = open_cases(_case(tmp_path / "Smith", OM=1)).cases[0]
    sorted_before = replace(case, code="7K2F", case_id="7K2F")
    in_memory = replace(case, images=(replace(case.images[0], pixels=np.zeros((4, 4), np.uint8)),))
    assert coded((sorted_before, in_memory), tmp_path / "Smith", work) == (sorted_before, in_memory)
    assert not (tmp_path / "Smith" / KEY_FILE).exists()


def test_a_copied_folder_becomes_a_case_of_its_own(tmp_path, work):
    folder = _case(tmp_path / "cases" / "Smith", OM=1)
    _open(folder, work)
    shutil.copytree(folder, tmp_path / "cases" / "Jones")
    key = find_key(tmp_path / "cases" / "Jones")
    (tmp_path / "cases" / "Jones" / KEY_FILE).write_text(
        key.model_dump_json().replace('"label":"Smith"', '"label":"Jones"')
    )
    assert len({one.code for one in _open(tmp_path / "cases", work)}) == 2


def test_a_row_that_names_another_modality_is_another_image(tmp_path, work):
    _case(tmp_path / "Smith", OM=1)
    table = tmp_path / "cohort.csv"
    row = "patient_id,case_id,modality,path\nAnn,B1,{},Smith/OM/OM_1.png\n"
    ids = []
    for modality in ("OM", "IM", "IM", "OM"):
        table.write_text(row.format(modality))
        ids.append(coded(Cohort.from_csv(table).cases, table, work)[0].images[0].image_id)
    assert ids == ["OM-1", "IM-1", "IM-1", "OM-1"]


def test_two_parts_of_one_file_are_two_images_in_any_order_of_rows(tmp_path, work):
    _case(tmp_path / "Smith", OM=1)
    table = tmp_path / "cohort.csv"
    head = "patient_id,case_id,modality,path,crop_top,crop_left,crop_height,crop_width\n"
    rows = [f"Ann,B1,OM,Smith/OM/OM_1.png,0,{left},8,4\n" for left in (0, 4)]
    seen = []
    for order in (rows, rows[::-1]):
        table.write_text(head + "".join(order))
        images = coded(Cohort.from_csv(table).cases, table, work)[0].images
        seen.append({image.crop.left: image.image_id for image in images})
    assert seen == [{0: "OM-1", 4: "OM-2"}] * 2
