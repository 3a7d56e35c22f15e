"""``renal-fusion cohort check`` as a person runs it."""

import csv
import json

from ..training.check.made_cohort import CLASSES, MadeCohort, clean
from .test_cli import run


def test_a_clean_cohort_prints_one_table_and_ends_with_zero(tmp_path):
    table = clean(tmp_path / "made", patients=12)
    done = run("cohort", "check", table, "--folds", 2, "--out", tmp_path / "check.html")
    lines = done.stdout.splitlines()
    assert lines[0] == f"12 patients, 12 cases, 48 images: {CLASSES[0]} 6, {CLASSES[1]} 6"
    assert lines[1].split() == ["Kind", "About", "Finding"]
    assert "Training may start." in done.stdout
    page = (tmp_path / "check.html").read_text(encoding="utf-8")
    assert "12 patients, 12 cases, 48 images" in page
    assert page.count("<tr") == 1 + len(
        [one for one in lines if one.startswith(("Error", "Warning", "Figure"))]
    )


def test_errors_end_with_one_and_stand_in_json_and_csv(tmp_path):
    made = MadeCohort(tmp_path / "made")
    for number in range(6):
        made.add(number, CLASSES[number % 2])
    made.add(7, "<b>typo</b>")
    table = made.write()
    words = ("cohort", "check", table, "--folds", 2, "--class", CLASSES[0], "--class", CLASSES[1])
    done = run(*words, "--json", "--out", tmp_path / "check.csv", expect=1)
    report = json.loads(done.stdout)
    assert report["class_counts"] == {CLASSES[0]: 3, CLASSES[1]: 3}
    codes = [one["code"] for one in report["findings"] if one["severity"] == "error"]
    assert "label_unknown" in codes
    with (tmp_path / "check.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["code"] for row in rows] == [one["code"] for one in report["findings"]]
    run(*words, "--out", tmp_path / "check.html", expect=1)
    assert "<b>typo" not in (tmp_path / "check.html").read_text(encoding="utf-8")


def test_what_cannot_be_done_is_one_sentence(tmp_path):
    table = clean(tmp_path / "made", patients=4)
    done = run("cohort", "check", table, "--out", tmp_path / "check.pdf", expect=2)
    assert "check.pdf" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "One fold tests nothing" in run("cohort", "check", table, "--folds", 1, expect=2).stderr
    assert "'large'" in run("cohort", "check", table, "--preset", "large", expect=2).stderr
