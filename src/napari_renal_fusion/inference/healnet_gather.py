"""What of a case enters a HEALNet bundle: its omics row by column, its slides as patches, and what is missing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..bundles.healnet_format import HEALNetBundleConfig, OmicsInput, SlideInput
from ..cases import Case, SlideItem
from ..compute.progress import Progress
from ..errors import RenalFusionError
from ..notices import Notice
from .healnet_features import cached_features
from .prediction import ModalityUse

if TYPE_CHECKING:
    import torch

    from ..inputs.slide_features import SlideFeatures

_NAMED = 5


@dataclass
class HEALNetGathered:
    """Tensors of each member, and everything that a person must know about how they came about."""

    member_tensors: list[dict[str, torch.Tensor | None]]
    uses: list[ModalityUse] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    features: dict[str, SlideFeatures] = field(default_factory=dict)
    all_slides: dict[str, tuple[SlideItem, ...]] = field(default_factory=dict)
    slide_of: dict[str, np.ndarray] = field(default_factory=dict)
    patch_sides: dict[str, tuple[int, ...]] = field(default_factory=dict)
    omics: dict[str, tuple[tuple[str, ...], np.ndarray]] = field(default_factory=dict)
    input_sha256: dict[str, str] = field(default_factory=dict)

    @property
    def present(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.uses if one.used)


def gather_healnet(
    case: Case,
    config: HEALNetBundleConfig,
    *,
    features: Mapping[str, tuple[Path, ...]] | None = None,
    device: str = "auto",
    progress: Progress,
) -> HEALNetGathered:
    """Collect every modality; a missing one is a notice, never an error.

    ``features`` are files of patch features to read in place of slides, by modality.
    """
    found = HEALNetGathered([{} for _ in range(config.members)])
    values = _omics_values(case)
    for place, one in enumerate(config.inputs):
        with progress.part(place / len(config.inputs), (place + 1) / len(config.inputs)):
            if isinstance(one, OmicsInput):
                progress.update(0.0, f"Reading {one.name}")
                _add_omics(found, one, values)
            else:
                _add_slides(found, one, case, (features or {}).get(one.name), device, progress)
    _report_unknown(found, config, values)
    return found


def _omics_values(case: Case) -> dict[str, float]:
    """Every value of the case's omics row by its column."""
    if case.omics is None:
        return {}
    return {column: value for block in case.omics.blocks.values() for column, value in block.items()}


def _add_omics(found: HEALNetGathered, one: OmicsInput, values: Mapping[str, float]) -> None:
    import torch

    columns = one.columns
    raw = np.array([values.get(name, np.nan) for name in columns], dtype=np.float64)
    given = np.isfinite(raw)
    for tensors in found.member_tensors:
        tensors[one.name] = None
    if not given.any():
        _miss(found, one.name, "omics", f"No {one.name}: the answer was given without it.")
        return
    if given.mean() < one.needed:
        _miss(
            found, one.name, "omics",
            f"{one.name} has {int(given.sum())} of {len(columns)} columns, too few to be used: the answer was "
            "given without it.",
        )  # fmt: skip
        return
    lacking = [name for name, here in zip(columns, given, strict=True) if not here]
    detail = f"{len(columns)} column{'s' * (len(columns) > 1)}"
    if lacking:
        detail = f"{len(columns) - len(lacking)} of {len(columns)} columns, the others at the training mean"
        found.notices.append(
            Notice(
                code="omics_columns_missing",
                message=f"{one.name} lacks {_some(lacking)}; the mean of the training patients stands in.",
            )
        )
    for tensors, scaling in zip(found.member_tensors, one.scalings, strict=True):
        tensor = torch.from_numpy(scaling.transform(raw[None])[0])
        tensors[one.name] = tensor[None, None] if one.layout == "one_token" else tensor[None, :, None]
    found.omics[one.name] = columns, raw
    found.input_sha256[one.name] = hashlib.sha256(raw.tobytes()).hexdigest()
    found.uses.append(ModalityUse(name=one.name, kind="omics", used=True, detail=detail))


def _add_slides(
    found: HEALNetGathered, one: SlideInput, case: Case, given: tuple[Path, ...] | None, device: str,
    progress: Progress,
) -> None:  # fmt: skip
    import torch

    from ..inputs.slide_features import read_features

    for tensors in found.member_tensors:
        tensors[one.name] = None
    items = tuple(case.slides)
    if given is None and not items:
        _miss(found, one.name, "slide", "No slide: the answer was given without it.")
        return
    if given is None and (one.encoder is None or one.grid is None):
        _miss(
            found, one.name, "slide",
            "This model was trained on feature files that were made elsewhere, so a slide cannot be read for it; "
            "the answer was given without it.",
        )  # fmt: skip
        return
    parts: list[SlideFeatures] = []
    kept: list[SlideItem] = []
    sources = given if given is not None else items
    for number, source in enumerate(sources):
        with progress.part(number / len(sources), (number + 1) / len(sources)):
            progress.update(0.0, f"Features of slide {number + 1} of {len(sources)}")
            name = f"slide {number + 1}"
            try:
                path = (
                    source
                    if isinstance(source, Path)
                    else cached_features(source, one.encoder, one.grid, device=device, progress=progress)
                )
                read = read_features(path)
                _check_channels(read, one, name)
            except RenalFusionError as error:
                found.notices.append(
                    Notice(code=error.code, message=f"{name[:1].upper()}{name[1:]} is not used: {error}")
                )
                continue
            parts.append(read)
            if isinstance(source, SlideItem):
                kept.append(source)
    if not parts:
        _miss(found, one.name, "slide", "No slide could be used: the answer was given without it.")
        return
    whole = parts[0] if len(parts) == 1 else _together(parts)
    tensor = torch.from_numpy(np.ascontiguousarray(whole.features, dtype=np.float32))[None]
    for tensors in found.member_tensors:
        tensors[one.name] = tensor
    found.features[one.name] = whole
    found.all_slides[one.name] = tuple(kept)
    found.slide_of[one.name] = np.repeat(np.arange(len(parts)), [len(part.features) for part in parts])
    found.patch_sides[one.name] = tuple(part.patch_level0 for part in parts)
    for part, number in zip(parts, range(len(parts)), strict=True):
        found.input_sha256[f"{one.name}-{number + 1}"] = hashlib.sha256(part.features.tobytes()).hexdigest()
    count = len(whole.features)
    low, high = one.patches
    if not low <= count <= 2 * high:
        found.notices.append(
            Notice(
                code="patches_unseen",
                message=f"{count} patches enter; the model was trained on {low} to {high}.",
            )
        )
    slides = f"{len(parts)} slide{'s' * (len(parts) > 1)}"
    found.uses.append(
        ModalityUse(name=one.name, kind="slide", used=True, detail=f"{count} patches of {slides}")
    )


def _check_channels(read: SlideFeatures, one: SlideInput, name: str) -> None:
    if read.features.ndim != 2 or read.features.shape[1] != one.channels:
        raise RenalFusionError(
            "features_channels",
            f"{name} has {read.features.shape[-1]} features a patch, the model reads {one.channels}",
            remedy="Make the features with the model's own encoder and grid.",
        )


def _together(parts: list[SlideFeatures]) -> SlideFeatures:
    return replace(
        parts[0],
        features=np.concatenate([one.features for one in parts]),
        coords=np.concatenate([one.coords for one in parts]),
    )


def _miss(found: HEALNetGathered, name: str, kind: str, message: str) -> None:
    found.uses.append(ModalityUse(name=name, kind=kind, used=False, detail="missing"))
    found.notices.append(Notice(code="modality_skipped", message=message))


def _report_unknown(found: HEALNetGathered, config: HEALNetBundleConfig, values: Mapping[str, float]) -> None:
    known = {name for one in config.inputs if isinstance(one, OmicsInput) for name in one.columns}
    unknown = [name for name in values if name not in known]
    if unknown:
        found.notices.append(
            Notice(
                code="omics_columns_unknown",
                severity="info",
                message=f"The model does not read {_some(unknown)} of the omics table.",
            )
        )


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    word = "column" if len(names) == 1 else "columns"
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"the {word} {shown}{more}"
