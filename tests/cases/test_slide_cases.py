"""Slides of a case: from folders, from cohort.csv, and written back."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_renal_fusion.cases import Case, Cohort, open_cases
from napari_renal_fusion.cases.cohort_csv import write_cohort_csv
from napari_renal_fusion.cases.sidecar import write_answer
from napari_renal_fusion.cases.slide_item import keyed_slides
from napari_renal_fusion.cases.slide_scale import check_answer

from .slides import picture, write_pyramid
from .test_folders import make


def slides(case: Case) -> list[tuple[str, str | None]]:
    return [(one.path.relative_to(case.folder).as_posix(), one.stain) for one in case.slides]


@pytest.mark.parametrize("folder", ["WSI", "slides", "切片", "全切片", "02 数字切片"])
def test_folders_for_slides(tmp_path, folder):
    case = Case.from_folder(make(tmp_path / "P1", "OM/a.jpg", f"{folder}/HE 10.svs", f"{folder}/HE 2.tif"))
    assert slides(case) == [(f"{folder}/HE 2.tif", "HE"), (f"{folder}/HE 10.svs", "HE")]
    assert [image.path.name for image in case.images] == ["a.jpg"]
    assert case.notices == ()
    assert list(keyed_slides(case.slides)) == ["WSI-1", "WSI-2"]


def test_a_case_may_hold_slides_alone(tmp_path):
    make(tmp_path, "P1/WSI/a.svs", "P2/b.ndpi", "P3/OM/c.jpg", "slides of others/P4/WSI/d.tif")
    cohort = open_cases(tmp_path)
    assert {case.case_id: (len(case.slides), len(case.images)) for case in cohort.cases} == {
        **{"P1": (1, 0), "P2": (1, 0), "P3": (0, 1), "P4": (1, 0)}
    }
    assert cohort.problems == ()


def test_mrxs_dicom_stain_folders_and_slides_among_light_images(tmp_path):
    case = Case.from_folder(
        make(
            tmp_path / "P1",
            *("WSI/a.mrxs", "WSI/a/Slidedat.ini", "WSI/a/Data0001.dat", "WSI/DX/1.dcm", "WSI/DX/2.dcm"),
            *("WSI/PAS/b.tif", "WSI/old/c.tif", "OM/Masson.svs", "OM/large.tif", "d.scn"),
        )
    )
    assert slides(case) == [
        ("OM/Masson.svs", "Masson"), ("WSI/a.mrxs", None), ("WSI/DX", None), ("WSI/PAS/b.tif", "PAS"),
        ("d.scn", None),
    ]  # fmt: skip
    assert [image.path.name for image in case.images] == ["large.tif"]  # a plain TIFF in OM stays an image
    assert [(notice.code, notice.path.name) for notice in case.notices] == [("folder_ignored", "old")]


def test_what_cannot_be_a_slide_is_said(tmp_path):
    folder = make(tmp_path / "P1", "WSI/a.svs", "WSI/photo.jpg", "WSI/b.kfb", "IM/c.svs")
    (folder / "WSI/empty.svs").touch()
    case = Case.from_folder(folder)
    assert slides(case) == [("WSI/a.svs", None)]
    assert {(notice.code, notice.path.name) for notice in case.notices} == {
        ("slide_not_recognised", "photo.jpg"), ("slide_format_unsupported", "b.kfb"), ("slide_empty", "empty.svs"),
        ("image_format_unsupported", "c.svs"),
    }  # fmt: skip
    assert all(notice.path.name in notice.message for notice in case.notices)


def test_rows_of_slides(tmp_path):
    make(tmp_path, "a.svs", "b.ndpi", "c.kfb", "dicom/1.dcm", "om.tif", "nothing/x.txt")
    rows = (
        "P1,WSI,a.svs,PAS,0.25,um", "P1,slide,b.ndpi,,,", "P1,数字切片,dicom,HE,,", "P1,OM,om.tif,HE,,",
        "P2,WSI,none.svs,,,", "P2,WSI,c.kfb,,,", "P2,WSI,a.svs,,,", "P2,SLIDE,nothing,,,", "P1,WSI,om.tif,,250,nm",
        "P3,WSI,b.ndpi,,,", "P4,WSI,../x.svs,,,",
    )  # fmt: skip
    table = tmp_path / "cohort.csv"
    table.write_text("patient_id,modality,path,stain,pixel_size,pixel_unit\n" + "\n".join(rows))
    cohort = Cohort.from_csv(table)
    first = cohort.cases[0]
    assert [(one.path.name, one.stain) for one in first.slides] == [
        *(("a.svs", "PAS"), ("b.ndpi", None), ("dicom", "HE"))
    ]
    assert first.slides[0].pixel_size.um == 0.25
    assert [(problem.code, problem.row) for problem in cohort.problems if problem.row > 2] == [
        ("slide_missing", 6), ("slide_format_unsupported", 7), ("image_two_cases", 8), ("slide_missing", 9),
        ("image_two_modalities", 10), ("image_two_cases", 11), ("slide_missing", 12),
    ] + [("case_without_images", row) for row in (6, 11, 12)]  # fmt: skip


def test_a_table_cannot_state_what_no_slide_has(tmp_path):
    make(tmp_path, "a.svs")
    table = tmp_path / "cohort.csv"
    table.write_text("patient_id,modality,path,pixel_size,pixel_unit\nP1,WSI,a.svs,0.25,nm\n")
    cohort = Cohort.from_csv(table)
    assert [problem.code for problem in cohort.problems] == ["pixel_size_implausible"]
    assert cohort.cases[0].slides[0].stated_pixel_size is None


def test_round_trip_with_a_remembered_answer(tmp_path):
    folder = make(tmp_path / "P1", "OM/PASM.jpg", "WSI/a.mrxs")
    (folder / "WSI/a").mkdir()
    slide = write_pyramid(folder / "WSI/HE.tif", [picture(300, 280)], um=None)
    write_answer(slide, check_answer(slide, 0.5))
    write_cohort_csv(open_cases(folder), tmp_path / "cohort.csv")
    again = Cohort.from_csv(tmp_path / "cohort.csv")
    assert again.problems == ()
    (case,) = again.cases
    assert [(Path(one.path).name, one.stain) for one in case.slides] == [("a.mrxs", None), ("HE.tif", "HE")]
    assert case.slides[1].stated_pixel_size.um == 0.5
    assert len(case.images) == 1
