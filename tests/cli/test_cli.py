"""The command as a person runs it: a real process, real files."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

COMMAND = Path(sys.executable).parent / "renal-fusion"
DISEASES = ("nephropathy", "nephritis", "lupus", "membranous")


def run(*words, expect=0, **env):
    done = subprocess.run(
        [COMMAND, *map(str, words)], capture_output=True, text=True, stdin=subprocess.DEVNULL,
        env=os.environ | {"DISPLAY": "", "WAYLAND_DISPLAY": "", "COLUMNS": "200"} | env, check=False,
    )  # fmt: skip
    assert done.returncode == expect, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def answered(phantom_case_folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("answer")
    done = run("predict", phantom_case_folder, "--bundle", "demo", "--out", out, "--json")
    return out, json.loads(done.stdout)


def test_predict_writes_prediction_overlays_report_and_table(answered, phantom_case_folder):
    out, printed = answered
    prediction = json.loads((out / "prediction.json").read_text())
    assert printed["cases"][0]["probabilities"] == pytest.approx(prediction["probabilities"])
    assert prediction["names_shown"]
    assert {one.stem for one in (out / "overlays").glob("*.png")} == {
        *(i["key"] for i in prediction["selection"]["images"]),
        "bag",
    }
    assert (out / "report.html").stat().st_size < 10 * 2**20
    assert len(list(csv.DictReader((out / "predictions.csv").open()))) == 1


def test_predict_gives_the_same_answer_as_python(answered, phantom_case_folder):
    from napari_renal_fusion.cases import Case
    from napari_renal_fusion.inference import predict

    prediction = predict(Case.from_folder(phantom_case_folder), "demo")
    np.testing.assert_allclose(answered[1]["cases"][0]["probabilities"], prediction.probabilities, atol=1e-6)


def test_real_images_get_no_disease_name(tmp_path):
    rng = np.random.default_rng(0)
    for modality in ("OM", "IM", "TEM"):
        (tmp_path / "case" / modality).mkdir(parents=True)
        pixels = rng.integers(0, 255, (300, 400, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "case" / modality / "a.png")
    done = run("predict", tmp_path / "case", "--bundle", "demo", "--out", tmp_path / "out")
    assert "never seen a real image" in done.stdout
    written = [one for one in (tmp_path / "out").rglob("*") if one.suffix in (".json", ".html", ".csv")]
    text = done.stdout + done.stderr + "".join(one.read_text() for one in written)
    assert not [word for word in DISEASES if word in text.casefold()]
    codes = [w["code"] for w in json.loads((tmp_path / "out" / "prediction.json").read_text())["warnings"]]
    assert "out_of_range" in codes or "wrong_modality" in codes


def test_a_bad_case_does_not_stop_the_others(phantom_case_folder, tmp_path):
    cohort = tmp_path / "cohort with spaces 队列"
    for name in ("A", "B", "C"):
        shutil.copytree(phantom_case_folder, cohort / name)
    for image in (cohort / "B").rglob("*.tif"):
        image.write_bytes(image.read_bytes()[:300])
    run("predict", cohort, "--out", tmp_path / "out")
    rows = {row["case_id"]: row for row in csv.DictReader((tmp_path / "out" / "predictions.csv").open())}
    assert set(rows) == {"A", "B", "C"}
    assert rows["A"]["status"] == rows["C"]["status"] != "failed"
    assert rows["B"]["status"] in ("refused", "failed")
    assert (tmp_path / "out" / "A" / "report.html").is_file()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("predict", "/no/such/case", "--out", "{tmp}/o"), "/no/such/case"),
        (("predict", "{case}", "--out", "{tmp}/o", "--bundle", "absent"), "no bundle called absent"),
        (("predict", "{case}", "--out", "{tmp}/o", "--device", "tpu"), "no device called"),
        (("predict", "{case}", "--out", "{tmp}/o", "--method", "magic"), "no heat map method"),
        (("predict", "{case}", "--out", "{tmp}/file/inner"), "cannot be written"),
        (("bundle", "check", "{tmp}"), "is refused"),
        (("train", "--out", "{tmp}/r"), "--phantoms"),
        (("open",), "no display"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(words, says, phantom_case_folder, tmp_path):
    (tmp_path / "file").write_text("")
    words = [word.format(case=phantom_case_folder, tmp=tmp_path) for word in words]
    done = run(*words, expect=2)
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


@pytest.mark.slow
def test_report_bundle_check_and_doctor(phantom_case_folder, tmp_path):
    run("report", phantom_case_folder, "--out", tmp_path / "r.html")
    assert "research use only" in (tmp_path / "r.html").read_text().casefold()
    assert json.loads(run("bundle", "check", "demo", "--json").stdout)["ok"]
    findings = json.loads(run("doctor", "--json").stdout)
    assert any(one["what"] == "Device" for one in findings)


def test_an_answer_needs_no_network_and_no_console_that_can_spell_the_case(phantom_case_folder, tmp_path):
    """A sitecustomize that forbids sockets runs in the command's own process and its children."""
    case = shutil.copytree(phantom_case_folder, tmp_path / "病人1")
    (tmp_path / "sitecustomize.py").write_text(
        "import socket\n"
        "def refuse(*a, **k): raise RuntimeError('a socket was opened')\n"
        "socket.socket.connect = refuse\nsocket.create_connection = refuse\nsocket.getaddrinfo = refuse\n"
    )
    run("predict", case, "--out", tmp_path / "out", PYTHONPATH=str(tmp_path), PYTHONIOENCODING="cp1252")
    assert (tmp_path / "out" / "report.html").is_file()
    assert (tmp_path / "out" / "predictions.csv").is_file()


def test_an_unexpected_error_in_one_case_keeps_the_others(phantom_case_folder, tmp_path, monkeypatch, capsys):
    import napari_renal_fusion.cli.predict as room
    from napari_renal_fusion.cli.console import Talk

    for name in ("A", "B", "C"):
        shutil.copytree(phantom_case_folder, tmp_path / "cohort" / name)
    answer = room.answer_case

    def failing(case, *rest, **more):
        if case.case_id == "B":
            raise ZeroDivisionError("a mistake of ours")
        return answer(case, *rest, **more)

    monkeypatch.setattr(room, "answer_case", failing)
    done = room.run_predict(
        Talk(), tmp_path / "cohort", "demo", tmp_path / "out", device="cpu", threads=0, method="gradcam"
    )
    assert not done
    rows = {row["case_id"]: row for row in csv.DictReader((tmp_path / "out" / "predictions.csv").open())}
    assert rows["B"]["error_code"] == "unexpected_error"
    assert rows["A"]["status"] == rows["C"]["status"] == "answered"


@pytest.mark.parametrize("name", ["P001", "Smith"])
def test_outlined_glomeruli_are_asked_with_under_any_name(name, phantom_case_folder, tmp_path, monkeypatch):
    import napari_renal_fusion.cli.predict as room
    import napari_renal_fusion.inference as inference
    from napari_renal_fusion.cases import Box
    from napari_renal_fusion.cases.coding import coded
    from napari_renal_fusion.cases.folders import open_cases
    from napari_renal_fusion.cli.console import Talk
    from napari_renal_fusion.errors import RenalFusionError
    from napari_renal_fusion.glomeruli import Drawing, Outline

    folder = shutil.copytree(phantom_case_folder, tmp_path / name)
    (case,) = coded(open_cases(folder).cases, folder)
    with Drawing.of_case(case.code, "OM-1") as drawing:
        drawing.draw(Outline.box(Box(10, 10, 60, 60)))
    asked = []

    def ask(case, *_, **__):
        asked.append(case)
        raise RenalFusionError("seen", "The case was seen")

    monkeypatch.setattr(inference, "predict", ask)
    for command, out in ((room.run_predict, {"method": "gradcam"}), (room.run_report, {})):
        with pytest.raises(RenalFusionError, match="seen"):
            command(Talk(), folder, "demo", tmp_path / "out", device="cpu", threads=0, **out)
    for one in asked:
        assert [image.image_id for image in one.images if image.cut_out] == ["OM-1.1"]
        assert one.case_id == ("P001" if name == "P001" else case.code)
