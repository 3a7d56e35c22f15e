"""The pixel size in the private tags that electron-microscope and camera programs write into TIFF files."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from tifffile import TiffFile, TiffPage

_UM_PER_METRE, _UM_PER_INCH, _UM_PER_CM = 1e6, 25_400.0, 10_000.0


@dataclass(frozen=True)
class StatedSides:
    """Sides of a pixel with the unit as written ("nm", "µm", "m", "1/nm"), and whose tags say so."""

    x: float
    y: float
    unit: str
    source: str


def vendor_sides(tiff: TiffFile, page: TiffPage) -> StatedSides | None:
    """What a maker's own tags state for this page, None if there are none or they state nothing.

    Known are TVIPS (EM-MENU), Olympus Soft Imaging Solutions, JEOL SightX, Gatan DigitalMicrograph, FEI
    and Zeiss. Tags that cannot be understood count as none.
    """
    for reader in _READERS:
        with suppress(ValueError, TypeError, KeyError, AttributeError, IndexError, ZeroDivisionError):
            if (found := reader(tiff, page)) is not None and found.x > 0 and found.y > 0:
                return found
    return None


def is_electron_tiff(page: TiffPage) -> bool:
    """Whether a TIFF page carries tags that only programs of electron microscopes write."""
    codes = {37706, 34680, 34682, 34118, 65027}
    return (
        any(tag.code in codes for tag in page.tags)
        or "<TemReporter" in str(page.tags.valueof(270) or "")[:400]
    )


def _tvips(tiff: TiffFile, page: TiffPage) -> StatedSides | None:
    """TVIPS: ``PixelSizeX`` and ``PixelSizeY`` in nm, at the specimen."""
    tags = page.tags.valueof(37706)
    return None if tags is None else StatedSides(tags["PixelSizeX"], tags["PixelSizeY"], "nm", "TVIPS tags")


def _olympus(tiff: TiffFile, page: TiffPage) -> StatedSides | None:
    """Olympus SIS: metres; the page that carries the tag may be the camera's beside its 8-bit preview."""
    for other in (page, *tiff.pages):
        tags = other.tags.valueof(33560)
        if tags and (other.imagelength, other.imagewidth) == (page.imagelength, page.imagewidth):
            return StatedSides(tags["pixelsizex"], tags["pixelsizey"], "m", "Olympus SIS tags")
    return None


def _jeol(tiff: TiffFile, page: TiffPage) -> StatedSides | None:
    """JEOL SightX: resolution is that of the camera's plane, to be divided by the magnification in the XML."""
    text = str(page.tags.valueof(270) or "").strip(" \r\n\t\x00\x01")
    if "<TemReporter" not in text[:400] or "<!DOCTYPE" in text or "<!ENTITY" in text:
        return None
    root = ElementTree.fromstring(text)
    imaging = root.find("ImageFormingSystem")
    if imaging is None or root.findtext("Eos/EosMode") != "eosTEM":
        return None
    if imaging.findtext("ModeString") not in ("MAG", "LOW MAG", "SA MAG"):
        return StatedSides(1.0, 1.0, "1/nm", "JEOL tags")  # a diffraction pattern
    um = {2: _UM_PER_INCH, 3: _UM_PER_CM}[int(page.tags.valueof(296, default=2))]
    magnification = float(imaging.findtext("SelectorValue", ""))
    x, y = (
        numerator / denominator for numerator, denominator in (page.tags.valueof(282), page.tags.valueof(283))
    )
    return StatedSides(um / x / magnification, um / y / magnification, "um", "JEOL tags")


def _gatan(tiff: TiffFile, page: TiffPage) -> StatedSides | None:
    """DigitalMicrograph's TIFF export: units in 65003 and 65004, scales in 65009 and 65010."""
    unit_x, unit_y = page.tags.valueof(65003), page.tags.valueof(65004)
    if unit_x is None or unit_x != unit_y:
        return None
    x, y = float(page.tags.valueof(65009)), float(page.tags.valueof(65010))
    return StatedSides(x, y, str(unit_x).strip(), "DigitalMicrograph tags")


def _fei(tiff: TiffFile, page: TiffPage) -> StatedSides | None:
    """FEI and Thermo Fisher: metres, in the section of the scan."""
    tags = page.tags.valueof(34682) or page.tags.valueof(34680)
    if not tags:
        return None
    scan = next(tags[name] for name in ("Scan", "EScan", "IScan") if name in tags)
    return StatedSides(float(scan["PixelWidth"]), float(scan["PixelHeight"]), "m", "FEI tags")


def _zeiss(tiff: TiffFile, page: TiffPage) -> StatedSides | None:
    """Zeiss SmartSEM: ``ap_image_pixel_size`` as name, value, unit."""
    tags = page.tags.valueof(34118)
    if not tags:
        return None
    stated = tags.get("ap_image_pixel_size") or tags["ap_pixel_size"]
    value, unit = float(stated[1]), str(stated[2])
    return StatedSides(value, value, unit, "Zeiss tags") if math.isfinite(value) else None


_READERS: tuple[Callable[[TiffFile, TiffPage], StatedSides | None], ...] = (
    _tvips,
    _olympus,
    _jeol,
    _gatan,
    _fei,
    _zeiss,
)
