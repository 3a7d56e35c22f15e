"""From a messy folder to a case that opens again: codes, ids, keys, electron images that come later."""

import shutil

import pytest
from PIL import Image

from napari_renal_fusion.cases import Case, Cohort, Modality, open_cases
from napari_renal_fusion.cases.case_key import KEY_FILE, find_key
from napari_renal_fusion.cases.record import read_record
from napari_renal_fusion.cases.sorting import Correction, accept, join, load_pattern, sort_source
from napari_renal_fusion.cases.work_folder import WorkFolder
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.inputs import keyed_images

from .pictures import electron, fluorescence, light

OM, IM, TEM = Modality


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "张三 2026-01234"
    root.mkdir()
    for number, name in enumerate(("张三 HE.jpg", "张三 PASM x400.jpg", "张三 IgA.jpg", "张三 C3.jpg")):
        pixels = light("HE", (192 + 8 * number, 128)) if number < 2 else fluorescence(number)
        Image.fromarray(pixels).save(root / name)
    return root


def later(folder, count=2):
    for number in range(count):
        Image.fromarray(electron(number)).save(folder / f"IMG_{number:04d}.tif")


def ids(case):
    return {key: item.path.name for key, item in keyed_images(case).items()}


def test_accepted_and_opened_again(folder, private_home):
    (case,) = accept(sort_source(folder))
    assert case.case_id == case.code
    assert case.patient_id == "张三 2026-01234"
    assert ids(case) == {
        "OM-1": "张三 HE.jpg",
        "OM-2": "张三 PASM x400.jpg",
        "IM-1": "张三 C3.jpg",
        "IM-2": "张三 IgA.jpg",
    }
    assert [(image.stain, image.magnification) for image in case.of(OM)] == [("HE", None), ("PASM", 400.0)]
    assert Case.from_folder(folder) == case
    assert open_cases(folder).cases == (case,)
    assert [notice.code for notice in case.notices] == ["images_awaited"]
    for file in private_home.rglob("*"):
        assert "张三" not in file.name
        assert "01234" not in file.name
        assert not file.is_file() or not {"张三", "01234"} & set(file.read_text(encoding="utf-8").split('"'))
        assert not file.is_file() or "张三" not in file.read_text(encoding="utf-8")


def test_electron_images_that_come_days_later_join_the_same_case(folder):
    (before,) = accept(sort_source(folder))
    later(folder)
    opened = Case.from_folder(folder)
    assert [notice.code for notice in opened.notices] == ["images_awaited", "case_new_files"]
    assert opened.images == before.images
    sorting = sort_source(folder)
    assert [file.code for file in sorting.files].count(before.code) == 4
    assert not sorting.doubtful
    (after,) = accept(sorting)
    assert after.code == before.code
    assert ids(after) == ids(before) | {"TEM-1": "IMG_0000.tif", "TEM-2": "IMG_0001.tif"}
    assert after.notices == ()
    assert len(find_key(folder).cases) == 1


def test_electron_images_from_elsewhere_join_a_case_and_stay_where_they_lie(folder, tmp_path):
    (before,) = accept(sort_source(folder))
    stick = tmp_path / "stick"
    stick.mkdir()
    later(stick)
    (after,) = join(sort_source(stick), folder, before.code)
    assert ids(after) == ids(before) | {"TEM-1": "IMG_0000.tif", "TEM-2": "IMG_0001.tif"}
    assert [image.path.parent for image in after.of(TEM)] == [stick] * 2
    assert after.notices == ()
    assert open_cases(folder).cases == (after,)
    assert accept(sort_source(folder)) == (after,)  # sorting the folder again keeps them
    assert join(sort_source(stick), folder, before.code) == (after,)  # the same content is not added twice
    for case, where in (("9999", folder), (before.code, stick)):
        with pytest.raises(RenalFusionError) as caught:
            join(sort_source(stick), where, case)
        assert caught.value.code == "sort_case_unknown"


def test_what_a_person_said_survives_sorting_again(folder):
    sorting = sort_source(folder).correct({"张三 HE.jpg": Correction(stain="PAS")})
    (case,) = accept(sorting)
    later(folder)
    (again,) = accept(sort_source(folder))
    assert again.of(OM)[0].stain == "PAS"
    assert read_record(case.code).images["OM-1"].sorted_by == "person"
    assert read_record(case.code).images["OM-2"].sorted_by == "rule"


def test_moved_missing_and_renamed_files(folder):
    (case,) = accept(sort_source(folder))
    (folder / "old").mkdir()
    (folder / "张三 HE.jpg").rename(folder / "old/first.jpg")
    (folder / "张三 IgA.jpg").unlink()
    opened = Case.from_folder(folder)
    assert ids(opened)["OM-1"] == "first.jpg"
    assert ids(opened)["IM-2"] == "张三 IgA.jpg"  # ids stay what they are; reading says that it is missing
    assert [notice.code for notice in opened.notices] == ["image_missing", "images_awaited"]
    with pytest.raises(RenalFusionError) as caught:
        keyed_images(opened)["IM-2"].read()
    assert caught.value.code == "image_missing"
    assert opened.code == case.code


def test_another_modality_gets_another_id_and_none_is_given_twice(folder):
    accept(sort_source(folder))
    sorting = sort_source(folder).correct({"张三 C3.jpg": Correction(modality=OM, stain="PAS")})
    (case,) = accept(sorting)
    assert set(ids(case)) == {"OM-1", "OM-2", "OM-3", "IM-2"}
    shutil.copy(folder / "张三 IgA.jpg", folder / "张三 IgG.jpg")
    (case,) = accept(sort_source(folder))
    assert ids(case)["IM-3"] == "张三 IgG.jpg"


def test_a_file_that_is_left_out_stays_where_it_is_and_can_come_back(folder):
    (case,) = accept(sort_source(folder).correct({"张三 C3.jpg": Correction(left_out=True)}))
    assert set(ids(case)) == {"OM-1", "OM-2", "IM-2"}
    assert (folder / "张三 C3.jpg").is_file()
    (case,) = accept(sort_source(folder).correct({"张三 C3.jpg": Correction(left_out=False)}))
    assert "IM-1" in ids(case)


def test_two_biopsies_are_two_cases(tmp_path):
    for number in ("2026-1234", "2026-1300"):
        for stain in ("HE", "PAS", "PASM"):
            Image.fromarray(light(stain)).save(tmp_path / f"{number} {stain}.jpg")
    first, second = accept(sort_source(tmp_path))
    assert first.code != second.code
    assert len(first.images) == len(second.images) == 3
    assert len(open_cases(tmp_path).cases) == 2
    with pytest.raises(RenalFusionError) as caught:
        Case.from_folder(tmp_path)
    assert caught.value.code == "case_folder_two_biopsies"
    later(tmp_path, 1)
    doubtful = sort_source(tmp_path).doubtful
    assert [file.name for file in doubtful] == ["IMG_0000.tif"]


def test_a_folder_of_sorted_and_ordinary_cases(folder, tmp_path):
    (case,) = accept(sort_source(folder))
    (tmp_path / "P2/OM").mkdir(parents=True)
    (tmp_path / "P2/OM/a.jpg").write_bytes(b"x")
    assert [one.case_id for one in Cohort.from_folder(tmp_path).cases] == ["P2", case.code]
    (folder / KEY_FILE).write_text("{")
    cohort = Cohort.from_folder(tmp_path)
    assert [one.case_id for one in cohort.cases] == ["P2"]
    assert "key_damaged" in {problem.code for problem in cohort.problems}


def test_a_selection_of_files(folder, tmp_path, private_home):
    files = sorted(folder.iterdir())
    (case,) = accept(sort_source(files[:3]))
    assert not (folder / KEY_FILE).exists()
    assert list((private_home / "config/keys").iterdir())
    sorting = sort_source(files)
    assert [file.code for file in sorting.files].count(case.code) == 3
    (again,) = accept(sorting)
    assert (again.code, len(again.images)) == (case.code, 4)


def test_without_its_record_a_case_opens_by_ids_and_names(folder):
    (case,) = accept(sort_source(folder))
    WorkFolder().purge(case.code)
    opened = Case.from_folder(folder)
    assert ids(opened) == ids(case)
    assert [image.stain for image in opened.of(OM)] == ["HE", "PASM"]
    assert "case_record_missing" in {notice.code for notice in opened.notices}


def test_originals_are_not_touched(folder):
    later(folder)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
    accept(sort_source(folder), beside=False)
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()} == before


def test_nothing_with_a_modality_is_no_case(tmp_path):
    import numpy as np

    Image.fromarray(np.full((64, 64), 128, np.uint8)).save(tmp_path / "IMG_1.png")
    with pytest.raises(RenalFusionError) as caught:
        accept(sort_source(tmp_path))
    assert caught.value.code == "sort_no_modality"


def test_corrections_are_remembered_on_accepting_only(folder):
    for number in (1, 2):
        Image.fromarray(light("PASM")).save(folder / f"张三 qz {number}.jpg")
    sorting = sort_source(folder).correct({"张三 qz 1.jpg": Correction(modality=OM, stain="PASM")})
    assert load_pattern().words == {}
    accept(sorting, learn=False)
    assert load_pattern().words == {}
    accept(sorting)
    assert len(load_pattern().words) == 1
