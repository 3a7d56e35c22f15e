"""Patients as batches: pictures with flips, or stored tokens; bags of random size; an order per epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from ..cases import Modality
from ..inputs import Batch, PanelBatch
from ..networks import PanelTokens, Tokens
from .config import TrainingConfig
from .randomness import generator_of

if TYPE_CHECKING:
    from .patients import TrainingCase

Inputs = Batch | Tokens | PanelBatch | PanelTokens
TokensOfCases = Mapping[str, Mapping[Modality, Sequence[torch.Tensor]]]
"""Case id -> modality -> the token map [h, w, d] of each picture, in the order of ``TrainingCase.pictures``."""


@dataclass(frozen=True)
class Drawing:
    """What makes the random draws of one unit: seed, the unit's name, bag sizes and flips; None draws nothing."""

    seed: int
    unit: str
    bag_size: tuple[int, int]
    flips: bool

    def generator(self, epoch: int, case_id: str) -> np.random.Generator:
        return generator_of(self.seed, self.unit, epoch, case_id)

    def bag(self, generator: np.random.Generator, count: int) -> np.ndarray:
        """Indices of the electron images that this epoch shows, of ``count``."""
        largest = min(self.bag_size[1], count)
        size = int(generator.integers(min(self.bag_size[0], largest), largest + 1))
        return generator.permutation(count)[:size]


class CaseData(Dataset):
    """Cases by (epoch, index): tensors [n, ...] per modality and the class index.

    From pictures, the tensors are normalised images [n, 3, H, W]; from ``tokens`` the token maps [n, L, d] of
    the frozen encoders, L = h * w. With ``drawing`` bags are drawn and pictures flipped.
    """

    def __init__(
        self,
        cases: Sequence[TrainingCase],
        config: TrainingConfig,
        *,
        tokens: TokensOfCases | None = None,
        drawing: Drawing | None = None,
    ):
        self.cases, self.config, self.tokens, self.drawing = cases, config, tokens, drawing
        self.modalities = tuple(Modality(one) for one in config.network.modalities)

    def __len__(self) -> int:
        return len(self.cases)

    def __getitem__(self, key: tuple[int, int]) -> tuple[dict[Modality, torch.Tensor], int]:
        epoch, index = key
        case = self.cases[index]
        generator = self.drawing.generator(epoch, case.case_id) if self.drawing else None
        return {one: self._images(case, one, generator) for one in self.modalities}, case.label

    def _images(
        self, case: TrainingCase, modality: Modality, generator: np.random.Generator | None
    ) -> torch.Tensor:
        count = len(case.pictures[modality])
        chosen = np.arange(count)
        if generator is not None and modality == Modality.TEM:
            chosen = self.drawing.bag(generator, count)
        if self.tokens is not None:
            maps = self.tokens[case.case_id][modality]
            return torch.stack([maps[i].flatten(0, 1) for i in chosen])
        pictures = self._flipped([case.pictures[modality][i].pixels for i in chosen], generator)
        return normalised(np.stack(pictures), self.config, modality)

    def collate(
        self, items: Sequence[tuple[dict[Modality, torch.Tensor], int]]
    ) -> tuple[Inputs, torch.Tensor]:
        """See :func:`collate_cases`."""
        return collate_cases(items)

    def _flipped(self, pictures: list[np.ndarray], generator: np.random.Generator | None) -> list[np.ndarray]:
        if generator is None or not self.drawing.flips:
            return pictures
        return [one[:: generator.choice((-1, 1)), :: generator.choice((-1, 1))] for one in pictures]


def case_data(
    cases: Sequence[TrainingCase],
    config: TrainingConfig,
    *,
    tokens: TokensOfCases | None = None,
    drawing: Drawing | None = None,
) -> CaseData:
    """The cases in the form that the configuration's network reads."""
    from .panel_data import PanelData

    kind = PanelData if config.network.whole_panel else CaseData
    return kind(cases, config, tokens=tokens, drawing=drawing)


def normalised(pictures: np.ndarray, config: TrainingConfig, modality: Modality) -> torch.Tensor:
    """Pictures uint8 [n, H, W, 3] as float32 [n, 3, H, W] with the modality's mean and standard deviation."""
    preprocessing = config.preprocessing[modality]
    pixels = torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() / 255
    mean = torch.tensor(preprocessing.mean).view(1, 3, 1, 1)
    std = torch.tensor(preprocessing.std).view(1, 3, 1, 1)
    return ((pixels - mean) / std).contiguous()


def collate_cases(
    items: Sequence[tuple[dict[Modality, torch.Tensor], int]],
) -> tuple[Inputs, torch.Tensor]:
    """Stack cases to a :class:`Batch` of pictures or to :class:`Tokens`, and their class indices [B].

    Bags are padded with zeros to the longest; the mask says which images exist.
    """
    labels = torch.tensor([label for _, label in items])
    stacked: dict[Modality, torch.Tensor] = {}
    mask = None
    for modality in items[0][0]:
        images = [tensors[modality] for tensors, _ in items]
        if modality != Modality.TEM:
            stacked[modality] = torch.stack([one[0] for one in images])
            continue
        longest = max(len(one) for one in images)
        bags = images[0].new_zeros((len(images), longest, *images[0].shape[1:]))
        mask = torch.zeros((len(images), longest), dtype=torch.bool)
        for row, one in enumerate(images):
            bags[row, : len(one)] = one
            mask[row, : len(one)] = True
        stacked[modality] = bags
    tensors = (*(stacked.get(one) for one in (Modality.OM, Modality.IM, Modality.TEM)), mask)
    are_pictures = next(iter(items[0][0].values())).ndim == 4
    return (Batch(*tensors) if are_pictures else Tokens(*tensors, grids={})), labels


class EpochBatches:
    """Batches of (epoch, index) in an order that depends on (seed, unit, epoch) alone.

    A last batch of one patient joins the one before it, because batch normalisation cannot learn from one.
    With several processes each takes its part of every batch; patients from the front fill the last one up.
    """

    def __init__(self, count: int, batch: int, drawing: Drawing, *, rank: int = 0, processes: int = 1):
        self.count, self.batch, self.drawing = count, batch, drawing
        self.rank, self.processes = rank, processes
        self.epoch = 0

    def __len__(self) -> int:
        return len(_split(self.count, self.batch * self.processes))

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        order = generator_of(self.drawing.seed, self.drawing.unit, self.epoch, "order").permutation(
            self.count
        )
        for start, stop in _split(self.count, self.batch * self.processes):
            step = order[start:stop]
            missing = -len(step) % self.processes
            step = np.concatenate([step, np.resize(order, missing)])
            yield [(self.epoch, int(index)) for index in step[self.rank :: self.processes]]


def _split(count: int, step: int) -> list[tuple[int, int]]:
    starts = list(range(0, count, step))
    if len(starts) > 1 and count - starts[-1] == 1:
        starts.pop()
    return list(zip(starts, [*starts[1:], count], strict=True))


def training_loader(data: CaseData, batches: EpochBatches) -> DataLoader:
    """Batches in the order of ``batches``, in this process: pictures are decoded already."""
    return DataLoader(data, batch_sampler=batches, collate_fn=data.collate)


def whole_bags(data: CaseData, batch: int) -> DataLoader:
    """Every case once, in order, with its whole bag."""
    keys = [(0, index) for index in range(len(data))]
    batches = [keys[start : start + batch] for start in range(0, len(keys), batch)]
    return DataLoader(data, batch_sampler=batches, collate_fn=data.collate)


def moved(inputs: Inputs, device: torch.device | str) -> Inputs:
    """The same inputs on another device."""
    if not isinstance(inputs, Batch):
        return inputs.to(device)
    tensors = (inputs.om, inputs.im, inputs.tem, inputs.tem_mask)
    return Batch(*(None if one is None else one.to(device, non_blocking=True) for one in tensors))
