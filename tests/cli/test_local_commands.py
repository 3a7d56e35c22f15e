"""``renal-fusion verify`` and ``frequencies`` from a terminal."""

from __future__ import annotations

import csv
import json
import shutil

import pytest
from typer.testing import CliRunner

from napari_renal_fusion.bundles import load, stored_frequencies
from napari_renal_fusion.bundles.conformal import ConformalScores
from napari_renal_fusion.bundles.known import KnownPatients
from napari_renal_fusion.cli.app import app
from napari_renal_fusion.errors import RenalFusionError


@pytest.fixture(scope="module")
def bundle(make_tiny_bundle):
    scores = tuple(i / 50 for i in range(50))
    return make_tiny_bundle(
        "synthetic", members=2, conformal=ConformalScores(coverage=0.9, scores=(scores, scores)),
        known=KnownPatients(limit=1e9, false_refusals=0.0), class_shares=(0.5, 0.3, 0.2),
    )  # fmt: skip


@pytest.fixture
def cohort(phantom_case_folder, tmp_path):
    """The phantom patient in a table, once with its disease and once with another one."""
    shutil.copytree(phantom_case_folder, tmp_path / "other")  # a table may name a file once only
    rows = [
        {"patient_id": name, "case_id": name, "modality": file.parent.name, "path": file, "label": label}
        for name, label, folder in (
            ("A", "membranous nephropathy", phantom_case_folder),
            ("B", "minimal change disease", tmp_path / "other"),
        )
        for file in sorted(folder.glob("*/*.*"))
        if file.parent.name in ("OM", "IM", "TEM")
    ]
    path = tmp_path / "cohort.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def run(*arguments):
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


FREQUENCIES = (
    "--set",
    "IgA nephropathy=24%",
    "--set",
    "membranous nephropathy=13%",
    "--set",
    "lupus nephritis=9%",
)


def test_frequencies_are_set_shown_and_removed(bundle):
    assert "not corrected" in run("frequencies", bundle)
    assert "'Our clinic'" in run("frequencies", bundle, "Our clinic", *FREQUENCIES)
    shown = json.loads(run("frequencies", bundle, "--json"))
    assert shown["name"] == "Our clinic"
    assert shown["frequencies"]["IgA nephropathy"] == pytest.approx(24 / 46)
    assert shown["in_training"]["IgA nephropathy"] == 0.5
    assert "not corrected" in run("frequencies", bundle, "--remove")
    assert stored_frequencies(load(bundle).sha256) is None


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("Our clinic",), "need a name and one number"),
        (("Our clinic", *FREQUENCIES[:4]), "nothing about lupus nephritis"),
        (("Our clinic", *FREQUENCIES, "--set", "amyloid=1"), "amyloid, which the model cannot"),
        (("Our clinic", "--set", "lupus nephritis=many"), "not a class with a number"),
        (("Our clinic", "--remove"), "need a name"),
    ],
)
def test_frequencies_that_make_no_sense_are_refused_and_not_stored(bundle, arguments, named):
    with pytest.raises(RenalFusionError, match=named):
        run("frequencies", bundle, *arguments)
    assert stored_frequencies(load(bundle).sha256) is None


def test_verify_prints_a_table_and_predict_says_what_it_found(bundle, cohort, phantom_case_folder, tmp_path):
    said = run("verify", bundle, cohort, "--device", "cpu")
    assert "of 1 right" in said
    assert "1 of 1 cases with another disease" in said
    assert "Signed out (rows), answered (columns)" in said
    record = json.loads(run("verify", bundle, cohort, "--device", "cpu", "--json"))
    assert (record["answered"], record["others"]) == (1, 1)
    run("frequencies", bundle, "Our clinic", *FREQUENCIES)
    out = tmp_path / "out"
    said = run("predict", phantom_case_folder, "--bundle", bundle, "--out", out, "--device", "cpu")
    assert f"Checked here: {record['right']} of 1 right (without correction)." in said
    assert "At 90 %, at the frequencies of training: " in said
    assert "corrected to the disease frequencies 'Our clinic'" in said
    row = next(csv.DictReader((out / "predictions.csv").open(encoding="utf-8")))
    assert (row["frequencies"], row["answered_by"], row["fits_none"]) == ("Our clinic", "Tiny", "no")
    assert row["set_coverage"] == "0.9"
    assert set(filter(None, row["set"].split(";"))) <= set(record["class_names"])
    assert row["checked_here"].startswith("Checked here")
    written = json.loads((out / "prediction.json").read_text(encoding="utf-8"))
    assert (written["coverage"], written["frequencies"]) == (0.9, "Our clinic")
    report = (out / "report.html").read_text(encoding="utf-8")
    assert "Checked here: " in report
    assert "At 90 %" in report
    assert "Distance to known patients" in report
