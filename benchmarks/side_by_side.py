"""Time two ways of doing the same thing in turns, and print their ratio as a line of a Markdown table."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Comparison:
    """Median seconds of ours and of the alternative, and the median of the paired ratios."""

    what: str
    ours: str
    alternative: str
    seconds: float
    alternative_seconds: float
    ratio: float
    rounds: int

    def row(self) -> str:
        return (
            f"| {self.what} | {self.ours}: {self.seconds:.3g} s | "
            f"{self.alternative}: {self.alternative_seconds:.3g} s | **{self.ratio:.2f}** | {self.rounds} |"
        )


HEADER = "| what | ours | alternative | alternative / ours | rounds |\n|---|---|---|---:|---:|"


def compare(
    what: str,
    ours: tuple[str, Callable[[], object]],
    alternative: tuple[str, Callable[[], object]],
    rounds: int = 5,
) -> Comparison:
    """Run both once to warm up, then in turns: what disturbs the machine disturbs both alike."""
    pairs = []
    for round_ in range(rounds + 1):
        pair = []
        for work in (ours[1], alternative[1]):
            started = time.perf_counter()
            work()
            pair.append(time.perf_counter() - started)
        if round_:
            pairs.append(pair)
    return Comparison(
        what,
        ours[0],
        alternative[0],
        statistics.median(pair[0] for pair in pairs),
        statistics.median(pair[1] for pair in pairs),
        statistics.median(pair[1] / pair[0] for pair in pairs),
        rounds,
    )
