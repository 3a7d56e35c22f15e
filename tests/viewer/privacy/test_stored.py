"""What is stored where: counted, opened, deleted by a verb; the intended use once per user and version."""

from __future__ import annotations

import pytest

from napari_renal_fusion.cases.storage import amount, kinds, purge_kind, size_text
from napari_renal_fusion.cases.work_folder import WorkFolder
from napari_renal_fusion.compute import intended_use
from napari_renal_fusion.viewer.privacy.intended_use_page import IntendedUsePage
from napari_renal_fusion.viewer.privacy.stored_page import StoredPage
from napari_renal_fusion.viewer.threads import Threads


@pytest.fixture
def filled(private_home):
    """A little of every kind; returns the work folder."""
    for place in (
        "data/work/7K2F/case.json", "data/work/7K2F/log.jsonl", "data/work/Q4RT/case.json", "data/work/notes.txt",
        "config/keys/a.json", "config/patterns.json", "data/answers/x.json", "data/runs/one/run.json",
        "data/bundles/own/bundle.json", "data/local/ab/verify.json", "cache/pictures/ab/x.safetensors",
        "cache/sample_patient_1/OM/a.png", "config/settings.toml",
    ):  # fmt: skip
        path = private_home / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 1500)
    return WorkFolder()


@pytest.fixture
def page(filled, qtbot, request):
    threads = Threads(1)
    made = StoredPage(threads, filled, lambda: "7K2F")
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: not threads.busy)
    yield made
    threads.close()


def counted(work):
    return {kind.key: amount(kind).files for kind in kinds(work)}


def test_every_place_is_counted_once_and_only_keys_name_patients(filled, private_home):
    assert counted(filled) == {
        "cases": 4, "keys": 1, "laboratory": 1, "answers": 1, "runs": 1, "bundles": 1, "checks": 1, "caches": 2,
        "settings": 1,
    }  # fmt: skip
    everything = [path for path in private_home.rglob("*") if path.is_file()]
    assert sum(counted(filled).values()) == len(everything)
    assert [kind.key for kind in kinds(filled) if kind.holds_names] == ["keys"]
    assert (size_text(0), size_text(1500), size_text(4_200_000), size_text(1_300_000_000)) == (
        "0 kB", "2 kB", "4.2 MB", "1.3 GB",
    )  # fmt: skip


@pytest.mark.parametrize("key", ["cases", "keys", "laboratory", "answers", "runs", "checks", "caches"])
def test_a_purge_deletes_one_kind_and_nothing_else(filled, key):
    before = counted(filled)
    purge_kind(key, filled)
    left = 1 if key == "cases" else 0  # a file of somebody else in the work folder is not ours to delete
    assert counted(filled) == before | {key: left}


def test_models_and_settings_are_not_deleted_here(filled):
    for key in ("bundles", "settings"):
        with pytest.raises(ValueError, match="is not deleted"):
            purge_kind(key, filled)


def test_the_page_says_what_lies_where_and_deletes_after_a_verb(page, filled, qtbot):
    runs = page.rows["runs"]
    assert runs.amount.text() == "1 file, 2 kB"
    assert page.rows["keys"].names.text() == "names patients"
    assert runs.names.text() == "no names"
    assert not runs.delete.verb.isVisible()
    runs.delete.ask.click()
    assert runs.delete.verb.isVisible()
    assert runs.delete.verb.text() == "Delete all runs"
    assert runs.loses.isVisible()
    runs.delete.keep.click()
    assert counted(filled)["runs"] == 1
    runs.delete.ask.click()
    runs.delete.verb.click()
    qtbot.waitUntil(lambda: runs.amount.text() == "nothing")
    assert not runs.delete.isVisible()
    assert counted(filled)["caches"] == 2


def test_one_case_is_deleted_but_never_the_open_one(page, filled, qtbot):
    assert [page.codes.itemText(i) for i in range(page.codes.count())] == ["7K2F", "Q4RT"]
    page.delete_case.ask.click()
    page.delete_case.verb.click()
    assert "Case 7K2F is open" in page.message.text()
    page.codes.setCurrentText("Q4RT")
    assert page.delete_case.verb.text() == "Delete case Q4RT"
    page.delete_case.ask.click()
    page.delete_case.verb.click()
    qtbot.waitUntil(lambda: filled.codes() == ("7K2F",))
    page.rows["cases"].delete.ask.click()
    page.rows["cases"].delete.verb.click()
    assert "Case 7K2F is open" in page.message.text()
    assert filled.codes() == ("7K2F",)


def test_another_work_folder_is_told_and_nothing_is_moved(page, filled, qtbot, tmp_path):
    with qtbot.waitSignal(page.work_folder_chosen) as told:
        page.choose_work_folder(tmp_path)
    assert told.args == [str(tmp_path)]
    assert str(tmp_path) in page.message.text()
    assert filled.codes() == ("7K2F", "Q4RT")


def test_a_folder_that_vanishes_is_said(page, qtbot, monkeypatch):
    import shutil

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(shutil, "rmtree", refuse)
    page.rows["caches"].delete.ask.click()
    page.rows["caches"].delete.verb.click()
    qtbot.waitUntil(lambda: "could not be deleted whole" in page.message.text())


def test_the_intended_use_is_shown_once_per_version(qtbot, monkeypatch):
    assert not intended_use.must_be_shown()  # tests and scripts say that nobody is there
    monkeypatch.delenv("RENAL_FUSION_NO_NOTICE")
    assert intended_use.must_be_shown()
    shown = IntendedUsePage()
    assert not shown.isModal()
    assert "not a medical device" in shown.page.toPlainText()
    with qtbot.waitSignal(shown.read):
        shown.button.click()
    intended_use.mark_read()
    assert not intended_use.must_be_shown()
    assert intended_use.must_be_shown("command line")
    monkeypatch.setattr(intended_use, "__version__", "99")
    assert intended_use.must_be_shown()


def test_the_page_at_the_root_is_the_one_in_the_package():
    from pathlib import Path

    root = Path(__file__).parents[3] / "INTENDED_USE.md"
    assert root.read_text(encoding="utf-8") == intended_use.text()
