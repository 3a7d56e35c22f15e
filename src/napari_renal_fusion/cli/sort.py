"""``renal-fusion sort``: what the files of a biopsy are, doubtful ones first; corrections; accepting."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from pathlib import Path

from ..cases import Case, Cohort, Modality
from ..cases.cohort_csv import write_cohort_csv
from ..cases.names import modality_of_folder, stain_of
from ..cases.sorting import Correction, SortedFile, Sorting, accept, sort_source
from ..errors import RenalFusionError
from .console import Talk

_LEAVE_OUT = ("-", "out")


def run_sort(
    talk: Talk,
    paths: Sequence[Path],
    *,
    settings: Sequence[str] = (),
    take: bool = False,
    out: Path | None = None,
    all_files: bool = False,
    beside: bool = True,
) -> bool:
    """Sort ``paths``, apply ``--set`` corrections, print the table, and with ``take`` write key and record.

    ``out`` is a ``cohort.csv`` to write; it needs ``take`` or a folder that was accepted before.
    """
    given: Path | list[Path] = paths[0] if len(paths) == 1 else list(paths)
    with talk.progress() as progress:
        sorting = sort_source(given, tell=progress.update)
    changes = corrections_from(sorting, settings)
    if changes:
        sorting = sorting.correct(changes)
    _show(talk, sorting, all_files)
    cases: tuple[Case, ...] = ()
    if take:
        with talk.progress() as progress:
            cases = accept(sorting, beside=beside, tell=progress.update)
        for case in cases:
            counts = ", ".join(f"{m.title} {len(case.of(m))}" for m in Modality if case.of(m))
            talk.say(f"Case {case.code}: {counts}")
            for notice in case.notices:
                talk.say(f"  {notice.message}")
        if out is not None:
            write_cohort_csv(Cohort(cases), out)
            talk.say(f"Written: {out}")
    elif out is not None:
        raise RenalFusionError(
            "sort_not_accepted",
            "A cohort.csv is written of what was accepted only",
            path=out,
            remedy="Add --accept, with --set for what is wrong.",
        )
    else:
        talk.say("Nothing was written. Correct with --set FILE=IM:IgA, then take it over with --accept.")
    talk.result(_as_json(sorting, cases))
    return True


def corrections_from(sorting: Sorting, settings: Sequence[str]) -> dict[str, Correction]:
    """``FILE=IM:IgA``, ``FILE=OM:PASM:400``, ``FILE=TEM``, ``FILE=-`` (leave out); FILE may hold ``*`` and ``?``.

    Raises
    ------
    RenalFusionError
        ``sort_correction_invalid`` or ``sort_file_unknown``.
    """
    changes: dict[str, Correction] = {}
    for text in settings:
        pattern, equals, value = text.rpartition("=")
        if not equals or not pattern or not value:
            raise _invalid(text, "has no = between file and meaning")
        change = _correction(text, value.strip())
        names = [one.name for one in sorting.files if _is_meant(pattern, one.name)]
        if not names:
            raise RenalFusionError(
                "sort_file_unknown", f"No image is called {pattern}",
                remedy="Write its name as the table shows it; * and ? stand for anything.",
            )  # fmt: skip
        changes |= dict.fromkeys(names, change)
    return changes


def _is_meant(pattern: str, name: str) -> bool:
    short = name.rpartition("/")[2]
    return pattern in (name, short) or fnmatch.fnmatch(name, pattern) or fnmatch.fnmatch(short, pattern)


def _correction(text: str, value: str) -> Correction:
    if value.casefold() in _LEAVE_OUT:
        return Correction(left_out=True)
    first, _, rest = value.partition(":")
    stain, _, size = rest.partition(":")
    modality = modality_of_folder(first)
    if modality is None:
        raise _invalid(text, f"names no modality ({first})")
    if stain and modality is Modality.TEM:
        raise _invalid(text, "gives an electron image a stain")
    try:
        magnification = float(size) if size else None
    except ValueError:
        raise _invalid(text, f"has no number as magnification ({size})") from None
    return Correction(
        modality=modality,
        stain=(stain_of(stain, modality) or stain) if stain else None,
        magnification=magnification,
        left_out=False,
    )


def _invalid(text: str, what: str) -> RenalFusionError:
    return RenalFusionError(
        "sort_correction_invalid",
        f"--set {text} {what}",
        remedy="Write FILE=IM:IgA, FILE=OM:PASM, FILE=TEM, or FILE=- to leave the file out.",
    )


def _show(talk: Talk, sorting: Sorting, all_files: bool) -> None:
    """The doubtful files one by one, the others by group, or all of them."""
    several = len(sorting.biopsies) > 1
    shown = sorting.ordered() if all_files else sorting.doubtful
    if shown:
        header = ["File", "Modality", "Stain", "Times", "Sure", "Why"]
        rows = [_row(file) for file in shown]
        if several:
            header.insert(1, "Biopsy")
            rows = [
                [row[0], file.biopsy.value or "", *row[1:]] for file, row in zip(shown, rows, strict=True)
            ]
        talk.table([header, *rows])
    for biopsy, modalities in sorting.groups().items():
        if several:
            talk.say(f"Biopsy {biopsy or '(no number)'}")
        for modality, stains in modalities.items():
            counts = ", ".join(f"{stain or 'unnamed'} {len(files)}" for stain, files in stains.items())
            total = sum(map(len, stains.values()))
            title = modality.title if modality else "Unknown"
            talk.say(f"  {title}: {total}" + (f" ({counts})" if modality is not Modality.TEM else ""))
    if sorting.others:
        names = ", ".join(f"{one.name} ({one.what})" for one in sorting.others[:6])
        more = f" and {len(sorting.others) - 6} more" if len(sorting.others) > 6 else ""
        talk.say(f"  Not images, left where they are: {names}{more}")
    count = len(sorting.doubtful)
    talk.say(
        f"{len(sorting.files)} images, {count} doubtful."
        if count
        else f"{len(sorting.files)} images, none doubtful."
    )


def _row(file: SortedFile) -> list[str]:
    modality, size = file.modality.value, file.magnification.value
    return [
        file.name,
        "left out" if file.left_out else modality.value if modality else "?",
        file.stain.value or ("" if modality is Modality.TEM else "?"),
        f"{size:g}" if size else "",
        f"{file.sure:.2f}",
        file.why,
    ]


def _as_json(sorting: Sorting, cases: Sequence[Case]) -> dict[str, object]:
    return {
        "files": [
            {
                "file": file.name,
                "modality": file.modality.value,
                "stain": file.stain.value,
                "magnification": file.magnification.value,
                "biopsy": file.biopsy.value,
                "left_out": file.left_out,
                "doubtful": file.doubtful,
                "sure": round(file.sure, 3),
                "why": file.why,
            }
            for file in sorting.ordered()
        ],
        "others": [{"file": other.name, "what": other.what} for other in sorting.others],
        "biopsies": list(sorting.biopsies),
        "cases": [
            {
                "code": case.code,
                "images": {m.value: len(case.of(m)) for m in Modality},
                "notices": [notice.message for notice in case.notices],
            }
            for case in cases
        ],
    }
