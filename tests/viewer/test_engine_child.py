"""The real model in the real process: the same answer as in this process."""

from __future__ import annotations

import numpy as np
import pytest


def test_predict_explain_and_model_input(qtbot, qapp, phantom_case_folder, make_tiny_bundle, install_bundle):
    from napari_renal_fusion.cases import Case, Modality
    from napari_renal_fusion.explain import explain
    from napari_renal_fusion.inference import predict
    from napari_renal_fusion.viewer.answer import Answer
    from napari_renal_fusion.viewer.case_json import case_to_json
    from napari_renal_fusion.viewer.engine import Engine

    folder = install_bundle(make_tiny_bundle(trained_on="synthetic"), "tiny")
    case = Case.from_folder(phantom_case_folder)
    engine, results, errors = Engine(), [], []

    def ask(what, /, **params):
        count = len(results)
        engine.ask(what, params, results.append, errors.append)
        qtbot.waitUntil(lambda: len(results) > count or bool(errors), timeout=90_000)
        assert not errors, errors[0]
        return results[-1]

    answer = Answer.from_result(
        ask("predict", case=case_to_json(case), bundle="tiny", choice=None, device="cpu", threads=1)
    )
    here = predict(case, folder, device="cpu", threads=1)
    assert answer.prediction.probabilities == pytest.approx(here.probabilities, abs=1e-6)
    assert answer.prediction.selection == here.selection
    there = answer.add_explanation(
        ask("explain", prediction_id=answer.prediction_id, class_index=None, method="gradcam")
    )
    wanted = explain(here)
    for mine, theirs in zip(there.heat_maps, wanted.heat_maps, strict=True):
        assert mine.key == theirs.key
        if theirs.raw is not None:
            np.testing.assert_allclose(mine.raw, theirs.raw, atol=1e-6)
    key = here.selection.of(Modality.OM)[0].key
    seen = ask("model_input", prediction_id=answer.prediction_id, key=key)
    assert seen["box"] == [0, 0, 320, 480]
    engine.shutdown()
