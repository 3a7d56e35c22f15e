"""A second question about an open patient (leave one out, another class) against the first."""

from __future__ import annotations

from napari_renal_fusion.cases import Modality
from napari_renal_fusion.explain import explain
from napari_renal_fusion.inference import Engine, predict

from .patient import bundle, patient
from .side_by_side import Comparison, compare


def run() -> list[Comparison]:
    """With Swin-T at the real sizes, reading of files included in both first and second."""
    swin = bundle("swin_tiny_patch4_window7_224")
    open_ = Engine()
    prediction = predict(patient(), swin, engine=open_)
    keys = prediction.selection.keys
    fewer = {Modality.TEM: tuple(key for key in keys if key.startswith("TEM"))[1:]}
    warm = Engine()
    warm.prepare(swin, _device())

    def first():
        warm.cache.clear()
        warm.memo.clear()
        explain(predict(patient(), swin, engine=warm), 0)

    def leave_one_out():
        explain(predict(patient(), swin, engine=open_, choice=fewer), 0)

    def other_class():
        explain(prediction, 1)

    return [
        compare(
            "Leave one image out, opinion and reasons",
            ("second question", leave_one_out),
            ("first", first),
            3,
        ),
        compare("Reasons for another class", ("second question", other_class), ("first", first), 3),
    ]


def _device():
    from napari_renal_fusion.compute.devices import choose_device

    return choose_device()
