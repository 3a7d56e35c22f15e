"""``renal-fusion verify``: how often a bundle is right about this laboratory's own signed-out cases."""

from __future__ import annotations

from pathlib import Path

from ..cases.anonymous import with_codes
from ..cases.folders import open_cases
from .console import Talk, complain


def run_verify(talk: Talk, bundle: str, cohort: Path, *, device: str, threads: int) -> None:
    """Check a bundle on own signed-out cases and keep the result beside it."""
    from ..bundles import load
    from ..inference import verify

    cases = with_codes(open_cases(cohort), cohort)
    for problem in (one for one in cases.problems if one.severity != "info"):
        complain(f"{problem.severity}: {problem.message}")
    with talk.progress() as progress:
        record = verify(load(bundle), cases, progress, device=device, threads=threads)
    for sentence in record.sentences:
        talk.say(sentence)
    talk.say()
    for line in confusion_lines(record.class_names, record.confusion):
        talk.say(line)
    for notice in record.left_out:
        complain(f"left out: {notice.message}")
    talk.say()
    talk.say(f"From now on this stands beside every answer of {record.bundle_title} on this computer.")
    talk.result(record.model_dump(mode="json"))


def confusion_lines(names: tuple[str, ...], confusion: tuple[tuple[int, ...], ...]) -> list[str]:
    """A small table: rows are the signed-out diagnosis, columns what the model said."""
    letters = [chr(ord("A") + i) if i < 26 else str(i + 1) for i in range(len(names))]
    corner = "Signed out (rows), answered (columns)"
    width = max(len(corner), *(len(name) + 3 for name in names))
    lines = [f"{corner:<{width}}" + "".join(f"{letter:>6}" for letter in letters)]
    for letter, name, row in zip(letters, names, confusion, strict=True):
        label = f"{letter}  {name[:1].upper()}{name[1:]}"
        lines.append(f"{label:<{width}}" + "".join(f"{count:>6}" for count in row))
    return lines
