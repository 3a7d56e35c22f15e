"""The pixel size that an image file truly states, told apart from print and screen resolutions."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from tifffile import TiffFile, TiffPage

from ..notices import Notice
from .image_formats import ImageFormat, open_original, page_missing, recognise
from .names import readable
from .picture_files import open_picture
from .pixel_size import PixelSize
from .tiff_files import open_tiff, page_of
from .vendor_files import vendor_page
from .vendor_tags import StatedSides, vendor_sides

SMALLEST_UM, LARGEST_UM = 1e-5, 100.0  # 0.01 nm and 0.1 mm: no microscope image lies outside
UM_PER_UNIT = {
    "pm": 1e-6,
    "nm": 1e-3,
    "nanometer": 1e-3,
    "nanometers": 1e-3,
    "um": 1.0,
    "\u00b5m": 1.0,  # micro sign
    "\u03bcm": 1.0,  # Greek mu
    "micron": 1.0,
    "microns": 1.0,
    "micrometer": 1.0,
    "micrometers": 1.0,
    "mm": 1e3,
    "m": 1e6,
}
_UM_PER_INCH, _UM_PER_CM, _UM_PER_METRE = 25_400.0, 10_000.0, 1e6

# Below 2540 dots an inch (10 um) a resolution speaks of paper or a screen: no objective has pixels so
# coarse. Above it, these are what film and flatbed scanners write.
_PRINT_DPI = 2540
_SCANNER_DPI = (3000, 3200, 3600, 4000, 4800, 5400, 6400, 7200, 8000, 9600, 12800, 19200)


@dataclass(frozen=True)
class Calibration:
    """The pixel size that a file states, None if it states none; ``notice`` says what was refused, and why."""

    pixel_size: PixelSize | None = None
    notice: Notice | None = None


def read_pixel_size(path: Path | str, page: int = 0) -> PixelSize | None:
    """Read the pixel size stated by the file, or None: uncalibrated; see :func:`read_calibration`."""
    return read_calibration(path, page).pixel_size


def read_calibration(path: Path | str, page: int = 0) -> Calibration:
    """Read what the file states about the size of a pixel.

    Taken from a maker's own format, OME-XML, a maker's TIFF tags, ImageJ metadata, TIFF resolution tags,
    PNG pHYs or JPEG density, in this order. There is none when the sides of a pixel differ by more than
    1 %, when the length lies outside 0.01 nm .. 100 um, or when a resolution is one that printers, screens
    and scanners use: a wrong length is worse than none. A maker's scale that is no length (1/nm of a
    diffraction pattern) is refused with the notice ``pixel_size_not_a_length``, and nothing else in the
    file is tried. Whether a length suits a light or an electron microscope is not judged.

    Raises
    ------
    RenalFusionError
        If the file cannot be opened or recognised, has no such page, or its reader is not installed.
    """
    path = Path(path)
    with open_original(path) as file:
        image_format = recognise(file, path)
        if image_format is ImageFormat.TIFF:
            with open_tiff(file, path) as tiff:
                chosen = page_of(tiff, path, page)
                if (size := _from_ome(tiff, page)) is not None:
                    return Calibration(size)
                if (sides := vendor_sides(tiff, chosen)) is not None:
                    return _from_sides(sides, path)
                return Calibration(_from_imagej(tiff, chosen) or _from_tags(chosen))
        if image_format.is_vendor:
            found = vendor_page(path, image_format, page)
            if found.x[1] != found.y[1]:
                return Calibration()
            return _from_sides(StatedSides(found.x[0], found.y[0], found.x[1], image_format.value), path)
        if page != 0:
            raise page_missing(path, page, 1)
        return Calibration(_from_picture(open_picture(file, image_format, path), image_format))


def _from_sides(sides: StatedSides, path: Path) -> Calibration:
    """A maker's scale as a pixel size, or the notice that it is no length."""
    unit = sides.unit.replace(" ", "")
    if not unit or unit.casefold() in ("pixel", "pixels", "px"):
        return Calibration()
    um = UM_PER_UNIT.get(unit) or UM_PER_UNIT.get(unit.casefold())
    if um is not None:
        return Calibration(_pixel_size(sides.x * um, sides.y * um, sides.source))
    what = "a diffraction pattern" if "1/" in unit or "^-1" in unit else "an unknown unit"
    message = f"{readable(path.name)} states its scale in {sides.unit}, which is no length: {what}. It counts as uncalibrated."
    return Calibration(notice=Notice(code="pixel_size_not_a_length", message=message, path=path))


def _pixel_size(x_um: float, y_um: float, source: str) -> PixelSize | None:
    """A pixel size from the two sides, if it is plausible; nm below 50 nm, else um."""
    if not (math.isfinite(x_um) and math.isfinite(y_um) and x_um > 0 and y_um > 0):
        return None
    if abs(x_um - y_um) > 0.01 * max(x_um, y_um) or not SMALLEST_UM <= x_um <= LARGEST_UM:
        return None
    if x_um < 0.05:
        return PixelSize(value=float(f"{x_um * 1000:.10g}"), unit="nm", source=source)
    return PixelSize(value=float(f"{x_um:.10g}"), unit="um", source=source)


def _from_dots(x: float, y: float, um: float, source: str) -> PixelSize | None:
    """A pixel size from dots per ``um`` micrometres, unless paper, a screen or a scanner is meant."""
    if not (x > 0 and y > 0):
        return None
    dpi = x * _UM_PER_INCH / um
    if dpi < _PRINT_DPI or any(abs(dpi - known) < 0.5 for known in _SCANNER_DPI):
        return None
    return _pixel_size(um / x, um / y, source)


def _from_ome(tiff: TiffFile, page: int) -> PixelSize | None:
    """The physical size that the OME metadata state for the image of this page."""
    text = tiff.ome_metadata
    if not text or "<!DOCTYPE" in text or "<!ENTITY" in text:  # OME-XML has neither; attacks do
        return None
    try:
        pixels = _ome_pixels(ElementTree.fromstring(text), page)
        sides = [
            float(pixels[f"PhysicalSize{side}"]) * UM_PER_UNIT[pixels.get(f"PhysicalSize{side}Unit", "um")]
            for side in ("X", "Y")
        ]
    except (ElementTree.ParseError, ValueError, KeyError):  # damaged, not stated, or not a length
        return None
    return _pixel_size(*sides, "OME-XML")


def _ome_pixels(root: ElementTree.Element, page: int) -> dict[str, str]:
    """What is said of the last OME image whose planes begin at or before this page."""
    chosen: dict[str, str] = {}
    for pixels in root.iterfind("{*}Image/{*}Pixels"):
        starts = [int(data.get("IFD", 0)) for data in pixels.iterfind("{*}TiffData")]
        if not chosen or min(starts, default=0) <= page:
            chosen = pixels.attrib
    return chosen


def _from_imagej(tiff: TiffFile, page: TiffPage) -> PixelSize | None:
    unit = str((tiff.imagej_metadata or {}).get("unit", "")).replace("\\u00B5", "u").strip().lower()
    dots = _resolution(page)
    if unit not in UM_PER_UNIT or dots is None:
        return None
    return _pixel_size(UM_PER_UNIT[unit] / dots[0], UM_PER_UNIT[unit] / dots[1], "ImageJ metadata")


def _from_tags(page: TiffPage) -> PixelSize | None:
    um = {2: _UM_PER_INCH, 3: _UM_PER_CM}.get(int(page.tags.valueof(296, default=2)))
    dots = _resolution(page)
    return None if um is None or dots is None else _from_dots(*dots, um, "TIFF resolution tag")


def _resolution(page: TiffPage) -> tuple[float, float] | None:
    """XResolution and YResolution in dots per unit, whatever the unit is."""
    values = page.tags.valueof(282), page.tags.valueof(283)
    try:
        x, y = (numerator / denominator for numerator, denominator in values)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return (x, y) if x > 0 and y > 0 else None


def _from_picture(picture: Image.Image, image_format: ImageFormat) -> PixelSize | None:
    if image_format is ImageFormat.PNG and "dpi" in picture.info:  # Pillow sets it for metres only
        x, y = picture.info["dpi"]
        metre = _UM_PER_METRE / _UM_PER_INCH  # inches
        return _from_dots(x * metre, y * metre, _UM_PER_METRE, "PNG pHYs")
    if image_format is ImageFormat.JPEG:
        um = {1: _UM_PER_INCH, 2: _UM_PER_CM}.get(picture.info.get("jfif_unit"))
        if um is not None:
            return _from_dots(*picture.info["jfif_density"], um, "JPEG density")
    return None
