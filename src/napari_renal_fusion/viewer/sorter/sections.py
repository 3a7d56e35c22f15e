"""What stands under which heading in the sorter: doubtful images first, then biopsy, modality and stain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...cases import Modality
from ...cases.sorting import Sorting
from .choices import STAINS
from .words import LEFT_OUT, TO_CHECK, UNKNOWN


@dataclass(frozen=True)
class Cluster:
    """Images of one stain; ``title`` is "" where there is nothing to name."""

    title: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """One heading with the images below it.

    ``note`` is the secondary text beside the heading; ``key`` tells sections apart whatever their counts.
    """

    title: str
    clusters: tuple[Cluster, ...]
    note: str = ""
    key: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for cluster in self.clusters for name in cluster.names)


def sections_of(sorting: Sorting) -> tuple[Section, ...]:
    """Lay out a sorting; every image stands in exactly one place."""
    doubtful = {file.name for file in sorting.doubtful}
    sections = []
    if doubtful:
        names = tuple(file.name for file in sorting.doubtful)
        note = "the least certain first"
        sections.append(Section(f"{TO_CHECK}  {len(names)}", (Cluster("", names),), note, ("check",)))
    groups = sorting.groups()
    several = len(groups) > 1
    for biopsy, modalities in groups.items():
        for modality, stains in modalities.items():
            clusters = [
                Cluster(
                    "" if modality in (None, Modality.TEM) else f"{stain or 'not named'}  {len(names)}", names
                )
                for stain in _in_order(modality, list(stains))
                if (names := tuple(file.name for file in stains[stain] if file.name not in doubtful))
            ]
            if clusters:
                count = sum(len(cluster.names) for cluster in clusters)
                title = modality.title if modality else UNKNOWN
                before = f"Biopsy {biopsy or '(no number)'} — " if several else ""
                sections.append(
                    Section(f"{before}{title}  {count}", tuple(clusters), "", (biopsy, modality or ""))
                )
    out = tuple(file.name for file in sorting.files if file.left_out)
    if out:
        note = "the files stay where they are"
        sections.append(Section(f"{LEFT_OUT}  {len(out)}", (Cluster("", out),), note, ("out",)))
    return tuple(sections)


def next_current(before: Sequence[Section], after: Sequence[Section], said: Sequence[str]) -> str:
    """Where the cursor goes once ``said`` were corrected.

    It stays where it is if the first of them does; else it goes to the image that followed them, so that a
    person walks through the doubtful ones without moving by hand.
    """
    first = said[0]
    if _place_of(before, first) == _place_of(after, first):
        return first
    section = next((one for one in before if first in one.names), None)
    names = section.names if section else ()
    end = max((names.index(name) for name in said if name in names), default=-1)
    candidates = [*names[end + 1 :], *reversed(names[: end + 1])]
    stays = (name for name in candidates if name not in said)
    return next((name for name in stays if _place_of(before, name) == _place_of(after, name)), first)


def _place_of(sections: Sequence[Section], name: str) -> tuple[str, ...]:
    """Section and stain of an image."""
    for section in sections:
        for cluster in section.clusters:
            if name in cluster.names:
                return (*section.key, cluster.title.rpartition("  ")[0])
    return ()


def _in_order(modality: Modality | None, stains: Sequence[str | None]) -> list[str | None]:
    """Stains as people list them, then others by name, the unnamed last."""
    known = list(STAINS.get(modality, ())) if modality else []

    def place(stain: str | None) -> tuple[int, str]:
        if stain is None:
            return len(known) + 1, ""
        return (known.index(stain), "") if stain in known else (len(known), stain)

    return sorted(stains, key=place)
