"""Numbers and lists as words of a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

MOST = 8


def some(names: Sequence[str], most: int = MOST) -> str:
    """``a, b, c and 4 more``."""
    names = [str(one) for one in names]
    if len(names) <= most:
        return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def count(number: int, word: str, words: str = "") -> str:
    """``1 patient``, ``2 patients``."""
    return f"{number} {word if number == 1 else words or word + 's'}"


def tally(counts: Mapping[str, int], most: int = MOST) -> str:
    """``PASM 40, HE 12``, the most frequent first."""
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    shown = ", ".join(f"{name} {number}" for name, number in ordered[:most])
    return shown + (f" and {len(ordered) - most} more kinds" if len(ordered) > most else "")


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"
