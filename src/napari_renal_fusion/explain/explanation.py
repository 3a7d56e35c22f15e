"""An explanation: heat maps, what each electron image counted, and what each modality contributed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from ..cases import Box, Modality, Placement, placement

CamMethod = Literal["gradcam", "gradcam++", "layercam", "eigencam", "hirescam", "attention"]

GRADIENT_METHODS: tuple[CamMethod, ...] = ("gradcam", "gradcam++", "layercam", "eigencam", "hirescam")
"""What every network can be asked for; ``attention`` needs one that attends to all tokens."""

# What a map at the end of the encoders calls its layer.
OUTPUT_LAYER = "encoder output"

Map = Annotated[
    Any,
    BeforeValidator(lambda value: np.asarray(value, dtype=np.float32)),
    PlainSerializer(lambda value: np.asarray(value).tolist()),
]


class HeatMap(BaseModel):
    """The raw class activation map of one image: never rescaled, so that noise does not look like signal.

    ``raw`` is float32 [rows, columns]; ``box`` is the part of the image (pixels, from the corner)
    that the model saw; ``used`` is False for an image that SMIL set aside or gave no weight: it has no
    map (``raw`` is None) and must be shown as "not used", not as an empty map. It is also False for a
    merged copy, whose ``raw`` is the map of the image that stands for it.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True)

    key: str
    modality: Modality
    class_index: int
    method: CamMethod
    layer: str
    used: bool
    raw: Map | None
    box: Box

    @property
    def placement(self) -> Placement:
        """Where the map's cells lie on the image, in image pixels."""
        return placement(self.raw.shape, self.box)


class BagEntry(BaseModel):
    """What SMIL did with one electron image.

    ``weight`` is typicality (how much it counted), not importance, or a share of the attention
    (:attr:`BagRecord.weighs_by`); ``effect`` is the change of the
    probability of each class when this image is left out (without minus with), exactly recomputed;
    ``distance`` is to the centre, in units of the mean pairwise distance.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    name: str
    is_centre: bool
    kept: bool
    weight: float
    distance: float
    duplicate_of: str | None = None
    effect: tuple[float, ...]
    probabilities_without: tuple[float, ...]


class BagRecord(BaseModel):
    """The whole bag of electron images; ``threshold`` in units of the mean pairwise distance.

    ``weighs_by`` says what the weights are: SMIL's typicality, or the share of the attention that an image got from
    a network that sets none aside and measures no distances (``threshold``, ``mean_distance`` and ``distance`` 0).
    """

    model_config = ConfigDict(frozen=True)

    entries: tuple[BagEntry, ...]
    threshold: float
    mean_distance: float
    note: str = ""
    weighs_by: Literal["typicality", "attention"] = "typicality"

    def get(self, key: str) -> BagEntry:
        return next(entry for entry in self.entries if entry.key == key)

    def by_effect(self, class_index: int) -> tuple[BagEntry, ...]:
        """Entries in use, largest effect on one class first, then the ones set aside."""
        return tuple(
            sorted(self.entries, key=lambda entry: (not entry.kept, -abs(entry.effect[class_index])))
        )


class Contributions(BaseModel):
    """How much each modality contributed to the probability of each class.

    ``shapley[m][c]`` sums over modalities to ``probabilities[c] - baseline[c]`` exactly; a removed
    modality is replaced by the bundle's mean tokens, or really left out where the network can answer without, which
    is what ``baseline_says`` tells people. ``without[m]`` holds the probabilities with modality m removed.
    """

    model_config = ConfigDict(frozen=True)

    shapley: dict[Modality, tuple[float, ...]]
    without: dict[Modality, tuple[float, ...]]
    baseline: tuple[float, ...]
    baseline_says: str = "A removed modality is replaced by the average of the training images."


class Explanation(BaseModel):
    """Why a prediction is what it is, for one class and one CAM method.

    ``methods`` are those that this model can be asked for.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True)

    case_id: str
    class_index: int
    class_name: str
    method: CamMethod
    heat_maps: tuple[HeatMap, ...]
    bag: BagRecord | None
    contributions: Contributions | None
    methods: tuple[CamMethod, ...] = GRADIENT_METHODS

    def heat_map(self, key: str) -> HeatMap | None:
        return next((one for one in self.heat_maps if one.key == key), None)

    @property
    def raw_range(self) -> tuple[float, float]:
        """Smallest and largest raw value over all maps: the one scale per case (0 always included)."""
        return self._range(self.heat_maps)

    def range_for(self, heat_map: HeatMap | None) -> tuple[float, float]:
        """The scale on which a map is drawn: :attr:`raw_range`, but of attention that of the map's own modality.

        Attention is shared out within each modality, so that a token of one image of ten always gets less than
        one of a single image, and one scale for all would leave the many empty.
        """
        if self.method != "attention" or heat_map is None:
            return self.raw_range
        return self._range([one for one in self.heat_maps if one.modality == heat_map.modality])

    @staticmethod
    def _range(maps: Sequence[HeatMap]) -> tuple[float, float]:
        values = [one.raw for one in maps if one.raw is not None]
        if not values:
            return (0.0, 0.0)
        return (min(0.0, *(float(v.min()) for v in values)), max(0.0, *(float(v.max()) for v in values)))
