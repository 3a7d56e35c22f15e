"""Own reading and model side by side, decisions, what-ifs, the range of answers, and how the report prints."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess

import pytest

from napari_renal_fusion.cases.work_folder import WorkFolder
from napari_renal_fusion.inference.answer_range import Alternatives, Combination
from napari_renal_fusion.inputs.choices import Choice, SlotChoices
from napari_renal_fusion.readings import (
    CaseLog,
    log_decision,
    log_final,
    log_impression,
    log_reveal,
    store_answer,
)
from napari_renal_fusion.reports import case_reading, write_all, write_report

from .conftest import NAMES, PLANTED, PROBABILITIES
from .test_report import Page

CODE, VERSION = "7K2F", "ab" * 32


@pytest.fixture
def work(tmp_path):
    return WorkFolder(tmp_path / "work")


@pytest.fixture
def read(case, prediction, work):
    """A function that reads the case first, reveals, decides and asks twice what if."""

    def read(decision="change", diagnosis="Lupus nephritis"):
        log = CaseLog(CODE, work)
        dump = prediction.model_dump(mode="json")
        log_impression(log, VERSION, f"Amyloidosis? ({PLANTED})", "mid")
        log_reveal(log, VERSION, dump, bundle="tiny", bundle_sha256="cd" * 32, read_first=True)
        log_decision(log, VERSION, decision, diagnosis)
        log_final(log, "Membranous nephropathy", "repeat biopsy")
        common = {
            "code": CODE,
            "bundle": "tiny",
            "bundle_sha256": "cd" * 32,
            "prediction": dump,
            "work": work,
        }
        store_answer(version=VERSION, **common)
        store_answer(version=VERSION, choice={"IM": ["IM-1"], "TEM": []}, **common)
        store_answer(version=VERSION, choice={"OM": ["OM-2"]}, **common)
        store_answer(version="other", choice={"OM": ["OM-1"]}, **common)

    return read


@pytest.fixture
def page(tmp_path, case, prediction, explanation, work):
    def page(number=0, prediction=prediction):
        path = tmp_path / "out" / "report.html"
        reading = case_reading(CODE, VERSION, work, number=number)
        write_report(case, prediction, explanation, path, reading=reading)
        return path.read_text(encoding="utf-8")

    return page


def test_own_reading_stands_beside_the_model_with_what_came_of_it(read, page):
    read()
    html = page()
    text = Page(html).text
    assert re.search(
        r"Own reading Amyloidosis\? \(7K2F\) Entered \d{4}-\d\d-\d\d \d\d:\d\d \S+, before the model's", text
    )
    for said in (
        "Confidence: middle.",
        "Model opinion seen ",
        "The own reading was changed to Lupus nephritis",
        "Final diagnosis: Membranous nephropathy, repeat biopsy; entered after the model's opinion was shown.",
    ):
        assert said in text, said
    assert html.index("Own reading") < html.index('class="side opinion') < html.index("Probabilities")
    assert PLANTED not in html


@pytest.mark.parametrize(
    ("decision", "said"),
    [("keep", "The own reading was kept ("), ("unsure", "The reader was unsure afterwards (")],
)
def test_kept_and_unsure(read, page, decision, said):
    read(decision, "")
    assert said in Page(page()).text


def test_a_reading_after_the_reveal_says_so(page, prediction, work):
    log = CaseLog(CODE, work)
    log_reveal(
        log,
        VERSION,
        prediction.model_dump(mode="json"),
        bundle="tiny",
        bundle_sha256="cd" * 32,
        read_first=False,
    )
    log_impression(log, VERSION, "Amyloidosis", "low")
    text = Page(page()).text
    assert ", after the model's opinion was seen. Confidence: low." in text
    assert "shown at once as the settings say" in text


def test_without_a_reading_the_report_says_so(page):
    text = Page(page()).text
    assert "No own reading was entered." in text
    assert "What if" not in text


def test_every_what_if_of_this_version_is_numbered_and_none_passes_for_official(read, page):
    read()
    text = Page(page()).text
    assert "What if 1 Model tiny with IM-1; no TEM Most like Membranous nephropathy" in text
    assert "What if 2 Model tiny with OM-2 " in text
    assert "What if 3" not in text
    assert "this is not the official result" not in text
    other = Page(page(number=2)).text
    assert "What if 2 : this is not the official result of the case." in other
    assert "What if 2 Model tiny with OM-2 (this report)" in other
    assert "Model opinion, what if 2 · Answered" in other


def test_the_range_of_answers_names_each_choice_and_never_an_average(page, prediction):
    slot = SlotChoices(
        modality="IM",
        rule="Every antibody graded 1+ or more was asked.",
        choices=(
            Choice(key="IM-1", name="IgG", reason="graded 3+"),
            Choice(key="IM-2", name=f"{PLANTED} gone", reason="graded 1+"),
        ),
    )
    other = (0.6, 0.3, 0.1)
    asked = prediction.model_copy(
        update={
            "alternatives": Alternatives(
                slots=(slot,),
                combinations=(
                    Combination(images={"IM": "IM-1"}, probabilities=PROBABILITIES),
                    Combination(images={"IM": "IM-2"}, probabilities=other),
                ),
                possible=2,
                class_names=NAMES,
            )
        }
    )
    html = page(prediction=asked)
    text = Page(html).text
    assert "IgG (official) 7.0 % 88.0 % 5.0 %" in text
    assert "IM-2 60.0 % 30.0 % 10.0 %" in text
    assert "Smallest to largest 7.0 % to 60.0 % 30.0 % to 88.0 % 5.0 % to 10.0 %" in text
    assert "lead to different answers" in text
    assert "59.0 %" not in text  # the mean of 88 and 30
    assert PLANTED not in html


def test_a_code_stands_for_the_case_everywhere(case, prediction, explanation, tmp_path):
    named = dataclasses.replace(case, case_id=f"{PLANTED} biopsy", code="Q4RT")
    answer = prediction.model_copy(update={"case_id": named.case_id})
    for path in write_all(named, answer, explanation, tmp_path / "out"):
        assert b"Planted" not in path.read_bytes(), path
    assert '"case_id": "Q4RT"' in (tmp_path / "out" / "prediction.json").read_text(encoding="utf-8")
    assert "Case Q4RT" in Page((tmp_path / "out" / "report.html").read_text(encoding="utf-8")).text


def test_a_case_id_cannot_leave_the_page_header(case, prediction, tmp_path):
    nasty = dataclasses.replace(case, case_id='"; } </style><b>')
    write_report(nasty, prediction, None, tmp_path / "report.html")
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert html.count("</style>") == 1
    assert '@top-left { content: "Case \\000022\\00003b' in html


@pytest.mark.slow
@pytest.mark.skipif(
    not (shutil.which("chromium") and shutil.which("pdftotext")), reason="no printing browser here"
)
def test_every_printed_page_carries_the_code_and_research_use_only(
    read, case, prediction, explanation, work, tmp_path
):
    read()
    write_report(
        case, prediction, explanation, tmp_path / "r.html", reading=case_reading(CODE, VERSION, work)
    )
    subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
         f"--print-to-pdf={tmp_path / 'r.pdf'}", str(tmp_path / "r.html")],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    text = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "r.pdf"), "-"], check=True, capture_output=True, text=True
    ).stdout
    pages = text.rstrip("\f").split("\f")
    assert len(pages) > 2
    for page in pages:
        assert "Case 7K2F" in page
        assert "Research use only" in page
