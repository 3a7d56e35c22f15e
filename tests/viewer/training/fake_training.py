"""A training process without torch: ``python -m tests.viewer.training.fake_training RUN``.

It writes the real files of a run folder (events, process, results, bundle) with made-up figures, obeys the
stop file, and goes on from the last whole epoch when it is started again.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import time
from pathlib import Path

import napari_renal_fusion
from napari_renal_fusion.compute.atomic import write_text
from napari_renal_fusion.compute.progress import Step
from napari_renal_fusion.training import process
from napari_renal_fusion.training.events import EventLog, read_events
from napari_renal_fusion.training.results import CaseOutcome, FoldMetrics, Results

CLASSES = ("IgA nephropathy", "membranous nephropathy", "lupus nephritis")


def wish(name: str, default):
    """What a test asked for while its children run already: a JSON file in the private home."""
    try:
        text = (Path(os.environ["RENAL_FUSION_HOME"]) / "wishes.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        return default
    return json.loads(text).get(name, default)


def main(folder: Path, pause_s: float, memory_mb: float | None, ending: str) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    epochs, folds = config["epochs"], config["folds"]
    process.claim(folder, os.getpid())
    (folder / "stop").unlink(missing_ok=True)
    done = {(e["unit"], e["epoch"]) for e in read_events(folder)[0] if e["event"] == "epoch"}
    log = EventLog(folder)
    units = [f"fold-{number}" for number in range(1, folds + 1)]
    log.write("started", pid=os.getpid(), device="cpu", device_reason="processor, no graphics card found",
              threads=2, resumed=bool(done), units=units)  # fmt: skip
    started, steps = time.monotonic(), 0
    for index, unit in enumerate(units):
        if all((unit, epoch) in done for epoch in range(1, epochs + 1)):
            continue
        log.write("unit_started", unit=unit, index=index, count=folds, epochs=epochs)
        for epoch in range(1, epochs + 1):
            if (unit, epoch) in done:
                continue
            time.sleep(pause_s)
            if (folder / "stop").exists():
                log.write("stopped")
                sys.exit(3)
            steps += 1
            fraction = (index + epoch / epochs) / folds
            left = (time.monotonic() - started) / steps * (folds * epochs * (1 - fraction))
            log.write("epoch", unit=unit, epoch=epoch, epochs=epochs, learning_rate=1e-3, seconds=pause_s,
                      gpu_memory_mb=memory_mb, best=True, **figures(index, epoch))  # fmt: skip
            log.progress(Step(fraction, f"{unit}: epoch {epoch} of {epochs}"))
            log.write("progress", fraction=fraction, message=f"Epoch {epoch} of {epochs}", remaining_s=left)
            if ending == "fail":
                log.write("failed", code="disk_full", message="The disk is full: last.ckpt could not be written. "
                          "Free some space or choose another folder; what was there before is unchanged.")  # fmt: skip
                sys.exit(1)
        log.write("unit_finished", unit=unit, metrics={"auc": 0.9, "accuracy": 0.8}, epoch_used=epochs)
    write_text(folder / "results.json", results(units).model_dump_json())
    demo = Path(napari_renal_fusion.__file__).parent / "sample_data" / "bundles" / "demo"
    shutil.copytree(demo, folder / "bundle", dirs_exist_ok=True)
    log.write("finished", bundle="bundle", bundles=["bundle"])


def figures(index: int, epoch: int) -> dict[str, float]:
    """Curves that fall and rise as those of a training do."""
    wave = 0.05 * math.sin(epoch * 1.7 + index)
    return {
        "train_loss": 0.15 + 1.1 * math.exp(-epoch / 7),
        "val_loss": 0.32 + 0.85 * math.exp(-epoch / 6) + wave + 0.004 * epoch + 0.02 * index,
        "val_auc": min(1.0, 0.95 - 0.35 * math.exp(-epoch / 6) - wave / 2 - 0.01 * index),
        "val_accuracy": min(1.0, 0.86 - 0.4 * math.exp(-epoch / 6)),
    }


def results(units: list[str]) -> Results:
    cases = tuple(
        CaseOutcome(case_id=f"P{n:03d}-B1", patient_id=f"P{n:03d}", unit=units[n % len(units)],
                    label=(n - 1) % 3, logits=(0.1, 0.5, -0.2), probabilities=(0.3, 0.5, 0.2))
        for n in range(1, 7)
    )  # fmt: skip
    one = {"accuracy": 0.8, "auc": 0.9, "precision": 0.8, "recall": 0.8, "specificity": 0.9, "f1": 0.8}
    return Results(
        class_names=CLASSES, modalities=("OM", "IM", "TEM"),
        folds=tuple(FoldMetrics(unit=unit, patients=3, metrics=one) for unit in units), mean=one,
        sd=dict.fromkeys(one, 0.05), interval={name: (v - 0.1, min(1, v + 0.1)) for name, v in one.items()},
        cases=cases, temperature=1.2, ece=0.06, coverage_asked=0.9,
    )  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]), wish("pause", 0.05), wish("memory", None), wish("ending", ""))
