"""Runs that are killed at random moments and resumed, against an undisturbed one: ``python -m benchmarks kills``."""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from napari_renal_fusion.cases import Cohort
from napari_renal_fusion.training import Run, TrainingConfig

_KILLS_A_RUN = 5


@dataclass(frozen=True)
class Campaign:
    """What a campaign found: kills by what the run was doing, and how far results and weights differ."""

    kills: int
    moments: tuple[str, ...]
    metric_difference: float
    weight_difference: float
    broken_files: tuple[str, ...]

    def row(self) -> str:
        return (
            f"{self.kills} SIGKILLs at random moments ({', '.join(self.moments)}): largest difference to an "
            f"undisturbed run {self.metric_difference:.1e} in a metric, {self.weight_difference:.1e} in a weight; "
            f"half-written files {len(self.broken_files)}."
        )


def campaign(cohort: Cohort, config: TrainingConfig, folder: Path, kills: int, seed: int = 0) -> Campaign:
    """Kill runs of ``config`` in all ``kills`` times, several times each, and compare what they end with."""
    drawn = random.Random(seed)
    whole = Run.create(cohort, config, folder / "undisturbed")
    lasts = _launch(whole)
    moments, broken = [], []
    metric = weight = 0.0
    left, number = kills, 0
    while left:
        run = Run.create(cohort, config, folder / f"killed-{number}")
        times = min(left, _KILLS_A_RUN)
        for _ in range(times):
            moments.append(_launch(run, kill_after=drawn.uniform(0, lasts)))
            broken += _broken(run)
            if moments[-1] == "finished":
                break
        left -= times
        number += 1
        if run.state != "finished":
            _launch(run)
        metric = max(metric, metric_difference(whole, run))
        weight = max(weight, weight_difference(whole, run))
    return Campaign(kills, tuple(sorted(set(moments))), metric, weight, tuple(broken))


def metric_difference(one: Run, other: Run) -> float:
    """Largest difference between the figures of two finished runs."""
    found = [abs(one.results.mean[name] - other.results.mean[name]) for name in one.results.mean]
    pairs = zip(one.results.cases, other.results.cases, strict=True)
    found += [abs(a - b) for x, y in pairs for a, b in zip(x.probabilities, y.probabilities, strict=True)]
    return max(found)


def weight_difference(one: Run, other: Run) -> float:
    """Largest difference between the weights of two runs' bundles."""
    from napari_renal_fusion.bundles import load

    a, b = load(one.bundle).weights, load(other.bundle).weights
    assert set(a) == set(b)
    return max(float((a[name].double() - b[name].double()).abs().max()) for name in a if a[name].numel())


def _launch(run: Run, kill_after: float | None = None) -> float | str:
    """Seconds of work of an undisturbed run, or what a run did when it was killed."""
    start = run.events()[1]
    pid = run.launch()
    began = time.monotonic()
    while run.state == "running":
        events, _ = run.events(start)
        working = any(one["event"] == "started" for one in events)
        if not working:
            began = time.monotonic()
        elif kill_after is not None and time.monotonic() - began > kill_after:
            os.kill(pid, signal.SIGKILL)
            while run.state == "running":
                time.sleep(0.01)
            last = run.events()[0][-1]
            return str(last.get("message", last["event"])).split(":")[0].split(" ")[0]
        time.sleep(0.005)
    if run.state != "finished":
        raise RuntimeError(f"{run.folder}: {run.state} {run.failure}")
    return "finished" if kill_after is not None else time.monotonic() - began


def _broken(run: Run) -> list[str]:
    """Files under a final name that cannot be read to their end."""
    import json

    from safetensors.torch import load_file

    from napari_renal_fusion.training import checkpoint

    found = []
    for path in run.folder.rglob("*"):
        if any(part.startswith(".") for part in path.relative_to(run.folder).parts):
            continue
        try:
            if path.suffix == ".json":
                json.loads(path.read_text(encoding="utf-8"))
            if path.suffix == ".safetensors":
                load_file(path)
            if path.suffix == ".ckpt" and checkpoint.load(path) is None:
                found.append(str(path))
        except Exception:  # whatever a half-written file makes its reader say
            found.append(str(path))
    return found


def run(kills: int = 20) -> str:
    """The campaign of ``make bars``: two small folds, the fusion on stored tokens and then the last stage from pictures."""
    from tests.training.tiny import tiny_cohort, tiny_config

    with tempfile.TemporaryDirectory() as temporary:
        os.environ["RENAL_FUSION_HOME"] = str(Path(temporary) / "home")
        cohort = tiny_cohort(Path(temporary) / "cohort", per_class=16)
        config = tiny_config("small", final="ensemble", patience=3, epochs=8, finetune_epochs=2)
        return campaign(cohort, config, Path(temporary) / "runs", kills).row()
