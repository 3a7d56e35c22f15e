"""The log of a case: only added to, chained, and honest about every accident."""

import json
import subprocess
import sys

import pytest

from napari_renal_fusion.cases.work_folder import WorkFolder
from napari_renal_fusion.readings import CaseLog


@pytest.fixture
def log(tmp_path):
    return CaseLog("7K2F", WorkFolder(tmp_path))


def codes(log):
    return [(one.code, one.row) for one in log.check()]


def test_steps_are_numbered_dated_and_chained(log):
    log.append("run", version="v")
    before = log.path.read_bytes()
    log.append("impression", diagnosis="膜性肾病 ?")
    assert log.path.read_bytes().startswith(before)
    first, second = log.entries()
    assert (first["n"], second["n"]) == (1, 2)
    assert first["before"] == ""
    assert len(second["before"]) == 64
    assert second["at"] >= first["at"]
    assert {"who", "program"} <= set(first)
    assert log.entries("impression") == (second,)
    assert log.check() == ()
    assert CaseLog("7K2F", WorkFolder(log.path.parents[1])).entries() == (first, second)


def test_an_empty_log_is_sound(log):
    assert log.entries() == ()
    assert log.check() == ()


def test_a_step_that_does_not_exist_is_a_mistake(log):
    with pytest.raises(ValueError, match="glance"):
        log.append("glance")


def test_a_changed_line_is_found(log):
    for diagnosis in ("MN", "LN", "IgAN"):
        log.append("impression", diagnosis=diagnosis)
    log.path.write_bytes(log.path.read_bytes().replace(b'"LN"', b'"MN"'))
    assert codes(log) == [("log_changed", 3)]


def test_a_changed_last_line_and_a_missing_one_are_found(log):
    for diagnosis in ("MN", "LN"):
        log.append("impression", diagnosis=diagnosis)
    whole = log.path.read_bytes()
    log.path.write_bytes(whole.replace(b'"LN"', b'"MN"'))
    assert codes(log) == [("log_changed", 2)]
    log.path.write_bytes(whole.split(b"\n")[0] + b"\n")
    assert codes(log) == [("log_changed", 1)]


def test_a_removed_line_in_the_middle_is_found(log):
    for diagnosis in ("MN", "LN", "IgAN"):
        log.append("impression", diagnosis=diagnosis)
    first, _, last, _ = log.path.read_bytes().split(b"\n")
    log.path.write_bytes(first + b"\n" + last + b"\n")
    assert codes(log) == [("log_changed", 2)]


def test_half_a_line_of_a_crash_stays_and_the_next_step_follows(log):
    log.append("run")
    with log.path.open("ab") as file:
        file.write(b'{"n":2,"kind":"impr')
    assert [one["kind"] for one in log.entries()] == ["run"]
    entry = log.append("impression", diagnosis="MN")
    assert entry["n"] == 3
    assert [one["kind"] for one in log.entries()] == ["run", "impression"]
    assert codes(log) == [("log_interrupted", 2)]
    assert log.check()[0].severity == "warning"


def test_a_crash_between_line_and_head_is_no_complaint(log):
    log.append("run")
    head = log.path.with_name("log.head")
    old = head.read_bytes()
    log.append("run")
    head.write_bytes(old)
    assert log.check() == ()


def test_two_programs_write_at_once(log):
    program = (
        "import sys; from napari_renal_fusion.readings.log import CaseLog; "
        "from napari_renal_fusion.cases.work_folder import WorkFolder; "
        "log = CaseLog('7K2F', WorkFolder(sys.argv[1])); [log.append('run', i=i) for i in range(20)]"
    )
    both = [subprocess.Popen([sys.executable, "-c", program, str(log.path.parents[1])]) for _ in range(2)]
    assert [one.wait() for one in both] == [0, 0]
    assert [one["n"] for one in log.entries()] == list(range(1, 41))
    assert log.check() == ()
    assert all(json.loads(line) for line in log.path.read_bytes().splitlines())
