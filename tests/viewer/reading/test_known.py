"""What is looked up and written down about a case, without a window."""

from __future__ import annotations

import pytest

from napari_renal_fusion.cases import Case
from napari_renal_fusion.cases.coding import coded
from napari_renal_fusion.cases.work_folder import WorkFolder
from napari_renal_fusion.readings import CaseLog
from napari_renal_fusion.viewer.reading import known as on_disk

from ...readings.made import prediction


@pytest.fixture
def work(tmp_path):
    return WorkFolder(tmp_path / "work")


@pytest.fixture
def case(small_case, work):
    (found,) = coded([Case.from_folder(small_case)], small_case, work)
    return found


def test_a_bundle_in_a_folder_is_written_by_its_name_only(case, work):
    bundle = "/home/wang xiaoming/models/tiny"
    said = {
        **prediction(),
        "case_id": case.case_id,
        "warnings": [{"code": "x", "message": f"{case.case_id}!"}],
    }
    stored = on_disk.keep_answer(case, {"bundle": bundle}, said, work)
    known = on_disk.look_up(case, bundle, work)
    assert known.stored == stored
    assert stored.bundle == "tiny"
    assert "病例" not in stored.model_dump_json()
    text = "".join(one.read_text("utf-8", "replace") for one in work.root.rglob("*") if one.is_file())
    assert "wang" not in text
    assert "病例" not in text
    (entry,) = CaseLog(case.code, work).entries()
    assert (entry["kind"], entry["bundle"], entry["what_if"]) == ("run", "tiny", 0)


def test_a_damaged_answer_counts_as_none_and_is_told(case, work):
    on_disk.keep_answer(case, {"bundle": "tiny"}, {**prediction(), "case_id": case.case_id}, work)
    next(work.root.rglob("*.sealed")).write_bytes(b"half")
    known = on_disk.look_up(case, "tiny", work)
    assert known.stored is None
    assert [one.code for one in known.notices] == ["answer_damaged"]


def test_a_change_is_noted_once_and_only_after_the_model_was_asked(case, work):
    log = CaseLog(case.code, work)
    on_disk.note_change(case, "v2", work)
    assert log.entries() == ()
    log.append("run", version="v1", what_if=0)
    on_disk.note_change(case, "v1", work)
    on_disk.note_change(case, "v2", work)
    on_disk.note_change(case, "v2", work)
    assert [one["kind"] for one in log.entries()] == ["run", "changed"]


@pytest.mark.parametrize(
    ("bundle", "name"), [("demo", "demo"), ("/a/b/c/", "c"), ("C:\\models\\mine\\", "mine")]
)
def test_names_of_bundles(bundle, name):
    assert on_disk.bundle_name(bundle) == name
