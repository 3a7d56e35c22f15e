"""A prepare child without torch: checks by hand, writes real run folders, starts :mod:`.fake_training`."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import time
from pathlib import Path

from napari_renal_fusion.bundles import read_config
from napari_renal_fusion.compute.atomic import write_text
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.training.beside import Beside, beside_path
from napari_renal_fusion.training.check import CohortReport, Finding
from napari_renal_fusion.training.config import TrainingConfig
from napari_renal_fusion.training.run import Run, RunInfo
from napari_renal_fusion.viewer.json_lines import Server, claim_standard_output

from .fake_training import CLASSES, wish

FINDINGS = (
    Finding(code="classes_small", group="Classes", severity="info", message="2 patients in each of 3 classes."),
    Finding(code="bag_sizes", group="Images", severity="info",
            message="1 light, 8 immunofluorescence and 4 to 7 electron images a case."),
    Finding(code="shortcut_antibody", group="Shortcuts", severity="warning",
            message="The antibody alone predicts the label of 6 of 6 patients: IgA stands only with IgA "
            "nephropathy. A model may learn the name of the stain instead of the disease.",
            remedy="Choose the immunofluorescence image by brightness, or add negative antibodies.",
            cases=("P001-B1", "P004-B1")),
    Finding(code="calibration_missing", group="Calibration", severity="warning",
            message="12 electron images have no image scale.", remedy="Add pixel_size to cohort.csv.",
            cases=("P002-B1",)),
)  # fmt: skip
ERROR = Finding(
    code="image_shared", group="Patients", severity="error", cases=("P001-B1", "P002-B1"),
    message="P001-B1 and P002-B1 hold the same image (OM/PASM.ome.tif): one patient is named twice, or the "
    "image was copied into the wrong folder.",
    remedy="Give both cases the same patient_id, or remove the wrong image.",
)  # fmt: skip


class FakeWork:
    def handlers(self):
        return {"check": self.check, "start": self.start, "resume": self.resume, "beside": self.beside}

    def check(self, params, progress):
        end = time.monotonic() + wish("check_s", 0.2)
        while time.monotonic() < end:
            progress.update(0.5, "Reading images: 40 of 80")
            time.sleep(0.02)
        findings = (*FINDINGS, ERROR) if wish("error", False) else FINDINGS
        report = CohortReport(cases=6, patients=6, images=86, class_counts=dict.fromkeys(CLASSES, 2),
                              findings=findings)  # fmt: skip
        return {"report": report.model_dump(mode="json")}

    def start(self, params, progress):
        config = TrainingConfig.model_validate(params["config"])
        folder = Path(params["folder"])
        info = RunInfo(program_version="0", command="napari", made_on=dt.datetime.now().isoformat(),
                       class_names=CLASSES, cases=6, patients=6, cohort="cohort", encoder_weights="",
                       encoder_sha256="")  # fmt: skip
        write_text(folder / "config.json", config.model_dump_json())
        write_text(folder / "run.json", info.model_dump_json())
        return self.resume({"folder": params["folder"]}, progress)

    def resume(self, params, progress):
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.viewer.training.fake_training", params["folder"]],
            start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 20
        while not (Path(params["folder"]) / "process.json").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        noted = json.loads((Path(params["folder"]) / "process.json").read_text())
        while noted["pid"] != child.pid and time.monotonic() < deadline:
            time.sleep(0.02)
            noted = json.loads((Path(params["folder"]) / "process.json").read_text())
        return {"folder": params["folder"], "pid": child.pid}

    def beside(self, params, progress):
        end = time.monotonic() + wish("beside_s", 0.2)
        while time.monotonic() < end:
            progress.update(0.5, "Case 2 of 4")
            time.sleep(0.02)
        if wish("beside_fails", False):
            raise RenalFusionError("beside_nothing", "None could be asked", remedy="Choose another model.")
        config = read_config(Path(params["bundle"]))
        pairs = (("right", "wrong"), ("right", "right"), ("right", "no opinion"), ("wrong", "right"))
        beside = Beside(
            bundle_name=config.name, bundle_title=config.title, bundle_sha256=config.sha256["bundle.json"],
            program_version="0", asked_on=dt.date(2026, 1, 2),
            cases=[{"case_id": f"K{i}", "label": "x", "new": a, "used": b, "new_best": a == "right",
                    "used_best": b == "right"} for i, (a, b) in enumerate(pairs)],
        )  # fmt: skip
        write_text(beside_path(Run(Path(params["folder"])), beside.bundle_sha256), beside.model_dump_json())
        return {"beside": beside.model_dump(mode="json")}


if __name__ == "__main__":
    Server(FakeWork().handlers(), sys.stdin.buffer, claim_standard_output()).serve()
