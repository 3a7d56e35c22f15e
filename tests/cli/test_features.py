import json

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from napari_renal_fusion.cli.app import app
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.inputs import read_features
from tests.inputs.tiny_slides import on_glass, speckled, tiny_slide

OPTIONS = [
    "--encoder",
    "test_resnet",
    "--stage",
    "2",
    "--patch",
    "32",
    "--um-per-pixel",
    "1",
    "--device",
    "cpu",
]


def features(*arguments):
    result = CliRunner().invoke(app, ["features", *map(str, arguments), *OPTIONS])
    if isinstance(result.exception, Exception) and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def cohort(tmp_path):
    """Three patients; the second one's slide is cut off, the third has two slides, one with a name seen before."""
    rows = ["patient_id,case_id,modality,path"]
    for patient, name, seed in (("A", "one", 1), ("B", "cut", 2), ("C", "one", 3), ("C", "two", 4)):
        folder = tmp_path / "cohort" / patient / "WSI"
        folder.mkdir(parents=True, exist_ok=True)
        path = tiny_slide(folder / f"{name}.tiff", on_glass(500, 600, 100, seed))
        if name == "cut":
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
        rows.append(f"{patient},{patient}-1,WSI,{patient}/WSI/{name}.tiff")
    table = tmp_path / "cohort" / "cohort.csv"
    table.write_text("\n".join(rows))
    return table


def test_one_slide(tmp_path):
    path = tiny_slide(tmp_path / "s.tiff", on_glass(500, 600, 100))
    result = features(path, "--out", tmp_path / "out", "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)["slides"]
    assert [one["status"] for one in answer] == ["made"]
    found = read_features(tmp_path / "out" / "s.h5")
    assert answer[0]["patches"] == len(found.features)
    assert "random weights" in result.stderr
    assert (
        json.loads(features(path, "--out", tmp_path / "out", "--json").stdout)["slides"][0]["status"]
        == "kept"
    )


def test_a_bad_slide_does_not_stop_the_others_and_what_is_done_is_skipped(cohort, tmp_path):
    out = tmp_path / "out"
    result = features(cohort, "--out", out)
    assert result.exit_code == 1
    assert "truncated" in result.stderr
    assert sorted(one.name for one in out.iterdir()) == ["A-1_one.h5", "C-1_one.h5", "two.h5"]
    first = read_features(out / "A-1_one.h5").features
    assert not np.array_equal(first, read_features(out / "C-1_one.h5").features)
    changed = {one.name: one.stat().st_mtime_ns for one in out.iterdir()}
    again = features(cohort, "--out", out)
    assert again.exit_code == 1
    assert again.stdout.count("there already") == 3
    assert changed == {one.name: one.stat().st_mtime_ns for one in out.iterdir()}


def test_a_pixel_size_is_asked_for_once(tmp_path):
    path = tiny_slide(tmp_path / "s.tiff", on_glass(500, 600, 100), um=None)
    with pytest.raises(RenalFusionError) as raised:
        features(path, "--out", tmp_path / "out")
    assert raised.value.code == "slide_pixel_size_missing"
    assert features(path, "--out", tmp_path / "out", "--pixel-size", "0.5").exit_code == 0
    assert features(path, "--out", tmp_path / "other").exit_code == 0
    assert read_features(tmp_path / "other" / "s.h5").patch_level0 == 64
    with pytest.raises(RenalFusionError) as raised:
        features(tiny_slide(tmp_path / "t.tiff", um=None), "--out", tmp_path / "out", "--pixel-size", "500")
    assert raised.value.code == "slide_pixel_size_implausible"


def test_features_of_somebody_else_are_not_replaced(tmp_path):
    path = tiny_slide(tmp_path / "s.tiff", on_glass(500, 600, 100))
    (tmp_path / "out").mkdir()
    with h5py.File(tmp_path / "out" / "s.h5", "w") as file:
        file["features"], file["coords"] = np.zeros((2, 4)), np.array([[0, 0], [64, 0]])
    with pytest.raises(RenalFusionError, match="--replace"):
        features(path, "--out", tmp_path / "out")
    assert features(path, "--out", tmp_path / "out", "--replace").exit_code == 0


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--um-per-pixel", "-1"], "option_invalid"),
        (["--encoder", "nobody"], "encoder_unknown"),
        (["--weights", "absent.safetensors"], "encoder_weights_missing"),
        (["--stage", "99"], "encoder_unknown"),
    ],
)
def test_bad_options_are_one_sentence(options, code, tmp_path):
    path = tiny_slide(tmp_path / "s.tiff", speckled(300, 300))
    given = [*OPTIONS]
    for name, value in zip(options[::2], options[1::2], strict=True):
        if name in given:
            given[given.index(name) + 1] = value
        else:
            given += [name, value]
    result = CliRunner().invoke(app, ["features", str(path), "--out", str(tmp_path / "out"), *given])
    assert isinstance(result.exception, RenalFusionError)
    assert result.exception.code == code


def test_no_slides_is_one_sentence(phantom_case_folder, tmp_path):
    with pytest.raises(RenalFusionError) as raised:
        features(phantom_case_folder, "--out", tmp_path / "out")
    assert raised.value.code == "cohort_no_slides"
