"""The pictures of a report, already encoded, so that a case of many images never lies in memory at once."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..cases import Case, Modality
from ..errors import RenalFusionError
from ..explain.explanation import Explanation
from ..figures import scale_bar, to_svg
from ..inference.prediction import Prediction
from .pictures import Picture, encode_jpeg, read_picture, thumbnail

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# What pictures may take of the report's 10 MB; base64 adds a third.
_PICTURE_BYTES = 5_500_000
_WIDE, _GALLERY = 1536, 640


@dataclass(frozen=True)
class Exhibit:
    """One image with its heat map as it stands in the report.

    ``bar`` is the scale bar: its length in percent of the picture's width and its text.
    """

    source: str
    width: int
    height: int
    outlined: bool
    pixel_um: float | None
    bar: tuple[float, str] | None


@dataclass
class Exhibits:
    """Pictures by image key, as ``data:`` addresses; a missing thumbnail means an unreadable image."""

    case: Case
    prediction: Prediction
    explanation: Explanation | None
    drawn: dict[str, Exhibit] = field(default_factory=dict)
    thumbnails: dict[str, str] = field(default_factory=dict)

    def add(self, picture: Picture) -> None:
        """Encode what the report shows of a picture that entered the model."""
        self.thumbnails[picture.key] = data_address(thumbnail(picture), "image/jpeg")
        if self.explanation is None:
            return
        heat_map = self.explanation.heat_map(picture.key)
        in_gallery = picture.modality == Modality.TEM
        small = picture.smaller(_GALLERY if in_gallery else _WIDE)
        # Gallery pictures are shown at a third of the page, so their lines start out thicker.
        unit = small.pixels.shape[1] / 230 if in_gallery else None
        pixels = small.with_heat(heat_map, self.explanation.range_for(heat_map), unit=unit)
        height, width = pixels.shape[:2]
        bar = None
        if small.pixel_um is not None:
            length, text = scale_bar(width, small.pixel_um / small.zoom)
            bar = (100 * length / width, text)
        self.drawn[picture.key] = Exhibit(
            source=data_address(encode_jpeg(pixels, most_bytes=self._share(picture.modality)), "image/jpeg"),
            width=width,
            height=height,
            outlined=small.outlined(heat_map),
            pixel_um=small.pixel_um,
            bar=bar,
        )

    def add_all(self) -> None:
        """Read every image that entered; one that cannot be read any more is left without a picture."""
        for key in self.prediction.selection.keys:
            try:
                self.add(read_picture(self.case, self.prediction, self.explanation, key))
            except RenalFusionError:
                continue

    def add_left_out(self) -> None:
        """Thumbnails of the images that did not enter; an unreadable one is why some were left out."""
        for image in self.prediction.selection.left_out:
            try:
                picture = read_picture(self.case, self.prediction, self.explanation, image.key, least=1)
            except RenalFusionError:
                continue
            self.thumbnails[image.key] = data_address(thumbnail(picture), "image/jpeg")

    def _share(self, modality: Modality) -> int:
        """Bytes one picture may take: light and immunofluorescence count six times a gallery picture."""
        selection = self.prediction.selection
        small = len(selection.of(Modality.TEM))
        unit = _PICTURE_BYTES // (small + 6 * (len(selection.keys) - small))
        return unit if modality == Modality.TEM else 6 * unit


def data_address(data: bytes, kind: str) -> str:
    """A ``data:`` address that holds the content itself."""
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def svg_address(figure: Figure) -> str:
    """A figure as a ``data:`` address."""
    return data_address(to_svg(figure), "image/svg+xml")
