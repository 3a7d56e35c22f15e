"""Features of a slide in the making: checksummed parts in a folder beside the file, which a killed run goes on from."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from .array_files import read_array, write_array
from .slide_feature_key import FeatureKey


class FeatureParts:
    """The parts of one file of features; each is a whole small file or counts as absent.

    Parameters
    ----------
    target
        The file that they will become; they lie in ``.<name>.parts`` beside it.
    key
        Parts made from anything else are ignored and overwritten.
    precision
        Parts of another precision are ignored as well: a run that goes on gives what an undisturbed one gives.
    plan
        The indices of the patches of every part, in order.
    """

    def __init__(self, target: Path, key: FeatureKey, precision: str, plan: Sequence[np.ndarray]):
        self.folder = target.with_name(f".{target.name}.parts")
        self.plan = plan
        self._facts = {"slide": key.slide, "model": key.model, "grid": key.grid, "precision": precision}

    def missing(self) -> list[int]:
        """Numbers of the parts that are still to be made."""
        if not self.folder.is_dir():
            return list(range(len(self.plan)))
        return [number for number in range(len(self.plan)) if self.get(number) is None]

    def get(self, number: int) -> np.ndarray | None:
        """Features of a part, float32 [k, d] in the order of its plan; None if there are none, or damaged ones."""
        found = read_array(self._path(number))
        if found is None or found[1] != self._facts_of(number) or len(found[0]) != len(self.plan[number]):
            return None
        return found[0]

    def put(self, number: int, features: np.ndarray) -> None:
        """Keep a part.

        Raises
        ------
        RenalFusionError
            ``disk_full`` or ``folder_not_writable``.
        """
        write_array(self._path(number), np.asarray(features, np.float32), self._facts_of(number))

    def rows(self) -> Iterator[np.ndarray]:
        """The features of all patches in their order, in slabs that fit into memory; all parts must be there."""
        held: list[tuple[np.ndarray, np.ndarray]] = []
        start = 0
        for number, indices in enumerate(self.plan):
            features = self.get(number)
            if features is None:
                raise FileNotFoundError(self._path(number))
            held.append((indices, features))
            places = np.concatenate([one for one, _ in held])
            if places.max() + 1 - start == len(places):  # nothing before these is still to come
                slab = np.empty((len(places), features.shape[1]), np.float32)
                slab[places - start] = np.concatenate([one for _, one in held])
                yield slab
                start, held = start + len(places), []

    def remove(self) -> None:
        """Delete the folder of parts."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.safetensors"

    def _facts_of(self, number: int) -> dict[str, object]:
        return {**self._facts, "first": int(self.plan[number][0]), "count": len(self.plan[number])}


def plan_parts(blocks: Iterator[np.ndarray], bands: np.ndarray, least: int) -> list[np.ndarray]:
    """Blocks of patches put together to parts of ``least`` and more; a part stays in one of ``bands`` [n].

    The plan depends on the patches only, never on what is done already, so every patch is always encoded in the
    same company: batches of another size round differently.
    """
    plan: list[np.ndarray] = []
    open_part: list[np.ndarray] = []
    for block in blocks:
        if open_part and (sum(map(len, open_part)) >= least or bands[block[0]] != bands[open_part[0][0]]):
            plan.append(np.concatenate(open_part))
            open_part = []
        open_part.append(block)
    if open_part:
        plan.append(np.concatenate(open_part))
    return plan
