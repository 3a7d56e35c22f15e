"""The whole explanation: what it refuses, what it reports, and its round trip through JSON."""

import subprocess
import sys

import numpy as np
import pytest

from napari_renal_fusion.compute import Cancelled, Progress
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.explain import Explanation, explain, layer_names
from napari_renal_fusion.inference.prediction import Prediction

from .conftest import make_images, make_session, predict
from .test_bag import with_outlier


def test_a_prediction_from_a_file_cannot_be_explained(session):
    loaded = Prediction.model_validate_json(predict(session).model_dump_json())
    for ask in (explain, layer_names):
        with pytest.raises(RenalFusionError, match="Run the model on this case again") as caught:
            ask(loaded)
        assert caught.value.code == "explanation_needs_prediction"
        assert "case-1" in str(caught.value)


def test_a_prediction_without_probabilities_cannot_be_explained(session):
    prediction = predict(session).model_copy(update={"probabilities": ()})
    prediction._session = session
    with pytest.raises(RenalFusionError) as caught:
        explain(prediction)
    assert caught.value.code == "explanation_needs_prediction"


@pytest.mark.parametrize(
    ("asked", "code", "names"),
    [
        ({"class_index": 3}, "class_unknown", "0 to 2"),
        ({"class_index": -1}, "class_unknown", "0 to 2"),
        ({"method": "scorecam"}, "cam_method_unknown", "hirescam"),
    ],
)
def test_a_wrong_request_is_refused(session, asked, code, names):
    with pytest.raises(RenalFusionError, match=names) as caught:
        explain(predict(session), **asked)
    assert caught.value.code == code


def test_progress_rises_and_can_stop_the_work(session):
    steps = []
    explanation = explain(predict(session), layer="layer3", progress=Progress(steps.append))
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    shown = [one.key for one in explanation.heat_maps if one.used]
    expected = [f"Heat map {i + 1} of {len(shown)}: picture {key}" for i, key in enumerate(shown)]
    assert [step.message for step in steps if "Heat map" in step.message] == expected

    progress = Progress(lambda step: progress.cancel() if step.fraction > 0.5 else None)
    with pytest.raises(Cancelled):
        explain(predict(session), layer="layer3", progress=progress)


def test_round_trip_through_json(networks):
    session = make_session(networks["resnet"], with_outlier(make_images()))
    made = explain(predict(session))
    read = Explanation.model_validate_json(made.model_dump_json())
    assert read.bag == made.bag
    assert read.contributions == made.contributions
    assert read.raw_range == made.raw_range
    assert read.heat_map("TEM-5").raw is None
    np.testing.assert_array_equal(read.heat_map("OM-1").raw, made.heat_map("OM-1").raw)


def test_images_stand_in_the_order_of_the_selection(session):
    turned = dict(session.order)
    turned["TEM"] = tuple(reversed(turned["TEM"]))
    session.order = turned
    explanation = explain(predict(session))
    expected = [f"TEM-{i}" for i in range(1, 6)]
    assert [one.key for one in explanation.heat_maps] == ["OM-1", "IM-1", *expected]
    assert [one.key for one in explanation.bag.entries] == expected


def test_importing_the_package_does_not_import_torch():
    code = "import sys, napari_renal_fusion.explain as e; assert callable(e.explain); print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
