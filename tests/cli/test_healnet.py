"""From a table to an answer on the command line: train with given splits, predict, leave modalities out."""

import csv
import json

import pytest
from typer.testing import CliRunner

from napari_renal_fusion.cli.app import app
from napari_renal_fusion.errors import RenalFusionError
from tests.training.healnet.made_patients import made_table, rows_of, write_rows

SURVIVAL = (
    "--outcome", "death of any cause", "--population", "made-up patients", "--time-zero", "diagnosis", "--no-tumour",
)  # fmt: skip
SMALL = ("depth=1", "l_c=3", "l_d=8", "cross_dim_head=4", "bins=2", "cox_penalty=10", "networks=1")


def run(*words, fails=False):
    result = CliRunner().invoke(app, [str(one) for one in words])
    if fails:
        assert isinstance(result.exception, RenalFusionError)
        return result.exception
    assert result.exception is None, result.exception
    return result.stdout


def settings():
    return [word for one in SMALL for word in ("--set", one)]


def split_files(folder, patients):
    halves = patients[::2], patients[1::2]
    for number in (0, 1):
        train, val = halves[number], halves[1 - number]
        write_rows(
            [{"train": a, "val": b} for a, b in zip(train, val, strict=True)], folder / f"splits_{number}.csv"
        )
    return folder / "splits_*.csv"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("command")
    path = made_table(folder / "patients.csv", 40)
    splits = split_files(folder, [f"P{i:03d}" for i in range(40)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RENAL_FUSION_HOME", str(folder / "home"))
        said = run(
            "train", path, "--preset", "healnet", "--modalities", "rnaseq,mut,clinical=age", *SURVIVAL, *settings(),
            "--splits", splits, "--epochs", 2, "--set", "patience=1", "--threads", 1, "--out", folder / "run",
        )  # fmt: skip
    return folder, said


def test_training_says_what_it_reached_beside_cox(trained):
    folder, said = trained
    assert "Bundle written to" in said
    assert "c_index" in said
    assert "cox_c_index" in said
    folds = json.loads((folder / "run" / "folds.json").read_text())["folds"]
    assert [set(one["test"]) for one in folds] == [{f"P{i:03d}" for i in range(1 - k, 40, 2)} for k in (0, 1)]
    card = (folder / "run" / "bundle" / "README.md").read_text()
    assert "renal-fusion train TABLE --preset healnet --modalities rnaseq,mut,clinical=age" in card
    assert str(folder) not in card
    assert "c_index" in run("runs", folder)


def test_predict_answers_a_case_folder_with_an_omics_row(trained):
    folder, _ = trained
    values = {name: value for name, value in rows_of(1, 9)[0].items() if not name.endswith("_mut")}
    write_rows([values], folder / "case" / "omics.csv")
    said = run(
        "predict", folder / "case", "--bundle", folder / "run" / "bundle", "--out", folder / "answer",
        "--device", "cpu",
    )  # fmt: skip
    assert "risk group" in said
    assert "No mut: the answer was given without it" in said
    with (folder / "answer" / "predictions.csv").open(newline="") as stream:
        row = next(csv.DictReader(stream))
    assert row["risk_group"] in ("low", "high")
    assert row["time_unit"] == "months"
    assert "modality_skipped" in row["warnings"]
    assert (folder / "answer" / "report.html").is_file()


def test_the_study_leaves_modalities_out_at_test_time(trained, monkeypatch):
    folder, _ = trained
    monkeypatch.setenv("RENAL_FUSION_HOME", str(folder / "home"))
    said = json.loads(run("study", "missing-modalities", folder / "run", "--out", folder / "study", "--json"))
    header, *rows = said["rows"]
    assert header[:4] == ["rnaseq", "mut", "clinical", "Model"]
    assert len(rows) == 2**3 - 1 + 1
    assert rows[-1][-2] == "reference"
    results = json.loads((folder / "run" / "results.json").read_text())
    assert rows[-1][4] == f"{results['mean']['c_index']:.3f} ± {results['sd']['c_index']:.3f}"
    assert "(32 patients)" in rows[1][3]  # every fifth has no mutations measured
    assert (folder / "study" / "table.html").is_file()


def test_bundle_check_and_what_cannot_be_done_say_so(trained):
    folder, _ = trained
    bundle = folder / "run" / "bundle"
    assert "all checks passed" in run("bundle", "check", bundle)
    assert run("frequencies", bundle, fails=True).code == "frequencies_impossible"
    assert run("verify", bundle, folder / "case", fails=True).code == "verify_survival"


def test_what_is_missing_from_the_command_is_named(trained, tmp_path):
    folder, _ = trained
    table = folder / "patients.csv"
    told = run(
        "train", table, "--preset", "healnet", "--modalities", "rnaseq", "--out", tmp_path / "r", fails=True
    )
    assert told.code == "config_invalid"
    assert "outcome, population, time_zero, neoplastic" in str(told)
    told = run("train", table, "--preset", "healnet", *SURVIVAL, "--out", tmp_path / "r", fails=True)
    assert told.code == "modalities_invalid"
    told = run("train", "--preset", "healnet", "--modalities", "rnaseq", *SURVIVAL, fails=True)
    assert told.code == "train_needs_table"
    told = run("study", "missing-modalities", tmp_path, "--modalities", "rnaseq", *SURVIVAL, fails=True)
    assert told.code == "run_missing"
