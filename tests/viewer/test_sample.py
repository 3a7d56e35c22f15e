"""The sample patient as napari's sample data."""

from __future__ import annotations


def test_sample_becomes_layers_with_units(
    plugin, make_napari_viewer, phantom_case_folder, monkeypatch, qtbot
):
    from napari_renal_fusion.viewer import sample

    class Quick:
        def ask(self, method, params, done, failed, progress):
            from qtpy.QtCore import QTimer

            assert method == "sample_patient"
            QTimer.singleShot(0, lambda: done({"folder": str(phantom_case_folder)}))
            return 1

    monkeypatch.setattr(sample, "borrow_engine", lambda owner: Quick())
    monkeypatch.setattr(sample, "return_engine", lambda owner: None)
    viewer = make_napari_viewer()
    layers = viewer.open_sample("napari-renal-fusion", "sample_patient")
    assert [layer.name for layer in layers][:2] == ["Light (OM): PASM", "Immunofluorescence (IM): IgA"]
    assert len(layers) == 5
    assert str(viewer.layers.units[-1]) == "nanometer"
    assert all(str(layer.units[-1]) in ("micrometer", "nanometer") for layer in layers)
