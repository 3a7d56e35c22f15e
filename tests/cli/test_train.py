"""``renal-fusion train``, ``resume`` and ``runs`` as a person types them."""

import json
import signal
import subprocess
import sys
import time

import pytest

from napari_renal_fusion.cases import Modality
from napari_renal_fusion.cases.cohort_csv import write_cohort_csv
from napari_renal_fusion.cli.train import chosen_config
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.training import Run
from tests.training.tiny import tiny_cohort

ENCODER = (
    '{"name": "resnet18", "kwargs": {"layers": [1, 1, 1, 1], "channels": [8, 8, 8, 8]}, "input_size": 32}'
)
TINY = [f"network.encoder={ENCODER}", "network.hidden=16", "patience=0"]
TINY += [f"preprocessing.{one.value}.size=[32, 32]" for one in Modality]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cohort")
    write_cohort_csv(tiny_cohort(folder, per_class=4), folder / "cohort.csv")
    return folder / "cohort.csv"


def command(*words, settings=()):
    told = [word for one in settings for word in ("--set", one)]
    start = [sys.executable, "-c", "from napari_renal_fusion.cli import main; main()"]
    return [*start, *map(str, words), *told]


def train_words(table, out, **options):
    words = ["train", table, "--out", out, "--preset", "small", "--folds", "2", "--encoder-weights", "random"]
    return [
        *words,
        "--threads",
        "1",
        *[word for name, value in options.items() for word in (f"--{name}", value)],
    ]


def test_one_command_trains_and_another_lists(table, tmp_path):
    words = train_words(table, tmp_path / "runs" / "one", epochs="1", seed="3", subset="OM+IM")
    done = subprocess.run(
        command(*words, "--json", settings=TINY), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert set(told["metrics"]) >= {"accuracy", "auc"}
    run = Run.open(tmp_path / "runs" / "one")
    assert run.state == "finished"
    assert (run.config.seed, run.config.epochs, run.config.folds, run.info.threads) == (3, 1, 2, 1)
    assert [one.name for one in run.bundles] == ["bundle", "bundle-OM-IM"]
    assert str(table.parent) not in (run.bundle / "README.md").read_text(encoding="utf-8")
    listed = subprocess.run(
        command("runs", tmp_path / "runs"), capture_output=True, text=True, check=True
    ).stdout
    assert listed.startswith("one  finished  accuracy 0.")


@pytest.mark.slow
def test_ctrl_c_stops_politely_and_resume_goes_on(table, tmp_path):
    out = tmp_path / "run"
    words = train_words(table, out, epochs="40")  # long enough to be still at work when the signal comes
    started = subprocess.Popen(command(*words, settings=TINY), stdout=-1, stderr=-1, text=True)
    until = time.monotonic() + 120
    while time.monotonic() < until and not ((out / "run.json").exists() and Run.open(out).epochs()):
        time.sleep(0.02)
    started.send_signal(signal.SIGINT)
    _, said = started.communicate(timeout=120)
    run = Run.open(out)
    assert started.returncode == 130, said
    assert f"renal-fusion resume {out}" in said.replace("\n", "")
    assert run.state == "stopped"
    done = subprocess.run(command("resume", out), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Bundle written to" in done.stdout
    assert run.state == "finished"


@pytest.mark.parametrize(
    ("settings", "subsets", "sentence"),
    [
        (["learning_rate=-1"], [], "learning_rate: Input should be greater than 0"),
        (["learning_rat=1"], [], "learning_rat: Extra inputs are not permitted"),
        (["batch"], [], "has no ="),
        (["network.smill.x=1"], [], "network.smill.x: there is no such field"),
        (["folds=1"], [], "one fold tests nothing"),
        ([], ["OM+LM"], "LM, which is not OM, IM or TEM"),
        ([], ["OM+IM+TEM"], "needs some, not all"),
    ],
)
def test_a_wrong_setting_is_one_sentence(settings, subsets, sentence):
    with pytest.raises(RenalFusionError) as raised:
        chosen_config("small", {}, settings, subsets)
    assert raised.value.code == "config_invalid"
    assert sentence in str(raised.value)


def test_settings_reach_nested_fields():
    config = chosen_config(
        "paper", {"seed": 4}, ["network.dropout=0.25", "bag_size=[2, 5]", "name=mine"], ["TEM+IM"]
    )
    assert (config.seed, config.network.dropout, config.bag_size, config.name) == (4, 0.25, (2, 5), "mine")
    assert config.subsets == ((Modality.TEM, Modality.IM),)
    with pytest.raises(RenalFusionError, match="no preset called"):
        chosen_config("large", {}, [], [])
