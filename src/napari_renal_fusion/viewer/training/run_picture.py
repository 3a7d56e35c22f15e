"""What a running training looks like, added up from its events; plain Python, without Qt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class UnitPicture:
    """One fold model: its place, its epochs so far (by number), and its figures once it is finished."""

    name: str
    index: int = 0
    epochs_planned: int = 0
    epochs: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    metrics: Mapping[str, float] | None = None
    epoch_used: int | None = None

    @property
    def state(self) -> str:
        if self.metrics is not None:
            return "finished"
        return "begun" if self.epochs_planned else "waiting"

    @property
    def last(self) -> Mapping[str, Any] | None:
        """The newest epoch."""
        return self.epochs[max(self.epochs)] if self.epochs else None

    @property
    def best(self) -> Mapping[str, Any] | None:
        """The epoch with the smallest validation loss, which is the one that is kept."""
        seen = [one for one in self.epochs.values() if one.get("val_loss") is not None]
        return min(seen, key=lambda one: one["val_loss"]) if seen else None

    def curve(self, figure: str) -> list[tuple[float, float]]:
        """Points (epoch, value) of ``train_loss``, ``val_loss``, ``val_auc`` or ``val_accuracy``."""
        return [
            (float(number), float(one[figure]))
            for number, one in sorted(self.epochs.items())
            if one.get(figure) is not None
        ]


class RunPicture:
    """Adds up events in order; an epoch that a resumed run repeats replaces the older one."""

    def __init__(self) -> None:
        self.units: dict[str, UnitPicture] = {}
        self.count = 0
        self.fraction = 0.0
        self.message = ""
        self.remaining_s: float | None = None
        self.device = ""
        self.device_reason = ""
        self.current: str | None = None
        self.problem = ""

    def add(self, events: Iterable[Mapping[str, Any]]) -> bool:
        """Take in events; True if a curve or a state changed, not only the progress."""
        changed = False
        for event in events:
            handler = getattr(self, f"_on_{event.get('event')}", None)
            if handler is not None:
                handler(event)
                changed |= event["event"] != "progress"
        return changed

    @property
    def gpu_memory_mb(self) -> float | None:
        """Memory of the graphics card at the newest epoch; None on a processor."""
        unit = self.units.get(self.current or "")
        return unit.last.get("gpu_memory_mb") if unit is not None and unit.last is not None else None

    def _unit(self, name: str) -> UnitPicture:
        return self.units.setdefault(name, UnitPicture(name, len(self.units)))

    def _on_started(self, event: Mapping[str, Any]) -> None:
        self.device, self.device_reason = event.get("device", ""), event.get("device_reason", "")
        self.problem, self.remaining_s = "", None
        for index, name in enumerate(event.get("units", ())):
            self._unit(name).index = index
        self.count = max(self.count, len(self.units))

    def _on_progress(self, event: Mapping[str, Any]) -> None:
        self.fraction = event.get("fraction", self.fraction)
        self.message = event.get("message", "")
        self.remaining_s = event.get("remaining_s")

    def _on_unit_started(self, event: Mapping[str, Any]) -> None:
        unit = self._unit(event["unit"])
        unit.epochs_planned, unit.metrics = event.get("epochs", 0), None
        unit.index = event.get("index", unit.index)
        self.count = max(self.count, event.get("count", 0))
        self.current = unit.name

    def _on_epoch(self, event: Mapping[str, Any]) -> None:
        unit = self._unit(event["unit"])
        unit.epochs[int(event["epoch"])] = event
        unit.epochs_planned = event.get("epochs", unit.epochs_planned)
        self.current = unit.name

    def _on_unit_finished(self, event: Mapping[str, Any]) -> None:
        unit = self._unit(event["unit"])
        unit.metrics, unit.epoch_used = event.get("metrics") or {}, event.get("epoch_used")

    def _on_failed(self, event: Mapping[str, Any]) -> None:
        self.problem, self.remaining_s = event.get("message", ""), None

    def _on_stopped(self, event: Mapping[str, Any]) -> None:
        self.remaining_s = None

    def _on_finished(self, event: Mapping[str, Any]) -> None:
        self.fraction, self.remaining_s, self.message = 1.0, None, "Finished"
