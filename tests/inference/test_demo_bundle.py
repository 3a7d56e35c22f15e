"""The demonstration bundle on fresh phantoms: it answers, mostly rightly, and rarely warns."""

import sys

import numpy as np
import pytest

from napari_renal_fusion.bundles import load
from napari_renal_fusion.cases import Case
from napari_renal_fusion.inference import Engine, predict, run_self_test


def test_the_shipped_bundle_passes_its_self_test():
    bundle = load("demo")
    assert run_self_test(bundle, bundle.build_network()) < 1e-3
    assert bundle.config.trained_on == "synthetic"
    assert bundle.config.class_names == ("IgA nephropathy", "lupus nephritis", "membranous nephropathy")


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_on_forty_fresh_phantoms_at_most_two_are_called_unlike(tmp_path):
    from napari_renal_fusion.phantoms import random_spec, write_biopsy

    engine, warned, right = Engine(), [], []
    for index in range(40):
        spec = random_spec(987654, index, difficulty=0.2, om_size=(768, 512), im_size=(640, 480), tem_size=(512, 512),
                           antibodies=("IgA", "IgG", "C3"))  # fmt: skip
        prediction = predict(
            Case.from_folder(write_biopsy(spec, tmp_path / str(index))), "demo", engine=engine
        )
        assert prediction.names_shown
        warned.append(any(n.code in ("out_of_range", "wrong_modality") for n in prediction.warnings))
        right.append(prediction.class_names[prediction.top] == spec.disease.title)
    sys.stderr.write(f"unlike {np.sum(warned)} of 40, right {np.sum(right)} of 40\n")
    assert np.sum(warned) <= 2
    assert np.mean(right) > 0.8
