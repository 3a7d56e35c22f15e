"""What a laboratory knows of its microscopes: microscope, objective and camera give a pixel size, told once for all cases."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..compute.atomic import write_text
from ..compute.places import config_dir
from ..errors import RenalFusionError
from .modality import Modality
from .pixel_size import PixelSize

if TYPE_CHECKING:
    from .case import ImageItem

_FORMAT = 1
SOURCE = "laboratory"


class LabScale(BaseModel):
    """One combination of microscope, objective and camera.

    It holds for images of one modality, one magnification and one size in pixels (``height``, ``width``)
    whose files state no pixel size. ``device`` is what the laboratory calls it ("BX53, DP74"), "" for nothing;
    it is a name of a machine, and nothing else about a case is kept.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    modality: Modality
    magnification: float = Field(gt=0, allow_inf_nan=False)
    height: int = Field(ge=1)
    width: int = Field(ge=1)
    pixel_size: PixelSize
    device: str = Field("", max_length=40)
    scale_id: str = Field(default_factory=lambda: secrets.token_hex(4))

    @property
    def stated(self) -> PixelSize:
        """The pixel size with its source, as an image carries it."""
        kind = f"{SOURCE}: ×{self.magnification:g}, {self.width} x {self.height}"
        return self.pixel_size.model_copy(update={"source": kind})

    def words(self) -> str:
        """``Light (OM) ×400, 1600 x 1200: 0.17 µm a pixel (BX53, DP74)``."""
        unit = self.pixel_size.unit.replace("um", "µm")
        device = f" ({self.device})" if self.device else ""
        return (
            f"{self.modality.title} ×{self.magnification:g}, {self.width} x {self.height}: "
            f"{self.pixel_size.value:.4g} {unit} a pixel{device}"
        )

    def holds_for(self, modality: Modality, magnification: float | None, shape: tuple[int, int]) -> bool:
        """Whether an image is of this kind; one of unknown magnification never is."""
        return (
            magnification is not None
            and (modality, shape) == (self.modality, (self.height, self.width))
            and abs(magnification - self.magnification) <= 1e-6 * self.magnification
        )


class _File(BaseModel):
    model_config = ConfigDict(extra="ignore")

    format: int = _FORMAT
    scales: tuple[LabScale, ...] = ()


def scales_path() -> Path:
    return config_dir() / "lab_scales.json"


_read: dict[Path, tuple[tuple[int, int], tuple[LabScale, ...]]] = {}


def lab_scales() -> tuple[LabScale, ...]:
    """What this laboratory told; empty if nothing. The file is read again only when it changed.

    Raises
    ------
    RenalFusionError
        ``lab_scales_damaged``: a file that cannot be understood must not count as empty, or the next one told
        would replace it.
    """
    path = scales_path()
    try:
        state = path.stat()
        key = (state.st_mtime_ns, state.st_size)
        known = _read.get(path)  # threads read scales too
        if known is None or known[0] != key:
            known = _read[path] = key, _parsed(path)
    except FileNotFoundError:
        _read.pop(path, None)
        return ()
    except OSError as error:
        raise _damaged(path, error.strerror or str(error)) from error
    return known[1]


def remember_scale(scale: LabScale) -> None:
    """Keep a scale for the cases to come; it replaces one for the same modality, magnification and size.

    Raises
    ------
    RenalFusionError
        ``lab_scales_damaged``, ``disk_full`` or ``folder_not_writable``.
    """
    shape = (scale.height, scale.width)
    others = [one for one in lab_scales() if not one.holds_for(scale.modality, scale.magnification, shape)]
    _write((*others, scale))


def forget_scale(scale_id: str) -> bool:
    """Forget a scale; says whether there was one. Raises as :func:`remember_scale`."""
    before = lab_scales()
    after = tuple(one for one in before if one.scale_id != scale_id)
    if len(after) < len(before):
        _write(after)
    return len(after) < len(before)


def scale_for(image: ImageItem, shape: tuple[int, int] | None = None) -> LabScale | None:
    """The laboratory's scale for an image, by modality, magnification and size; None if none holds.

    ``shape`` (height, width) spares reading the file's header. What the file states is not asked here. A
    damaged list counts as none: an image without a length is uncalibrated, never in the way.

    Raises
    ------
    RenalFusionError
        If the header must be read and cannot be.
    """
    if image.magnification is None:
        return None
    try:
        known = lab_scales()
    except RenalFusionError:
        return None
    of_kind = [one for one in known if one.modality == image.modality]
    if not of_kind:
        return None
    if shape is None:
        shape = image.pixels.shape[:2] if image.pixels is not None else _header(image)
    return next((one for one in of_kind if one.holds_for(image.modality, image.magnification, shape)), None)


def _header(image: ImageItem) -> tuple[int, int]:
    from .image_files import read_info

    info = read_info(image.path, image.page)
    return info.height, info.width


def _parsed(path: Path) -> tuple[LabScale, ...]:
    try:
        content = _File.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise _damaged(path, f"{error.error_count()} entries cannot be understood") from error
    if content.format > _FORMAT:
        raise _damaged(path, "it was written by a newer version")
    return content.scales


def _write(scales: tuple[LabScale, ...]) -> None:
    write_text(scales_path(), _File(scales=scales).model_dump_json(indent=1) + "\n")


def _damaged(path: Path, reason: str) -> RenalFusionError:
    return RenalFusionError(
        "lab_scales_damaged",
        f"The laboratory's image scales cannot be read ({reason})",
        path=path,
        remedy="Correct the file or delete it; then tell the scales again.",
    )
