"""``renal-fusion slide``: levels, the doubt, the answer, one sentence for what is no slide."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cases.slides import picture, write_pyramid


@pytest.fixture
def slide(tmp_path):
    return write_pyramid(tmp_path / "kidney.tif", [picture(1400, 1100)], um=None)


def call(*arguments) -> subprocess.CompletedProcess:
    command = [Path(sys.executable).parent / "renal-fusion", "slide", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, env=os.environ | {"COLUMNS": "300"}
    )


def test_the_question_and_its_answer(slide):
    asked = call(slide)
    assert asked.returncode == 0
    assert "kidney.tif states no pixel size" in asked.stdout
    assert "made when it is needed" in asked.stdout
    answered = call(slide, "--um-per-pixel", "0.25")
    assert "Pixel size: 0.25 um, as a person said." in answered.stdout
    told = json.loads(call(slide, "--json").stdout)
    assert told["pixel_size"] == {"value": 0.25, "unit": "um", "source": "person"}
    assert told["doubt"] is None
    assert [level["stored"] for level in told["levels"]] == [True, False]
    assert "states no pixel size" in call(slide, "--forget").stdout


def test_one_sentence_for_what_cannot_be(slide):
    impossible = call(slide, "--um-per-pixel", "250")
    assert impossible.returncode == 2
    assert "250 um a pixel is not possible" in impossible.stderr
    slide.write_bytes(slide.read_bytes()[:20_000])
    cut = call(slide)
    assert (cut.returncode, cut.stdout) == (2, "")
    assert cut.stderr.count("\n") == 1
    assert "truncated" in cut.stderr
