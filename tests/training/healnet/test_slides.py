"""Slides and feature files in a run: drawn patches, files that do not fit each other, slides that cannot be used."""

import json

import h5py
import numpy as np
import pytest
import tifffile

from napari_renal_fusion.compute.progress import Progress
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.inputs import FeatureEncoder, PatchGrid
from napari_renal_fusion.inputs.slide_feature_files import RECORD
from napari_renal_fusion.training.healnet import read_patients
from napari_renal_fusion.training.healnet.creation import create_healnet_run, train_healnet
from napari_renal_fusion.training.healnet.data import FeatureStore, PatientData, collate_patients
from napari_renal_fusion.training.healnet.features import channels_of, feature_files, made_with

from .made_patients import CHANNELS, made_table, tiny, write_features

ENCODER = {"name": "resnet18", "stage": 1}


@pytest.fixture
def place(tmp_path):
    for number in range(0, 24, 2):
        write_features(tmp_path / "slides" / f"P{number:03d}.h5", 4 + number, number)
    made_table(tmp_path / "patients.csv", 24)
    return tmp_path


def table_of(place, config):
    return read_patients(place / "patients.csv", config, slides=place / "slides")


def files_of(place, config):
    table = table_of(place, config)
    return table, feature_files(table, config, "cpu", Progress())


def record(path, grid, encoder=ENCODER):
    with h5py.File(path, "a") as file:
        file.attrs[RECORD] = json.dumps({"grid": grid.model_dump(), "encoder": encoder})


def test_training_draws_patches_and_an_answer_reads_all(place):
    config = tiny(slides=True, max_patches=6)
    table = table_of(place, config)
    bag = np.arange(20 * CHANNELS, dtype=np.float32).reshape(20, CHANNELS)
    data = PatientData(table, config, {}, FeatureStore(lambda modality, row: bag))
    data._omics = {name: np.zeros((24, 6), np.float32) for name in ("rnaseq", "mut")}
    drawn = data.tensors(0, np.random.default_rng(1))[2]
    assert drawn.shape == (6, CHANNELS)
    assert drawn[:, 0].tolist() == sorted(drawn[:, 0].tolist())
    assert not np.array_equal(drawn, data.tensors(0, np.random.default_rng(2))[2])
    assert data.tensors(0)[2].shape == (20, CHANNELS)
    assert data.tensors(1)[2] is None
    batch = collate_patients([data.tensors(0), data.tensors(1), data.tensors(0, np.random.default_rng(1))])
    assert batch.present.tolist() == [[True, True, True], [True, True, False], [True, True, True]]
    assert batch.masks[2].tolist() == [[True] * 20, [False] * 20, [True] * 6 + [False] * 14]
    assert batch.masks[0] is None


def test_files_of_another_grid_model_or_width_are_refused_by_name(place):
    config = tiny(slides=True)
    _, files = files_of(place, config)
    assert channels_of(files) == {"slide": CHANNELS}
    assert made_with(files, "slide") is None
    paths = sorted((place / "slides").glob("*.h5"))
    for path in paths:
        record(path, PatchGrid())
    assert made_with(files, "slide") == (FeatureEncoder(**ENCODER), PatchGrid())
    record(paths[3], PatchGrid(um_per_pixel=1.0))
    with pytest.raises(RenalFusionError, match=rf"{paths[3].name} were made on another grid") as told:
        channels_of(files)
    assert told.value.code == "features_other_grid"
    record(paths[3], PatchGrid(), {"name": "resnet50", "stage": 3})
    with pytest.raises(RenalFusionError) as told:
        channels_of(files)
    assert told.value.code == "features_other_model"
    write_features(paths[3], 4, 1, channels=CHANNELS + 2)
    record(paths[3], PatchGrid())
    with pytest.raises(RenalFusionError, match="7 channels a patch, the others 5"):
        channels_of(files)


def test_a_file_that_changed_after_the_run_was_made_stops_it(place):
    config = tiny(slides=True)
    create_healnet_run(table_of(place, config), config, place / "run")
    table = table_of(place, config)
    write_features(place / "slides" / "P004.h5", 9, 77)
    with pytest.raises(RenalFusionError) as told:
        train_healnet(table, config, place / "run")
    assert told.value.code == "cohort_changed"
    assert "P004.h5" in str(told.value)


def test_a_slide_without_tissue_or_scale_is_one_sentence_that_names_it(place):
    white = np.full((600, 600, 3), 255, np.uint8)
    path = place / "slides" / "P001.tif"
    tifffile.imwrite(path, white, tile=(256, 256), photometric="rgb")
    config = tiny(slides=True, encoder=ENCODER)
    with pytest.raises(RenalFusionError) as told:
        train_healnet(table_of(place, config), config, place / "unscaled")
    assert told.value.code == "slide_pixel_size_missing"
    tifffile.imwrite(
        path,
        white,
        tile=(256, 256),
        photometric="rgb",
        resolution=(20000, 20000),
        resolutionunit="CENTIMETER",
    )
    with pytest.raises(RenalFusionError) as told:
        train_healnet(table_of(place, config), config, place / "white")
    assert told.value.code == "slide_no_tissue"
    assert "P001.tif" in str(told.value)
    assert "\n" not in str(told.value)


def test_slides_alone_make_a_run_without_a_cox_model_beside_it(place):
    config = tiny("", slides=True, epochs=1, patience=0, stopping_fraction=0)
    table = table_of(place, config)
    assert len(table.patients) == 12
    assert any("12 patients have no value and no slide" in note for note in table.notes)
    results = train_healnet(table, config, place / "run").results
    assert "cox_c_index" not in results.mean
    assert "No Cox model could be fitted beside this one." in results.notes
    assert len(results.cases) == 12
