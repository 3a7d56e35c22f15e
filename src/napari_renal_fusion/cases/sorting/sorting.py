"""A sorted set of files: what each is, in which order a person should look, and what corrections change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..modality import Modality
from .guess import Correction, OtherFile, SortedFile
from .look import Look
from .pattern import LabPattern


@dataclass(frozen=True)
class Sorting:
    """The result of :func:`.sorter.sort_files`.

    Attributes
    ----------
    root
        The folder that was sorted; None for a selection of files.
    files
        Every image in natural order of its name.
    others
        Files that are no images; they are left where they lie.
    pattern
        What was known of the laboratory when sorting began.
    corrections
        What the person said, by the file's name.
    """

    root: Path | None
    files: tuple[SortedFile, ...]
    others: tuple[OtherFile, ...] = ()
    pattern: LabPattern = field(default_factory=LabPattern)
    corrections: Mapping[str, Correction] = field(default_factory=dict)
    looks: Mapping[Path, Look | str] = field(default_factory=dict, repr=False, compare=False)
    known: Mapping[Path, SortedFile] = field(default_factory=dict, repr=False, compare=False)

    @property
    def doubtful(self) -> tuple[SortedFile, ...]:
        """Files that a person should look at, the least certain first."""
        return tuple(file for file in self.ordered() if file.doubtful)

    def ordered(self) -> tuple[SortedFile, ...]:
        """Doubtful files first, the least certain at the top; then the others as they are grouped."""
        order = {None: 0, Modality.OM: 1, Modality.IM: 2, Modality.TEM: 3}
        doubtful = sorted((file for file in self.files if file.doubtful), key=lambda file: file.sure)
        clear = sorted(
            (file for file in self.files if not file.doubtful),
            key=lambda file: (
                file.left_out, file.biopsy.value or "", order[file.modality.value], file.stain.value or "",
            ),
        )  # fmt: skip
        return (*doubtful, *clear)

    def groups(self) -> dict[str, dict[Modality | None, dict[str | None, tuple[SortedFile, ...]]]]:
        """Files by biopsy, modality (OM, IM, TEM, then None) and stain; files left out are in none."""
        grouped: dict[str, dict[Modality | None, dict[str | None, list[SortedFile]]]] = {}
        for file in self.files:
            if file.left_out:
                continue
            modalities = grouped.setdefault(file.biopsy.value or "", {key: {} for key in (*Modality, None)})
            stain = None if file.modality.value is Modality.TEM else file.stain.value
            modalities[file.modality.value].setdefault(stain, []).append(file)
        return {
            biopsy: {
                modality: {stain: tuple(files) for stain, files in stains.items()}
                for modality, stains in modalities.items()
                if stains
            }
            for biopsy, modalities in sorted(grouped.items())
        }

    @property
    def biopsies(self) -> tuple[str, ...]:
        """Labels of the biopsies found."""
        return tuple(self.groups())

    def get(self, name: str) -> SortedFile:
        """The file of this name; KeyError if there is none."""
        for file in self.files:
            if file.name == name:
                return file
        raise KeyError(name)

    def correct(self, changes: Mapping[str, Correction]) -> Sorting:
        """Apply corrections, by file name; what they teach is applied to the other files at once.

        Raises
        ------
        KeyError
            For a name that is no image of this sorting.
        """
        from .sorter import believe

        for name in changes:
            self.get(name)
        corrections = dict(self.corrections)
        for name, change in changes.items():
            corrections[name] = change.over(corrections.get(name))
        told = believe(self, corrections, self.pattern)
        return believe(told, corrections, self.pattern.learn(told))

    def learned(self) -> LabPattern:
        """The laboratory's pattern with what this sorting's corrections teach."""
        return self.pattern.learn(self) if self.corrections else self.pattern
