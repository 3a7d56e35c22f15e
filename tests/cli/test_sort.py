"""``renal-fusion sort`` on real files, through the real command line."""

import json

import pytest
from typer.testing import CliRunner

from napari_renal_fusion.cases import Cohort, open_cases
from napari_renal_fusion.cli.app import app
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.phantoms import write_messy

from ..cases.sorting.pictures import pictures


@pytest.fixture(scope="module")
def drawn():
    return pictures()


def run(*words):
    result = CliRunner().invoke(app, ["sort", *map(str, words)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_doubtful_files_first_then_corrections_then_none_for_the_next(tmp_path, drawn):
    first, second = (write_messy(tmp_path, seed, pictures=drawn) for seed in (1, 2))
    shown = run(first.folder)
    assert "特染1" in shown
    assert "the antibody is not named" in shown
    assert "Thumbs.db (a file of the system)" in shown
    assert "Nothing was written" in shown
    assert not (first.folder / "renal-fusion-key.json").exists()
    table = tmp_path / "cohort.csv"
    said = run(
        *(first.folder, "--set", "*特染1*=OM:银染", "--set", "*补3-1*=IM:C3", "--set", "*纤维-1*=IM:Fib"),
        *("--set", "DSCN*=OM:MT", "--accept", "--out", table),
    )
    assert "none doubtful" in said
    assert len(Cohort.from_csv(table).cases[0].images) == 56
    assert "none doubtful" in run(second.folder, "--accept")
    cases = open_cases(second.folder).cases
    assert [len(case.images) for case in cases] == [56]
    assert cases[0].code in said + run(second.folder, "--accept")


def test_json_and_leaving_out(tmp_path, drawn):
    case = write_messy(tmp_path, 1, pictures=drawn)
    data = json.loads(run(case.folder, "--json", "--set", "*特染*=-", "--accept"))
    assert len(data["files"]) == 56
    assert sum(file["left_out"] for file in data["files"]) == 4
    assert data["cases"][0]["images"] == {"OM": 12, "IM": 24, "TEM": 16}
    assert {other["what"] for other in data["others"]} >= {"a video", "a table"}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--set", "HE"], "sort_correction_invalid"),
        (["--set", "*=XY"], "sort_correction_invalid"),
        (["--set", "*=TEM:HE"], "sort_correction_invalid"),
        (["--set", "*=OM:HE:big"], "sort_correction_invalid"),
        (["--set", "nothing=OM"], "sort_file_unknown"),
        (["--out", "x.csv"], "sort_not_accepted"),
    ],
)
def test_bad_options_are_one_sentence(tmp_path, drawn, words, code):
    case = write_messy(tmp_path, 1, pictures=drawn)
    with pytest.raises(RenalFusionError) as caught:
        run(case.folder, *words)
    assert caught.value.code == code
    assert caught.value.remedy
