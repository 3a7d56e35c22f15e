from pathlib import Path

import pytest

from napari_renal_fusion.cases import Case, Cohort, Modality, open_cases
from napari_renal_fusion.errors import RenalFusionError


def make(root: Path, *names: str) -> Path:
    """Files whose content nobody may look at while listing."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"not opened")
    return root


def listed(case: Case) -> list[str]:
    return [image.path.relative_to(case.folder).as_posix() for image in case.images]


def code_of(call, *arguments) -> str:
    with pytest.raises(RenalFusionError) as caught:
        call(*arguments)
    assert caught.value.remedy
    assert caught.value.path is not None
    return caught.value.code


def test_a_case_in_natural_order(tmp_path):
    folder = make(
        tmp_path / "病人 7",
        *("EM/img 10.tif", "EM/img 2.tif", "01 光镜/PASM_1.jpg", "01 光镜/x.BMP", "免疫荧光/IgA.jpg"),
        *("EM/.hidden.tif", "EM/Thumbs.db", "EM/.DS_Store", "report.html", "truth/mask.png", "EM/~$x.tif"),
        *("truth/OM/mask.png", ".git/a.png", "OM/._a.jpg"),
    )
    case = Case.from_folder(folder)
    assert (case.case_id, case.patient_id, case.folder) == ("病人 7", "病人 7", folder)
    assert listed(case) == [
        *("01 光镜/PASM_1.jpg", "01 光镜/x.BMP", "免疫荧光/IgA.jpg", "EM/img 2.tif", "EM/img 10.tif")
    ]
    assert [image.stain for image in case.images] == ["PASM", None, "IgA", None, None]
    assert [image.name for image in case.of(Modality.TEM)] == ["img 2", "img 10"]
    assert case.notices == ()
    assert case.label is None


def test_stain_folders_are_entered_and_other_folders_are_not(tmp_path):
    folder = make(tmp_path / "c", "OM/PAS/1.tif", "OM/old/2.tif", "IM/IgG/a.jpg", "notes/a.png")
    case = Case.from_folder(folder)
    assert [(image.stain, image.path.name) for image in case.images] == [("PAS", "1.tif"), ("IgG", "a.jpg")]
    assert {notice.code for notice in case.notices} == {"folder_ignored"}
    assert {notice.severity for notice in case.notices} == {"info"}
    assert open_cases(folder).problems == ()


def test_files_that_cannot_be_used_become_notices(tmp_path):
    folder = make(tmp_path / "c", "OM/a.jpg", "TEM/a.czi", "TEM/b.emi", "IM/s.svs", "IM/C3.png", "loose.jpg")
    (folder / "TEM/empty.tif").touch()
    (folder / "OM/IgA 1.jpg").write_bytes(b"x")
    (folder / "OM/gone.jpg").symlink_to(folder / "nowhere.jpg")
    case = Case.from_folder(folder)
    assert listed(case) == ["OM/a.jpg", "OM/gone.jpg", "OM/IgA 1.jpg", "IM/C3.png"]
    found = {(notice.code, notice.path.name) for notice in case.notices}
    assert found == {
        ("image_format_unsupported", "a.czi"),
        ("image_format_unsupported", "b.emi"),
        ("image_format_unsupported", "s.svs"),
        ("image_empty", "empty.tif"),
        ("image_modality_doubtful", "IgA 1.jpg"),
        ("image_modality_unknown", "loose.jpg"),
    }
    assert all(notice.path.name in notice.message for notice in case.notices)
    assert open_cases(folder).problems == case.notices


def test_refused_folders(tmp_path):
    file = make(tmp_path, "a.jpg") / "a.jpg"
    (tmp_path / "empty").mkdir()
    (tmp_path / "hollow/OM").mkdir(parents=True)
    make(tmp_path / "unknown", "pictures/a.jpg")
    for call in (Case.from_folder, Cohort.from_folder, open_cases):
        assert code_of(call, tmp_path / "none") == "case_folder_missing"
        assert code_of(call, file) == "case_folder_is_file"
        assert code_of(call, tmp_path / "empty") == "case_folder_empty"
        assert code_of(call, tmp_path / "unknown") == "case_folder_unrecognised"
    assert code_of(Case.from_folder, tmp_path / "hollow") == "case_folder_empty"
    assert [problem.code for problem in open_cases(tmp_path / "hollow").problems] == ["case_folder_empty"]


def test_forbidden_folder(tmp_path, monkeypatch):
    import os

    def forbidden(_path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", forbidden)
    assert code_of(Case.from_folder, tmp_path) == "case_folder_unreadable"


def test_a_folder_of_cases(tmp_path):
    root = make(tmp_path / "all", "P10/OM/a.jpg", "P2/光镜/a.jpg", "EM 001/OM/a.jpg", "notes/readme.txt")
    (root / "P2/光镜/b.tif").touch()
    for cohort in (Cohort.from_folder(root), open_cases(root)):
        assert [case.case_id for case in cohort.cases] == ["EM 001", "P2", "P10"]
        assert [problem.code for problem in cohort.problems] == ["case_folder_unrecognised", "image_empty"]
        assert cohort.class_names == ()
        assert cohort.source == root


def test_the_authors_layout(tmp_path):
    root = make(
        tmp_path / "data",
        *("MN/001/IM_1.jpg", "MN/001/OM_1.jpg", "MN/001/TEM_2.jpg", "MN/001/TEM_1.jpg"),
        *("IgAN/001/IM_1.jpg", "IgAN/002/OM_1.jpg"),
    )
    cohort = open_cases(root)
    assert cohort.class_names == ("IgAN", "MN")
    assert [(case.case_id, case.label, case.label_source) for case in cohort.cases] == [
        *(("001", "IgAN", "class folder"), ("002", "IgAN", "class folder"), ("001", "MN", "class folder"))
    ]
    assert listed(cohort.cases[2]) == ["OM_1.jpg", "IM_1.jpg", "TEM_1.jpg", "TEM_2.jpg"]
    assert [problem.code for problem in cohort.problems] == ["case_duplicate"] * 2
    assert listed(Case.from_folder(root / "IgAN/002")) == ["OM_1.jpg"]


def test_upper_folders_of_ordinary_cases_are_not_labels(tmp_path):
    cohort = open_cases(make(tmp_path / "a", "2023/P1/OM/a.jpg", "2024/P2/OM/a.jpg"))
    assert [(case.case_id, case.label) for case in cohort.cases] == [("P1", None), ("P2", None)]


def test_open_cases_prefers_a_table_and_accepts_one_case(tmp_path, monkeypatch):
    root = make(tmp_path / "r", "P1/OM/a.jpg", "P2/OM/a.jpg")
    assert len(open_cases(root / "P1").cases) == 1
    (root / "cohort.csv").write_text("patient_id,modality,path\nP2,OM,P2/OM/a.jpg\n")
    for path in (root, root / "cohort.csv", str(root)):
        assert [case.case_id for case in open_cases(path).cases] == ["P2"]
    monkeypatch.chdir(root / "P1")
    assert open_cases(".").cases[0].case_id == "P1"


def test_a_read_only_folder_stays_as_it_is(tmp_path):
    root = make(tmp_path / "c", "OM/a.jpg")
    (root / "OM").chmod(0o555)
    root.chmod(0o555)
    try:
        before = sorted(root.rglob("*"))
        open_cases(root)
        assert sorted(root.rglob("*")) == before
    finally:
        root.chmod(0o755)
        (root / "OM").chmod(0o755)


def test_two_hundred_cases_list_without_opening_a_file(tmp_path, monkeypatch):
    for case in range(200):
        for modality in ("OM", "IM", "TEM"):
            folder = tmp_path / f"P{case}" / modality
            folder.mkdir(parents=True)
            for image in range(13):
                (folder / f"IMG_{image:04}.JPG").write_bytes(b"x")
    monkeypatch.setattr(Path, "open", lambda *_a, **_k: pytest.fail("a file was opened"))
    cohort = open_cases(tmp_path)
    assert sum(len(case.images) for case in cohort.cases) == 200 * 39
