"""``renal-fusion study`` as a person types it."""

import json
import subprocess

import pytest

from napari_renal_fusion.cases.cohort_csv import write_cohort_csv
from tests.cli.test_train import TINY, command
from tests.training.tiny import tiny_cohort


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cohort")
    write_cohort_csv(tiny_cohort(folder, per_class=4), folder / "cohort.csv")
    return folder / "cohort.csv"


@pytest.mark.slow
def test_the_modalities_of_a_cohort(table, tmp_path):
    words = command(
        "study", "modalities", table, "--out", tmp_path / "s", "--folds", 2, "--epochs", 1, "--threads", 1,
        "--encoder-weights", "random", "--json", settings=TINY,
    )  # fmt: skip
    done = subprocess.run(words, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    assert [row[3] for row in rows[1:]] == [
        "OM", "IM", "TEM", "OM + IM", "OM + TEM", "IM + TEM", "OM + IM + TEM",
    ]  # fmt: skip
    assert {"table.csv", "table.html", "figure.png", "figure.svg"} <= {
        p.name for p in (tmp_path / "s").iterdir()
    }


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["staging"], "There is no study called staging"),
        (["encoders", "--encoder-weights", "random"], "compares at least two weights"),
        (["ablation", "--preset", "demo", "--phantoms", "3"], "A study compares folds"),
        (["ablation"], "needs either a cohort or --phantoms"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(words, sentence, tmp_path):
    done = subprocess.run(
        command("study", *words, "--out", tmp_path / "s"), capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 2
    assert sentence in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr
