"""Answers on the disk: sealed, official once, what-ifs numbered, and free of names."""

import json
from dataclasses import replace

import pytest

from napari_renal_fusion.cases import Box, Case, ImageItem, Modality, PixelSize
from napari_renal_fusion.cases.cut_out import CutOut
from napari_renal_fusion.cases.record import CaseRecord, ImageRecord
from napari_renal_fusion.cases.work_folder import WorkFolder
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.readings import (
    case_version,
    has_official,
    read_stored,
    read_what_if,
    store_answer,
    what_if_numbers,
    without_names,
    write_stored,
)
from napari_renal_fusion.readings.seal import sealed, unsealed

from .made import prediction

BUNDLE = "b" * 64


@pytest.fixture
def work(tmp_path):
    return WorkFolder(tmp_path / "work")


def store(work, version="v" * 64, bundle=BUNDLE, **more):
    return store_answer(
        code="7K2F",
        version=version,
        bundle="demo",
        bundle_sha256=bundle,
        prediction=prediction(),
        work=work,
        **more,
    )


def test_one_official_answer_and_the_rest_are_numbered_what_ifs(work):
    first = store(work)
    assert first.official
    assert first.title == "Official result"
    assert has_official("7K2F", "v" * 64, BUNDLE, work)
    assert store(work).what_if == 1
    assert store(work, choice={"OM": ["OM-2"]}).what_if == 2
    assert store(work, bundle="c" * 64).official
    assert store(work, version="w" * 64).official
    assert store(work, version="w" * 64).title == "What if 3"
    assert what_if_numbers("7K2F", work) == (1, 2, 3)
    assert read_what_if("7K2F", 2, work).choice == {"OM": ["OM-2"]}
    assert read_what_if("7K2F", 9, work) is None
    assert read_stored("7K2F", "v" * 64, BUNDLE, work).model_dump_json() == first.model_dump_json()
    assert read_stored("7K2F", "x" * 64, BUNDLE, work) is None


def test_explanations_come_back_and_one_question_has_one(work):
    answer = store(work)
    one = {"class_index": 1, "method": "gradcam", "raw": [[0.1, 0.2]]}
    answer = answer.with_explanation(one).with_explanation({**one, "raw": [[0.3]]})
    answer = answer.with_explanation({**one, "class_index": 0})
    write_stored(answer, work)
    back = read_stored("7K2F", "v" * 64, BUNDLE, work)
    assert [(x["class_index"], x["raw"]) for x in back.explanations] == [(1, [[0.3]]), (0, [[0.1, 0.2]])]


def test_nothing_on_the_disk_can_be_read_as_text(work):
    store(work)
    store(work)
    files = [one for one in work.root.rglob("*") if one.is_file()]
    assert len(files) == 2
    for file in files:
        data = file.read_bytes()
        for word in (b"embranous", b"0.88", b"probab", b"answered"):
            assert word not in data
            assert word not in file.name.encode()


def test_a_damaged_answer_says_what_to_do(work):
    store(work)
    place = next(work.root.rglob("*.sealed"))
    for data in (place.read_bytes()[:-5], b"", b"RFSEAL1\n" + bytes(40)):
        place.write_bytes(data)
        with pytest.raises(RenalFusionError, match="Move the file away") as raised:
            read_stored("7K2F", "v" * 64, BUNDLE, work)
        assert raised.value.code == "answer_damaged"


def test_the_seal_opens_to_the_same_bytes():
    for content in (b"", b"x", bytes(range(256)) * 40):
        assert unsealed(sealed(content)) == content
    assert sealed(b"x") != sealed(b"x")


@pytest.fixture
def case(tmp_path):
    images = []
    for key, modality, stain in (
        ("OM-1", Modality.OM, "PASM"),
        ("IM-1", Modality.IM, "IgG"),
        ("TEM-1", Modality.TEM, None),
    ):
        path = tmp_path / f"WANG {key}.tif"
        path.write_bytes(key.encode())
        images.append(ImageItem(path, modality, stain=stain, image_id=key))
    return Case("7K2F", "WANG XIAOMING", tuple(images), folder=tmp_path / "王小明", code="7K2F")


def test_the_version_changes_with_what_may_change_an_answer_only(case):
    record = CaseRecord(
        code="7K2F",
        images={one.image_id: ImageRecord(modality=one.modality, sha256=one.image_id) for one in case.images},
    )
    version = case_version(case, record)
    light, fluorescence, electron = case.images
    ring, moved = ((0.0, 0.0), (0.0, 4.0), (4.0, 4.0)), ((0.0, 0.0), (0.0, 4.0), (4.0, 5.0))
    same = [
        (replace(case, images=(electron, light, fluorescence)), record),
        (replace(case, patient_id="other", folder=None), record),
        (case, record.with_image("OM-1", sure=0.3, sorted_by="person", pattern="granular")),
    ]
    different = [
        (replace(case, images=case.images[:2]), record),
        (replace(case, images=(replace(light, stain="HE"), fluorescence, electron)), record),
        (replace(case, images=(replace(light, crop=Box(0, 0, 5, 5)), fluorescence, electron)), record),
        (replace(case, images=(light, replace(fluorescence, intensity=2.0), electron)), record),
        (replace(case, images=(light, replace(fluorescence, modality=Modality.OM), electron)), record),
        (replace(case, images=(replace(light, stated_pixel_size=PixelSize(value=1.0, unit="um", source="person")), fluorescence, electron)), record),
        (replace(case, images=(light, fluorescence, replace(electron, legend=108))), record),
        (replace(case, images=(light, fluorescence, replace(electron, legend=0))), record),
        (case, record.with_image("TEM-1", sha256="other")),
        (replace(case, images=(replace(light, cut_out=CutOut(((ring,),))), fluorescence, electron)), record),
        (replace(case, images=(replace(light, cut_out=CutOut(((moved,),))), fluorescence, electron)), record),
    ]  # fmt: skip
    assert {case_version(*one) for one in same} == {version}
    assert len({case_version(*one) for one in different} | {version}) == len(different) + 1


def test_files_that_nobody_hashed_count_by_size_and_time(case):
    version = case_version(case)
    assert case_version(case) == version
    case.images[0].path.write_bytes(b"longer than before")
    changed = case_version(case)
    assert changed != version
    case.images[0].path.unlink()
    assert case_version(case) not in (version, changed)


def test_names_are_taken_out_of_what_is_kept(case):
    path = str(case.images[2].path)
    said = {
        "case_id": "WANG XIAOMING",
        "warnings": [
            {"message": f"{path} is dark; WANG TEM-1.tif too. WANG XIAOMING, 王小明.", "path": path}
        ],
        "raw": [[0.5, 1.0]],
    }
    clean = without_names(said, case)
    assert clean["case_id"] == "7K2F"
    assert clean["warnings"][0] == {"message": "TEM-1 is dark; TEM-1 too. 7K2F, 7K2F.", "path": None}
    assert clean["raw"] == [[0.5, 1.0]]
    assert "WANG" not in json.dumps(clean, ensure_ascii=False)


def test_a_short_chinese_name_and_folders_above_are_taken_out_but_stains_stay(case):
    path = case.images[0].path
    named = replace(
        case,
        patient_id="李明",
        case_id="李明",
        images=(replace(case.images[0], stain=path.stem), *case.images[1:]),
    )
    said = {"message": f"李明: {path.stem} is the stain; {path.parent} and {path.name} are damaged."}
    clean = without_names(said, named)
    assert clean == {"message": f"7K2F: {path.stem} is the stain; (folder) and OM-1 are damaged."}
