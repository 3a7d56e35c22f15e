"""Patients as batches: scaled omics rows and bags of patches, who has what, an order per epoch."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ...inputs.omics_scaling import OmicsScaling
from ..folds import Fold
from ..randomness import generator_of
from .config import HEALNetTrainingConfig
from .patients import PatientTable

_KEPT_BYTES = 2 * 2**30


@dataclass(frozen=True)
class HEALNetBatch:
    """Tensors [B, tokens, channels] and masks [B, tokens] by modality (None: nobody has it), presence [B, M]."""

    tensors: tuple[torch.Tensor | None, ...]
    masks: tuple[torch.Tensor | None, ...]
    present: torch.Tensor

    def to(self, device: str | torch.device) -> HEALNetBatch:
        """The same batch on another device."""
        return HEALNetBatch(
            tuple(None if one is None else one.to(device) for one in self.tensors),
            tuple(None if one is None else one.to(device) for one in self.masks),
            self.present.to(device),
        )


class FeatureStore:
    """Patch features of patients, float32 [patches, channels], read when needed; the newest 2 GB stay in memory."""

    def __init__(self, read: Callable[[str, int], np.ndarray]):
        self._read = read
        self._kept: OrderedDict[tuple[str, int], np.ndarray] = OrderedDict()
        self._bytes = 0

    def get(self, modality: str, row: int) -> np.ndarray:
        """All patches of one patient; those of several slides follow each other."""
        key = modality, row
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        features = self._read(modality, row)
        self._kept[key] = features
        self._bytes += features.nbytes
        while self._bytes > _KEPT_BYTES and len(self._kept) > 1:
            self._bytes -= self._kept.popitem(last=False)[1].nbytes
        return features


def fit_scalings(
    table: PatientTable, config: HEALNetTrainingConfig, rows: Sequence[int]
) -> dict[str, OmicsScaling]:
    """Fill values and scales of each omics modality, from the patients ``rows`` alone."""
    found = {}
    for one in config.modalities:
        if one.kind == "omics":
            block = table.blocks[one.name]
            found[one.name] = OmicsScaling.fit(
                block.columns, block.values[list(rows)], modality=one.name, scale=one.scale,
                limit=one.limit if one.scale else None,
            )  # fmt: skip
    return found


def omics_tensor(row: np.ndarray, layout: str) -> torch.Tensor:
    """A scaled row [p] as one token [1, p] or as p tokens [p, 1]."""
    values = torch.from_numpy(np.ascontiguousarray(row, dtype=np.float32))
    return values[None] if layout == "one_token" else values[:, None]


class PatientData:
    """Tensors of each patient for one fold: scaled by its training part, patches from the store."""

    def __init__(
        self,
        table: PatientTable,
        config: HEALNetTrainingConfig,
        scalings: Mapping[str, OmicsScaling],
        store: FeatureStore | None = None,
    ):
        self.table, self.config, self.store = table, config, store
        self._present = {name: table.has(name) for name in config.names}
        self._omics: dict[str, np.ndarray] = {}
        for name, scaling in scalings.items():
            self._omics[name] = scaling.transform(table.blocks[name].values)

    def has(self, modality: str, row: int) -> bool:
        return bool(self._present[modality][row])

    def tensors(
        self, row: int, generator: np.random.Generator | None = None, without: Sequence[str] = ()
    ) -> list[torch.Tensor | None]:
        """Tensor [tokens, channels] of each modality; None for one the patient lacks.

        With a ``generator`` (training) patches are drawn, noise is added and a modality may be left out.
        """
        left_out = set(without)
        config = self.config
        here = [one.name for one in config.modalities if self.has(one.name, row) and one.name not in left_out]
        if generator is not None and len(here) > 1 and generator.random() < config.modality_dropout:
            left_out.add(here[int(generator.integers(len(here)))])
        found: list[torch.Tensor | None] = []
        for one in config.modalities:
            if one.name in left_out or not self.has(one.name, row):
                found.append(None)
            elif one.kind == "omics":
                values = self._omics[one.name][row]
                if generator is not None and config.noise:
                    values = values + config.noise * generator.standard_normal(len(values), dtype=np.float32)
                found.append(omics_tensor(values, one.layout))
            else:
                features = self.store.get(one.name, row)
                if generator is not None and len(features) > config.max_patches:
                    drawn = generator.permutation(len(features))[: config.max_patches]
                    features = features[np.sort(drawn)]
                found.append(torch.from_numpy(np.ascontiguousarray(features)))
        return found


def collate_patients(items: Sequence[Sequence[torch.Tensor | None]]) -> HEALNetBatch:
    """Patients stacked; bags are padded with zeros to the longest, the mask says which tokens are real."""
    tensors: list[torch.Tensor | None] = []
    masks: list[torch.Tensor | None] = []
    present = torch.tensor([[one is not None for one in patient] for patient in items])
    for modality in range(len(items[0])):
        given = [patient[modality] for patient in items]
        shapes = [one.shape for one in given if one is not None]
        if not shapes:
            tensors.append(None)
            masks.append(None)
            continue
        longest = max(shape[0] for shape in shapes)
        stacked = torch.zeros((len(items), longest, shapes[0][1]))
        mask = torch.zeros((len(items), longest), dtype=torch.bool)
        for row, one in enumerate(given):
            if one is not None:
                stacked[row, : len(one)] = one
                mask[row, : len(one)] = True
        tensors.append(stacked)
        even = all(shape[0] == longest for shape in shapes)
        masks.append(None if even else mask)
    return HEALNetBatch(tuple(tensors), tuple(masks), present)


def epoch_batches(rows: Sequence[int], batch: int, *seed: object) -> list[list[int]]:
    """Rows in an order that depends on ``seed`` alone, in steps of ``batch``."""
    order = generator_of(*seed, "order").permutation(len(rows))
    return [[rows[i] for i in order[start : start + batch]] for start in range(0, len(rows), batch)]


def channel_widths(
    table: PatientTable, config: HEALNetTrainingConfig, slides: Mapping[str, int]
) -> tuple[int, ...]:
    """Data channels of each modality in the network's order."""
    return tuple(
        slides[one.name]
        if one.kind == "slide"
        else len(table.blocks[one.name].columns)
        if one.layout == "one_token"
        else 1
        for one in config.modalities
    )


def rows_of(table: PatientTable, fold: Fold) -> dict[str, list[int]]:
    """Rows of each part of a fold."""
    place = {name: row for row, name in enumerate(table.patients)}
    return {part: [place[one] for one in getattr(fold, part)] for part in ("train", "validation", "test")}
