"""Patients for a network that reads the whole panel: any number of images of each modality, with their stains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..cases import Modality
from ..inputs import PanelBatch, collate_panel
from ..networks import PanelTokens
from .data import CaseData, Inputs, normalised

if TYPE_CHECKING:
    from .patients import TrainingCase

PanelItem = tuple[tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]], int]


class PanelData(CaseData):
    """Cases by (epoch, index): tensors and stains [n, ...] of each modality that the case shows, and the class index.

    From pictures, the tensors are normalised images [n, 3, H, W]; from ``tokens`` the token maps [n, h, w, d] of
    the frozen encoders. A copy of an image does not count again. With ``drawing`` a patient shows only some of
    its modalities, any combination being equally likely, in ``part_shown`` of the epochs; as often only some of
    the light images and, apart from that, of the antibodies; always a random bag of electron images. One image
    at least is left.
    """

    def __getitem__(self, key: tuple[int, int]) -> PanelItem:
        epoch, index = key
        case = self.cases[index]
        generator = self.drawing.generator(epoch, case.case_id) if self.drawing else None
        tensors, stains = {}, {}
        for modality in self._shown(case, generator):
            chosen = self._chosen(case, modality, generator)
            tensors[modality.value] = self._tensors(case, modality, chosen, generator)
            stains[modality.value] = self._stains(case, modality, chosen, generator)
        return (tensors, stains), case.label

    def collate(self, items: Sequence[PanelItem]) -> tuple[Inputs, torch.Tensor]:
        """Stack cases to a :class:`PanelBatch` of pictures or to :class:`PanelTokens`, and their class indices [B]."""
        made = PanelBatch if self.tokens is None else PanelTokens
        return made(*collate_panel([given for given, _ in items])), torch.tensor(
            [label for _, label in items]
        )

    def _shown(self, case: TrainingCase, generator: np.random.Generator | None) -> list[Modality]:
        present = [one for one in self.modalities if case.pictures.get(one)]
        if generator is None or generator.random() >= self.config.part_shown:
            return present
        # Every subset but the empty one is a number from 1 on, read bit by bit.
        drawn = int(generator.integers(1, 2 ** len(present)))
        return [one for place, one in enumerate(present) if drawn >> place & 1]

    def _chosen(
        self, case: TrainingCase, modality: Modality, generator: np.random.Generator | None
    ) -> list[int]:
        different = self._different(case, modality)
        if generator is None:
            return different
        if modality is Modality.TEM:
            return [different[i] for i in self.drawing.bag(generator, len(different))]
        if generator.random() >= self.config.part_shown:
            return different
        size = int(generator.integers(1, len(different) + 1))
        return [different[i] for i in generator.permutation(len(different))[:size]]

    def _different(self, case: TrainingCase, modality: Modality) -> list[int]:
        """Places of the pictures without copies: equal pixels of one stain."""
        found: dict[tuple[str, int], int] = {}
        for place, one in enumerate(case.pictures[modality]):
            found.setdefault((one.input_sha256, self._index(modality, one.image.stain)), place)
        return list(found.values())

    def _tensors(
        self,
        case: TrainingCase,
        modality: Modality,
        chosen: list[int],
        generator: np.random.Generator | None,
    ) -> torch.Tensor:
        if self.tokens is not None:
            maps = self.tokens[case.case_id][modality]
            return torch.stack([maps[i] for i in chosen])
        pictures = self._flipped([case.pictures[modality][i].pixels for i in chosen], generator)
        return normalised(np.stack(pictures), self.config, modality)

    def _stains(
        self,
        case: TrainingCase,
        modality: Modality,
        chosen: list[int],
        generator: np.random.Generator | None,
    ) -> torch.Tensor:
        indices = np.array([self._index(modality, case.pictures[modality][i].image.stain) for i in chosen])
        if generator is not None:
            indices[generator.random(len(indices)) < self.config.stain_hidden] = 0
        return torch.from_numpy(indices.astype(np.int64))

    def _index(self, modality: Modality, stain: str | None) -> int:
        return self.config.network.stain_index(modality.value, stain)
