"""Which columns of an omics table belong to which modality."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import RenalFusionError

KNOWN = (
    *(
        "rnaseq",
        "rna",
        "mrna",
        "mirna",
        "lncrna",
        "expr",
        "expression",
        "cnv",
        "cna",
        "mut",
        "mutation",
        "snv",
    ),
    *("meth", "methylation", "prot", "protein", "rppa", "atac", "metab", "metabolite"),
)
"""Endings (``TP53_mut``) and beginnings (``rna_TP53``) that are found without being asked for."""

Groups = Mapping[str, str | Sequence[str]]

_BETWEEN = "_.:-"


def group_columns(columns: Sequence[str], groups: Groups | None, path: Path) -> dict[str, tuple[int, ...]]:
    """Modality name -> the places of its columns among ``columns``, in their order.

    Parameters
    ----------
    groups
        Modality name -> an ending (``"_rnaseq"``), a beginning (``"rna_"``), the name of one column, or
        several of these. ``None``: every one of :data:`KNOWN` that occurs before or after ``_``, ``.``, ``:``
        or ``-``; this may find nothing.

    Raises
    ------
    RenalFusionError
        ``omics_group_empty`` for a group without a column, ``omics_column_twice`` for a column in two groups.
    """
    found = _found(columns) if groups is None else {n: _asked(n, w, columns, path) for n, w in groups.items()}
    owner: dict[int, str] = {}
    for name, places in found.items():
        for place in places:
            if owner.setdefault(place, name) != name:
                raise RenalFusionError(
                    "omics_column_twice",
                    f"The column {columns[place]} would belong to {owner[place]} and to {name}",
                    path=path,
                    remedy="Give endings or beginnings that exclude each other, or name the columns.",
                )
    return found


def _asked(name: str, wanted: str | Sequence[str], columns: Sequence[str], path: Path) -> tuple[int, ...]:
    places: dict[int, None] = {}
    for one in (wanted,) if isinstance(wanted, str) else wanted:
        matching = [place for place, column in enumerate(columns) if _matches(column, one)]
        if not matching:
            raise RenalFusionError(
                "omics_group_empty",
                f"No column belongs to {name}: none is called, begins with or ends with {one!r}",
                path=path,
                remedy="An ending begins with its separator (_rnaseq), a beginning ends with it (rna_).",
            )
        places |= dict.fromkeys(matching)
    return tuple(sorted(places))


def _matches(column: str, wanted: str) -> bool:
    if column == wanted:
        return True
    ends = wanted[:1] in _BETWEEN and column.endswith(wanted)
    begins = wanted[-1:] in _BETWEEN and column.startswith(wanted)
    return bool(wanted) and column != "" and (ends or begins) and len(column) > len(wanted)


def _found(columns: Sequence[str]) -> dict[str, tuple[int, ...]]:
    words = "|".join(KNOWN)
    pattern = re.compile(
        rf"(?:(?P<begin>{words})[{_BETWEEN}].+|.+[{_BETWEEN}](?P<end>{words}))", re.IGNORECASE | re.DOTALL
    )
    found: dict[str, list[int]] = {}
    for place, column in enumerate(columns):
        if match := pattern.fullmatch(column):
            found.setdefault((match["begin"] or match["end"]).lower(), []).append(place)
    return {name: tuple(places) for name, places in found.items()}
