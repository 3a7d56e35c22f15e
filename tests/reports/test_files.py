"""prediction.json round-trips and predictions.csv has a row for every case; neither names anybody."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.inference.prediction import Prediction
from napari_renal_fusion.reports import PredictionRow, write_prediction, write_predictions_csv
from napari_renal_fusion.reports.privacy import Scrubber

from .conftest import PLANTED


def read_csv(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_prediction_round_trips(case, prediction, explanation, tmp_path):
    path = tmp_path / "prediction.json"
    write_prediction(prediction, path, case=case, explanation=explanation)
    text = path.read_text(encoding="utf-8")
    assert PLANTED not in text
    assert str(tmp_path) not in text
    back = Prediction.model_validate_json(text)
    assert back.probabilities == prediction.probabilities
    assert back.selection.keys == prediction.selection.keys
    assert back.provenance == prediction.provenance
    numbers = json.loads(text)["explanation"]
    assert numbers["bag"]["entries"][1]["effect"][1] == -0.08
    assert len(numbers["heat_maps"][0]["raw"]) == 7


@pytest.mark.parametrize("explained", [True, False])
def test_without_the_case_paths_and_names_still_stay(case, prediction, explanation, tmp_path, explained):
    path = tmp_path / "prediction.json"
    write_prediction(prediction, path, explanation=explanation if explained else None)
    content = json.loads(path.read_text(encoding="utf-8"))
    assert ("explanation" in content) is explained
    assert all(notice["path"] is None for notice in content["warnings"])
    assert [image["name"] for image in content["selection"]["images"]][-1] == "TEM-4"
    assert str(tmp_path) not in json.dumps(content)


def test_plumbing_json_names_no_disease(case, plumbing, explanation, tmp_path):
    path = tmp_path / "prediction.json"
    write_prediction(plumbing, path, case=case, explanation=explanation)
    assert "nephro" not in path.read_text(encoding="utf-8").lower()


def test_the_table_has_a_row_for_every_case(case, prediction, plumbing, tmp_path):
    error = RenalFusionError(
        "image_truncated",
        f"{case.images[0].path} is cut short",
        path=case.images[0].path,
        remedy="Copy it again.",
    )
    rows = [
        PredictionRow("A", prediction, case=case),
        PredictionRow("B", plumbing),
        PredictionRow("C", error=error, case=case),
        PredictionRow("D", error=error),
        PredictionRow("E", prediction.model_copy(update={"status": "refused"})),
        PredictionRow("=cmd()", error=RenalFusionError("x", 'Nothing, to "see"')),
    ]
    path = tmp_path / "predictions.csv"
    write_predictions_csv(rows, path)
    text = path.read_text(encoding="utf-8")
    assert PLANTED not in text
    assert str(tmp_path) not in text
    a, b, c, d, e, f = read_csv(path)
    assert list(a)[:4] == ["case_id", "status", "verdict", "top_class"]
    assert a["top_class"] == "Membranous nephropathy"
    assert float(a["p_Membranous nephropathy"]) == 0.88
    assert a["warnings"] == "out_of_range;image_missing"
    assert (a["bundle"], a["device"], float(a["seconds"])) == ("tiny", "cpu", 1.25)
    assert float(b["p_class 2"]) == 0.88
    assert b["p_Membranous nephropathy"] == ""
    assert (c["status"], c["error_code"]) == ("failed", "image_truncated")
    assert c["error_message"] == "OM-1 is cut short. Copy it again."
    assert d["error_message"] == "(file) is cut short. Copy it again."
    assert e["status"] == "refused"
    assert e["top_class"] == e["p_Membranous nephropathy"] == ""
    assert f["case_id"] == "'=cmd()"
    assert f["error_message"] == 'Nothing, to "see".'


def test_an_empty_table_still_has_its_header(tmp_path):
    write_predictions_csv([], tmp_path / "p.csv")
    assert (tmp_path / "p.csv").read_text().startswith("case_id,status,")


def test_a_folder_that_cannot_be_written_is_one_clear_error(prediction, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RenalFusionError, match="cannot be written"):
        write_prediction(prediction, tmp_path / "file" / "prediction.json")


def test_ordinary_words_and_numbers_survive_scrubbing(case):
    scrub = Scrubber(case)
    for text in ("IgA/IgG ratio 3/4", "PASM is the stain", "12 of 100 images", "OM-1 (PASM)", "a and/or b"):
        assert scrub.text(text) == text
    assert scrub.text("see /home/someone/bundles/demo now") == "see (file) now"
    assert scrub.text("see C:\\Users\\Someone\\x.jpg") == "see (file)"
    assert scrub.text(f"OM-1 ({Path(case.images[0].path).name})") == "OM-1"


def test_a_file_named_like_a_word_spoils_no_sentence(tmp_path):
    from napari_renal_fusion.cases import Case, ImageItem, Modality

    case = Case(
        "c",
        "Zhang",
        (ImageItem(tmp_path / "image.tif", Modality.TEM), ImageItem(tmp_path / "Zhang.tif", Modality.OM)),
    )
    scrub = Scrubber(case)
    assert scrub.text("every electron image enters the bag") == "every electron image enters the bag"
    assert scrub.text("TEM-1 (image) is unlike") == "TEM-1 is unlike"
    assert "Zhang" not in scrub.text("Zhang.tif of Zhang is cut off")
