"""What decides the features of a slide: its content, the encoder and the grid, as hashes that a file carries."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

from ..cases.names import readable
from ..cases.slide_files import DICOM_SUFFIXES, slide_file
from ..errors import RenalFusionError
from ..networks import EncoderConfig
from .patch_grid import PatchGrid, level0_um
from .tissue import TISSUE_VERSION

if TYPE_CHECKING:
    from ..cases.slide import Slide
    from ..networks import TimmEncoder

_PIECE, _PIECES = 1 << 16, 64  # 4 MiB of a file, spread evenly: reading gigabytes would take minutes
_RANDOM_SEED = 0


class FeatureEncoder(BaseModel):
    """The network that turns a patch into a vector: a timm model, cut and averaged over its feature map.

    The papers cut a ResNet-50 after its third stage: 1024 numbers a patch. ``stage`` counts timm's feature stages
    from 0 (see `EncoderConfig`); None is the whole backbone. ``weights`` is a .safetensors file with timm's names;
    None means random weights, always the same ones, good for trying only. ``weights_sha256`` stands for the file
    where it is not at hand, and is checked against it where it is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "resnet50"
    stage: int | None = Field(3, ge=0)
    weights: Path | None = None
    weights_sha256: str | None = None
    kwargs: dict[str, JsonValue] = Field(default_factory=dict)

    @field_validator("name")
    @classmethod
    def _plain_name(cls, name: str) -> str:
        return EncoderConfig(name=name).name

    @property
    def random(self) -> bool:
        """Whether the weights are random."""
        return self.weights is None and self.weights_sha256 is None

    def config(self, patch: int) -> EncoderConfig:
        """The configuration of the network for patches of ``patch`` pixels."""
        return EncoderConfig(name=self.name, kwargs=self.kwargs, stage=self.stage, input_size=(patch, patch))

    def sha256_of_weights(self) -> str | None:
        """SHA-256 of the file of weights; None for random ones.

        Raises
        ------
        RenalFusionError
            ``encoder_weights_missing``, or ``encoder_weights_changed`` if the file is not the one it was.
        """
        if self.weights is None or not self.weights.is_file():
            if self.weights is not None and self.weights_sha256 is None:
                raise _weights_missing(self.weights)
            return self.weights_sha256
        with self.weights.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if self.weights_sha256 not in (None, found):
            raise RenalFusionError(
                "encoder_weights_changed",
                f"{readable(self.weights)} does not hold the weights that these features were made with",
                path=self.weights,
                remedy="Choose the file of weights that was used before.",
            )
        return found

    def build(self, patch: int) -> TimmEncoder:
        """The network, in evaluation mode on the processor, for patches of ``patch`` pixels.

        Raises
        ------
        RenalFusionError
            ``encoder_unknown``, or what `load_encoder_weights` raises.
        """
        import torch

        from ..networks import TimmEncoder
        from ..networks.pretrained import load_encoder_weights

        if self.weights is None and self.weights_sha256 is not None:
            raise _weights_missing(Path(f"of {self.name} (SHA-256 {self.weights_sha256[:12]}...)"))
        try:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(_RANDOM_SEED)
                network = TimmEncoder(self.config(patch))
        except ValueError as error:
            raise RenalFusionError(
                "encoder_unknown",
                str(error),
                remedy="Choose a model that timm knows, such as resnet50 with stage 3.",
            ) from error
        if self.weights is not None:
            load_encoder_weights(network, self.weights)
        return network.eval().requires_grad_(False)

    def __str__(self) -> str:
        cut = "whole" if self.stage is None else f"after stage {self.stage}"
        return f"{self.name} ({cut}, {'random weights' if self.random else 'trained weights'})"


class FeatureKey(BaseModel):
    """Hashes of the slide's content, of the model and of the grid; equal keys mean equal features.

    ``model_text`` and ``grid_text`` say the same for people and are not compared.
    """

    model_config = ConfigDict(frozen=True)

    slide: str
    model: str
    grid: str
    model_text: str = ""
    grid_text: str = ""

    def same_as(self, other: FeatureKey) -> bool:
        """Whether all three hashes agree."""
        return (self.slide, self.model, self.grid) == (other.slide, other.model, other.grid)


def feature_key(slide: Slide, encoder: FeatureEncoder, grid: PatchGrid) -> FeatureKey:
    """The key of an open slide's features; reads no pixels and no network.

    Raises
    ------
    RenalFusionError
        When the pixel size must be asked for, or the file of weights is missing.
    """
    weights = encoder.sha256_of_weights()
    um = level0_um(slide)
    model = {
        "encoder": encoder.config(grid.patch).model_dump(mode="json"),
        "weights": weights or f"random {_RANDOM_SEED}",
        "pooling": "mean",
    }
    places = {"grid": grid.model_dump(mode="json"), "level0_um": f"{um:.6g}", "tissue": TISSUE_VERSION}
    return FeatureKey(
        slide=slide_hash(slide.path),
        model=_digest(model),
        grid=_digest(places),
        model_text=f"{encoder}{'' if weights is None else f', weights {weights[:8]}'}",
        grid_text=f"{grid.patch} px at {grid.um_per_pixel:g} um a pixel, at least {grid.least_tissue:.0%} tissue, "
        f"level 0 of {um:g} um",
    )


def slide_hash(path: Path | str) -> str:
    """SHA-256 over the size of a slide's files and 64 pieces of each, the first and last among them.

    A slide of several files (MRXS, DICOM) is all of them. A changed pixel in the middle of a gigabyte can go
    unnoticed; another scan, another slide or a truncated copy cannot.
    """
    digest = hashlib.sha256()
    for file in _files_of(Path(path)):
        with file.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            digest.update(f"{size}:".encode())
            whole = size <= _PIECE * _PIECES
            starts = [0] if whole else [n * (size - _PIECE) // (_PIECES - 1) for n in range(_PIECES)]
            for start in starts:
                stream.seek(start)
                digest.update(stream.read(size if whole else _PIECE))
    return digest.hexdigest()


def _files_of(path: Path) -> list[Path]:
    main = slide_file(path)
    if path.is_dir():
        return sorted(one for one in path.iterdir() if one.suffix.lower() in DICOM_SUFFIXES)
    if main.suffix.lower() == ".mrxs":
        return [main, *sorted(one for one in main.with_suffix("").iterdir() if one.is_file())]
    return [main]


def _digest(facts: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _weights_missing(path: Path) -> RenalFusionError:
    return RenalFusionError(
        "encoder_weights_missing",
        f"The encoder weights {path} do not exist",
        path=path,
        remedy="Check the name, or leave it out to try with random weights.",
    )
