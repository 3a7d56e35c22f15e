"""How far a case was read: impression, reveal, decision, final diagnosis, and the state on the worklist."""

import time

import pytest

from napari_renal_fusion.cases import Case, ImageItem, Modality
from napari_renal_fusion.cases.record import CaseRecord, ImageRecord, write_record
from napari_renal_fusion.cases.work_folder import WorkFolder
from napari_renal_fusion.readings import (
    CaseLog,
    case_state,
    labelled,
    log_decision,
    log_final,
    log_impression,
    log_reveal,
    reading_of,
    write_labels,
)

from .made import prediction


@pytest.fixture
def work(tmp_path):
    return WorkFolder(tmp_path / "work")


@pytest.fixture
def log(work):
    return CaseLog("7K2F", work)


def reveal(log, version="v1", **changes):
    return log_reveal(
        log, version, prediction(**changes), bundle="demo", bundle_sha256="b" * 64, read_first=True
    )


def test_a_case_goes_from_reading_to_a_final_diagnosis(log, work):
    assert case_state("", work) == "to sort"
    assert case_state("7K2F", work) == "to read"
    log.append("run", version="v1", bundle="demo", bundle_sha256="b" * 64, what_if=0)
    assert case_state("7K2F", work) == "sealed"
    log_impression(log, "v1", "MN", "low")
    log_impression(log, "v1", "igan", "high")
    assert case_state("7K2F", work) == "sealed"
    reading = reading_of(log.entries(), "v1")
    assert (reading.own, reading.impression["confidence"], reading.revealed) == (
        "IgA nephropathy",
        "high",
        None,
    )
    reveal(log)
    reading = reading_of(log.entries(), "v1")
    assert reading.model == "Membranous nephropathy"
    assert reading.disagrees
    assert case_state("7K2F", work) == "disagree"
    log_decision(log, "v1", "change", "mn")
    reading = reading_of(log.entries(), "v1")
    assert (reading.own, reading.now) == ("IgA nephropathy", "Membranous nephropathy")
    assert not reading.disagrees
    assert case_state("7K2F", work) == "read"
    assert not log.entries("impression")[0]["seen_before"]
    assert log_impression(log, "v1", "mn", "mid")["seen_before"]
    assert log_final(log, "MN")["after_reveal"]


def test_an_impression_needs_a_diagnosis_and_a_change_one_to_change_to(log):
    with pytest.raises(ValueError, match="diagnosis"):
        log_impression(log, "v1", "  ", "high")
    with pytest.raises(ValueError, match="confidence"):
        log_impression(log, "v1", "MN", "sure")
    with pytest.raises(ValueError, match="change"):
        log_decision(log, "v1", "change")
    with pytest.raises(ValueError, match="final"):
        log_final(log, "")
    assert log.entries() == ()


def test_no_opinion_shows_only_after_the_reveal(log, work):
    log.append("run", version="v1", what_if=0)
    assert case_state("7K2F", work) == "sealed"
    log_impression(log, "v1", "MN", "low")
    reveal(log, status="abstained")
    assert case_state("7K2F", work) == "refused"
    assert reading_of(log.entries(), "v1").model == ""


def test_a_changed_case_is_to_be_read_again_and_remembers_the_earlier_reveal(log, work):
    log.append("run", version="v1", what_if=0)
    log_impression(log, "v1", "MN", "low")
    reveal(log)
    log.append("changed", version="v2")
    assert case_state("7K2F", work) == "to read"
    log.append("changed", version="v1")  # the edit was taken back
    assert case_state("7K2F", work) == "read"
    log.append("changed", version="v2")
    reading = reading_of(log.entries(), "v2")
    assert reading.impression is None
    assert reading.revealed is None
    assert reading.earlier["answer"] == "Membranous nephropathy"


def test_what_ifs_change_no_state(log, work):
    log.append("run", version="v1", what_if=1)
    assert case_state("7K2F", work) == "to read"
    log_reveal(log, "v1", prediction(), bundle="demo", bundle_sha256="b", read_first=True, what_if=1)
    assert case_state("7K2F", work) == "to read"
    assert reading_of(log.entries(), "v1").revealed is None


def test_electron_images_are_awaited(tmp_path, work):
    light = ImageItem(tmp_path / "a.tif", Modality.OM)
    electron = ImageItem(tmp_path / "b.tif", Modality.TEM)
    assert case_state("7K2F", work, Case("folder", "p", (light,), code="7K2F")) == "awaiting electron images"
    assert case_state("7K2F", work, Case("folder", "p", (light, electron), code="7K2F")) == "to read"
    write_record(CaseRecord(code="7K2F", awaiting=(Modality.TEM,)), work)
    assert case_state("7K2F", work) == "awaiting electron images"
    sorted_case = Case("7K2F", "p", (light,), code="7K2F")
    assert case_state("7K2F", work, sorted_case) == "awaiting electron images"
    write_record(
        CaseRecord(code="7K2F", awaiting=()), work
    )  # a person said in the sorter that none will come
    assert case_state("7K2F", work, sorted_case) == "to read"


def test_two_hundred_states_take_well_under_a_second(work, tmp_path):
    cases = []
    for number in range(200):
        code = work.new_code()
        images = {f"TEM-{i}": ImageRecord(modality=Modality.TEM, sha256="0" * 64) for i in range(40)}
        write_record(CaseRecord(code=code, images=images), work)
        if number % 4 == 0:
            log = CaseLog(code, work)
            log.append("run", version="v1", what_if=0)
            log_impression(log, "v1", "MN", "mid")
        cases.append(code)
    begin = time.perf_counter()
    states = [case_state(code, work) for code in cases]
    assert time.perf_counter() - begin < 0.8
    assert states.count("sealed") == 50


def test_labels_say_whether_the_model_was_seen(log, work, tmp_path):
    from napari_renal_fusion.cases import Cohort

    other = CaseLog("9QXC", work)
    log_final(other, "LN", "biopsy report; second pathologist")
    log_impression(log, "v1", "MN", "low")
    reveal(log)
    log_final(log, "膜性肾病", "consensus")
    import tifffile

    images = []
    for name in ("a", "b", "c"):
        tifffile.imwrite(tmp_path / f"{name}.tif", [[1, 2], [3, 4]])
        images.append(ImageItem(tmp_path / f"{name}.tif", Modality.OM))
    cases = [
        Case(code, code, (image,), code=code)
        for code, image in zip(("7K2F", "9QXC", "AAAA"), images, strict=True)
    ]
    marked = labelled(cases, work)
    assert [one.label for one in marked] == ["Membranous nephropathy", "Lupus nephritis", None]
    assert [one.labelled_after_model for one in marked] == [True, False, False]
    assert write_labels(cases, tmp_path / "cohort.csv", work) == 2
    read = {one.case_id: one for one in Cohort.from_csv(tmp_path / "cohort.csv").cases}
    assert read["7K2F"].labelled_after_model
    assert not read["9QXC"].labelled_after_model
    assert read["9QXC"].label_source.startswith("biopsy report, second pathologist")


def test_no_label_no_table(work, tmp_path):
    from napari_renal_fusion.errors import RenalFusionError

    with pytest.raises(RenalFusionError) as raised:
        write_labels([Case("7K2F", "p", code="7K2F")], tmp_path / "cohort.csv", work)
    assert raised.value.code == "labels_none"
