"""The sample patient as plain layers, for File > Open Sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEventLoop, Qt
from qtpy.QtWidgets import QApplication, QProgressDialog

from ..cases import Modality
from ..cases.folders import open_cases
from ..errors import RenalFusionError
from .engine import borrow_engine, return_engine
from .pictures import read_picture

if TYPE_CHECKING:
    from napari.types import LayerData

    from .engine import Engine

_SHOWN = {Modality.OM: 1, Modality.IM: 1, Modality.TEM: 3}
"""How many images of each kind become layers: enough to ask for an opinion, few enough to stay quick."""


def sample_layers(engine: Engine | None = None) -> list[LayerData]:
    """Open one light, one fluorescence and three electron images of the synthetic sample patient.

    The images are drawn on first use. napari waits for samples, so a window shows the progress
    meanwhile and the drawing happens in the model's process.
    """
    folder = _folder_with_progress(engine)
    case = open_cases(folder).cases[0]
    layers = []
    for modality, count in _SHOWN.items():
        for item in _worth_seeing(case, modality)[:count]:
            picture = read_picture("", item)
            size, unit = (
                (picture.pixel_size.value, picture.pixel_size.unit) if picture.pixel_size else (1.0, "pixel")
            )
            layers.append(
                (
                    picture.pixels,
                    {
                        "name": f"{modality.title}: {item.name}", "rgb": picture.rgb, "scale": (size, size),
                        "units": (unit, unit), "visible": modality is Modality.OM,
                    },
                    "image",
                )
            )  # fmt: skip
    return layers


def _worth_seeing(case: Any, modality: Modality) -> list:
    wanted = {Modality.OM: ("PASM",), Modality.IM: ("IgA",), Modality.TEM: ()}[modality]
    return sorted(case.of(modality), key=lambda item: item.stain not in wanted)


def _folder_with_progress(given: Engine | None) -> str:
    """Ask the model's process for the sample's folder, with a window that can cancel."""
    owner = QEventLoop()
    engine = given or borrow_engine(owner)
    dialog = QProgressDialog(
        "Drawing the sample patient (only once)", "Cancel", 0, 1000, QApplication.activeWindow()
    )
    dialog.setWindowModality(Qt.WindowModality.ApplicationModal)
    dialog.setMinimumDuration(400)
    answer: dict[str, Any] = {}

    def done(result: dict[str, Any]) -> None:
        answer.update(result)
        owner.quit()

    def failed(error: RenalFusionError) -> None:
        answer["error"] = error
        owner.quit()

    number = engine.ask(
        "sample_patient", {}, done, failed, lambda step: dialog.setValue(round(1000 * step.fraction))
    )
    dialog.canceled.connect(lambda: engine.cancel(number))
    owner.exec()
    dialog.blockSignals(True)  # closing it would otherwise count as Cancel
    dialog.close()
    dialog.deleteLater()
    if given is None:
        return_engine(owner)
    if "error" in answer:
        raise answer["error"]
    return answer["folder"]
