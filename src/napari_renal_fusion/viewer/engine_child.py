"""The process in which the model runs beside napari: ``python -m napari_renal_fusion.viewer.engine_child``.

It imports neither Qt nor napari. Token maps stay here between requests, so a second question about a
patient (another class, another method) never encodes an image again.
"""

from __future__ import annotations

import base64
import io
import sys
import uuid
from collections import OrderedDict
from pathlib import Path
from typing import Any

from ..cases import Case, Modality
from ..compute.progress import Progress
from ..errors import RenalFusionError
from .attention.child import AttentionWork
from .case_json import case_from_json
from .json_lines import Handler, Server, claim_standard_output

_REMEMBERED = 12
"""Predictions whose token maps are kept; a Swin-B patient takes about 3 MB."""


class EngineWork:
    """What the child can do; every method takes plain JSON and gives plain JSON."""

    def __init__(self) -> None:
        self._answers: OrderedDict[str, tuple[Case, Any]] = OrderedDict()
        self._bundle: tuple[tuple[str, int], Any] | None = None
        self._attention = AttentionWork(self._recall)

    def handlers(self) -> dict[str, Handler]:
        return {
            "predict": self.predict,
            "explain": self.explain,
            "model_input": self.model_input,
            "report": self.report,
            "sample_patient": self.sample_patient,
            **self._attention.handlers(),
        }

    def prepare(self) -> None:
        """Import what answering needs, so that the person's first question does not wait for it."""
        from .. import explain, inference  # noqa: F401

    def predict(self, params: dict[str, Any], progress: Progress) -> dict[str, Any]:
        """``case``, ``bundle``, ``choice`` (modality -> keys, or null), ``device``, ``threads``, ``work_folder``.

        Glomeruli that were outlined on the case's images enter as the bundle asks.
        """
        from ..cases.work_folder import WorkFolder
        from ..glomeruli import with_glomeruli
        from ..inference import predict

        case = with_glomeruli(case_from_json(params["case"]), WorkFolder(params.get("work_folder") or None))
        bundle = self._load(params["bundle"])
        choice = params.get("choice")
        if choice is not None:
            choice = {Modality(name): tuple(keys) for name, keys in choice.items()}
        prediction = predict(
            case, bundle, choice=choice, device=params["device"], threads=params["threads"],
            progress=progress,
        )  # fmt: skip
        name = uuid.uuid4().hex
        self._answers[name] = case, prediction
        while len(self._answers) > _REMEMBERED:
            self._answers.popitem(last=False)
        return {"prediction_id": name, "prediction": prediction.model_dump(mode="json")}

    def explain(self, params: dict[str, Any], progress: Progress) -> dict[str, Any]:
        """``prediction_id``, ``class_index`` (or null), ``method``."""
        from ..explain import explain

        _, prediction = self._recall(params)
        explanation = explain(prediction, params["class_index"], method=params["method"], progress=progress)
        return {"explanation": explanation.model_dump(mode="json")}

    def model_input(self, params: dict[str, Any], progress: Progress) -> dict[str, Any]:
        """``prediction_id``, ``key``: the picture that the model saw (PNG, base64) and its box on the image."""
        from PIL import Image

        from ..inference import model_input

        _, prediction = self._recall(params)
        seen = model_input(prediction, params["key"])
        box, png = seen.box, io.BytesIO()
        Image.fromarray(seen.pixels).save(png, "PNG")
        return {
            "png": base64.b64encode(png.getvalue()).decode("ascii"),
            "box": [box.top, box.left, box.height, box.width],
        }

    def report(self, params: dict[str, Any], progress: Progress) -> dict[str, Any]:
        """``prediction_id``, ``class_index``, ``method``, ``out_dir``: write everything, name the files.

        With ``version`` (of the case) the own reading and the what-ifs stand in the report; ``what_if`` is the number
        of the one that it is about, 0 for the official answer.
        """
        from ..cases.work_folder import WorkFolder
        from ..explain import explain
        from ..reports import case_reading, write_all

        case, prediction = self._recall(params)
        explanation = None
        if not prediction.modalities:  # a model of slides and omics is explained by its attention
            with progress.part(0, 0.4):
                explanation = explain(
                    prediction, params["class_index"], method=params["method"], progress=progress
                )
        reading = None
        if case.code and params.get("version"):
            work = WorkFolder(params.get("work_folder") or None)
            reading = case_reading(case.code, params["version"], work, number=params.get("what_if", 0))
        with progress.part(0.4, 1):
            files = write_all(
                case, prediction, explanation, Path(params["out_dir"]), progress=progress, reading=reading
            )
        return {"files": [str(file) for file in files]}

    def sample_patient(self, params: dict[str, Any], progress: Progress) -> dict[str, Any]:
        """Folder of the synthetic sample patient; it is drawn on first use."""
        from ..compute.places import cache_dir
        from ..phantoms import sample_patient

        progress.update(0.0, "Drawing the sample patient (only once)")
        return {"folder": str(sample_patient(cache_dir(), progress.update))}

    def _recall(self, params: dict[str, Any]) -> tuple[Case, Any]:
        try:
            return self._answers[params["prediction_id"]]
        except KeyError:
            raise RenalFusionError(
                "prediction_gone",
                "The model was restarted and no longer holds this answer",
                remedy="Press Run again.",
            ) from None

    def _load(self, name: str) -> Any:
        from .. import bundles

        folder = bundles.find(name)
        # The manifest's checksum covers the other files, so its time is enough to notice a new version.
        stamp = str(folder), (folder / "bundle.json").stat().st_mtime_ns
        if self._bundle is None or self._bundle[0] != stamp:
            self._bundle = stamp, bundles.load(folder)
        return self._bundle[1]


def main() -> None:
    answers = claim_standard_output()
    work = EngineWork()
    Server(work.handlers(), sys.stdin.buffer, answers).serve(prepare=work.prepare)


if __name__ == "__main__":
    main()
