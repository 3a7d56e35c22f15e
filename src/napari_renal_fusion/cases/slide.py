"""A whole slide, whoever wrote it: its levels, its pixel size, and any region of it, read only when asked."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ..errors import RenalFusionError
from ..notices import Notice
from .array_cache import ArrayCache
from .names import readable
from .pixel_size import PixelSize
from .sidecar import read_answer
from .slide_files import check_complete, is_tiff, not_a_slide, slide_file, truncated
from .slide_made_levels import CACHE_BYTES, HalvedLevel
from .slide_openslide import OpenSlideReader
from .slide_scale import choices, question
from .slide_tiff import TiffReader

_OVERVIEW = 1024  # pixels: the coarsest level fits on a screen, or one is made that does
_SMALLEST = 64
_LARGEST_READ = 400_000_000  # pixels of one region


@dataclass(frozen=True)
class SlideLevel:
    """One resolution: ``shape`` (rows, columns), and how many level-0 pixels one of its pixels spans.

    ``downsample`` is the mean over both axes; levels are rarely an exact power of two, so where a level
    lies is computed from its shape by :func:`.placement.placement`. ``stored`` is False for a level that
    the file does not hold and that is averaged from the one above.
    """

    shape: tuple[int, int]
    downsample: float
    stored: bool = True


class Slide:
    """An open slide. Made by :func:`open_slide`; a context manager; reads from several threads at once.

    Attributes
    ----------
    path
        The original, never changed.
    levels
        From the finest (level 0, the scan itself) to one that fits on a screen; gaps of four between
        stored levels, and what is missing below the last, are filled by halving.
    vendor
        As OpenSlide names it (``aperio``, ``hamamatsu``, ``generic-tiff`` ...), or ``ome-tiff``.
    reader
        ``openslide`` or ``tifffile``.
    file_pixel_size
        What the file says, whether it can be true or not.
    pixel_size
        What is to be used: a person's or a table's statement first, then the file's if it can be true.
        None: it must be asked for.
    doubt
        The question for the person, ``slide_pixel_size_missing`` or ``slide_pixel_size_absurd``; None
        when nothing is doubtful or the person has answered.
    plausible
        Pixel sizes in um to offer with the question, the most likely first.
    associated
        Names of the label, macro and thumbnail. They carry patients' names: nothing shows them unasked.
    """

    def __init__(self, path: Path, backend: OpenSlideReader | TiffReader, stated: PixelSize | None = None):
        self.path = path
        self._backend = backend
        self.vendor = backend.vendor
        self.reader = backend.reader
        self.associated = backend.associated
        self.file_pixel_size = backend.scale.pixel_size
        self.plausible = choices(backend.scale)
        self.pixel_size: PixelSize | None = None
        self.doubt: Notice | None = None
        self.take_answer(stated)
        self._parts: list[HalvedLevel | int] = []
        self.levels = self._complete_levels()
        self._gate = threading.Lock()
        self._reading = 0
        self._closed = False

    def __enter__(self) -> Slide:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; a read that is under way in another thread ends first."""
        with self._gate:
            if self._closed:
                return
            self._closed = True
            idle = self._reading == 0
        if idle:
            self._backend.close()

    def read(self, level: int, top: int, left: int, height: int, width: int) -> np.ndarray:
        """Read a region of a level: uint8 [height, width, 3], in RGB order.

        ``top``, ``left``, ``height``, ``width`` are in pixels of that level. What lies outside the
        slide, and what was never scanned, is white.

        Raises
        ------
        RenalFusionError
            ``slide_part_damaged`` if the region cannot be decoded, ``slide_closed``,
            ``slide_region_too_large``.
        """
        if not 0 <= level < len(self.levels):
            raise IndexError(f"level {level} of a slide with {len(self.levels)}")
        if height <= 0 or width <= 0:
            raise ValueError(f"a region of {height} x {width} pixels")
        if height * width > _LARGEST_READ:
            raise RenalFusionError(
                "slide_region_too_large",
                f"A region of {width} x {height} pixels of the slide {readable(self.path)} does not fit into memory",
                path=self.path,
                remedy="Read it in parts, or at a lower resolution.",
            )
        rows, columns = self.levels[level].shape
        first_row, last_row = max(0, top), min(rows, top + height)
        first_column, last_column = max(0, left), min(columns, left + width)
        with _Entered(self):
            inside = last_row > first_row and last_column > first_column
            if inside:
                size = last_row - first_row, last_column - first_column
                pixels = self._inside(level, first_row, first_column, *size)
                if size == (height, width):
                    return pixels
        out = np.full((height, width, 3), 255, dtype=np.uint8)
        if inside:
            out[first_row - top : last_row - top, first_column - left : last_column - left] = pixels
        return out

    def read_associated(self, name: str) -> np.ndarray:
        """Read the label, macro or thumbnail: uint8 [height, width, 3]. Only when a person asked for it.

        Raises
        ------
        KeyError
            If the slide has none of this name.
        RenalFusionError
            ``slide_part_damaged`` or ``slide_closed``.
        """
        if name not in self.associated:
            raise KeyError(name)
        with _Entered(self):
            return self._backend.read_associated(name)

    def take_answer(self, pixel_size: PixelSize | None) -> None:
        """Use a person's pixel size from now on; with None the question stands again, if there was one."""
        doubt = question(self.path, self._backend.scale)
        self.pixel_size = pixel_size or (None if doubt else self.file_pixel_size)
        self.doubt = doubt if self.pixel_size is None else None

    def best_level(self, downsample: float) -> int:
        """The coarsest level that is at least as fine as ``downsample`` level-0 pixels a pixel (1 % is allowed)."""
        fine = [n for n, level in enumerate(self.levels) if level.downsample <= downsample * 1.01]
        return fine[-1] if fine else 0

    def _inside(self, level: int, top: int, left: int, height: int, width: int) -> np.ndarray:
        part = self._parts[level]
        if isinstance(part, HalvedLevel):
            return part.read(top, left, height, width)
        return self._backend.read(part, top, left, height, width)

    def _complete_levels(self) -> tuple[SlideLevel, ...]:
        """The stored levels, with halved ones in gaps of three and more and below the last."""
        cache = ArrayCache(CACHE_BYTES)
        shapes = self._backend.shapes
        levels: list[SlideLevel] = []
        for stored, shape in enumerate(shapes):
            self._parts.append(stored)
            levels.append(SlideLevel(shape, float(self._backend.downsamples[stored])))
            until = shapes[stored + 1] if stored + 1 < len(shapes) else None
            while self._halves_again(levels[-1].shape, until, alone=len(levels) == 1):
                part = HalvedLevel(
                    len(levels), levels[-1].shape, partial(self._inside, len(levels) - 1), cache
                )
                self._parts.append(part)
                mean = sum(whole / own for whole, own in zip(shapes[0], part.shape, strict=True)) / 2
                levels.append(SlideLevel(part.shape, mean, stored=False))
        return tuple(levels)

    @staticmethod
    def _halves_again(shape: tuple[int, int], until: tuple[int, int] | None, *, alone: bool) -> bool:
        if until is None:  # a slide has two levels at least, so that it can be shown before it is read
            return max(shape) > (_SMALLEST if alone else _OVERVIEW)
        return max(shape) >= 3 * max(until)


class _Entered:
    """Holds a slide open while a thread reads it: closing a file under OpenSlide's hands ends the process."""

    def __init__(self, slide: Slide):
        self.slide = slide

    def __enter__(self) -> None:
        slide = self.slide
        with slide._gate:
            if slide._closed:
                raise RenalFusionError(
                    "slide_closed", f"The slide {readable(slide.path)} was closed", path=slide.path
                )
            slide._reading += 1

    def __exit__(self, *_) -> None:
        slide = self.slide
        with slide._gate:
            slide._reading -= 1
            last = slide._closed and slide._reading == 0
        if last:
            slide._backend.close()


def open_slide(path: Path | str, *, stated: PixelSize | None = None) -> Slide:
    """Open a slide of any vendor; only headers are read.

    OME-TIFF goes to tifffile, everything else to OpenSlide first and, if it is a TIFF that OpenSlide
    refuses, to tifffile. ``stated`` is a pixel size from a table; without it a person's earlier
    answer (:mod:`.sidecar`) is used.

    Raises
    ------
    RenalFusionError
        ``slide_missing``, ``slide_is_folder``, ``slide_empty``, ``slide_unreadable``,
        ``slide_truncated``, ``slide_not_recognised``, ``slide_format_unsupported`` or
        ``slide_colours_unsupported``.
    """
    path = Path(path)
    file = slide_file(path)
    backend = _backend(file)
    try:
        return Slide(path, backend, stated or read_answer(path))
    except BaseException:
        backend.close()
        raise


def _backend(file: Path) -> OpenSlideReader | TiffReader:
    tiff = is_tiff(file)
    if tiff and _checked_ome(file):
        return TiffReader(file)
    try:
        import openslide
    except (ImportError, OSError) as error:  # no OpenSlide library for this computer
        if tiff:
            return TiffReader(file)
        raise RenalFusionError(
            "slide_reader_missing",
            f"The slide {readable(file)} needs OpenSlide, which is not installed",
            path=file,
            remedy="Install openslide-bin, or export the slide as pyramidal TIFF.",
        ) from error
    try:
        known = openslide.OpenSlide.detect_format(str(file))
        if known is not None:
            return OpenSlideReader(file)
    except openslide.OpenSlideError as error:
        if not tiff:
            raise truncated(file, error) from error
    if tiff:
        return TiffReader(file)
    raise not_a_slide(file)


def _checked_ome(file: Path) -> bool:
    """Whether a TIFF is OME-TIFF; refuses one whose end is missing, which OpenSlide finds out only while reading."""
    from tifffile import TiffFile

    try:
        with TiffFile(file) as tiff:
            if len(tiff.pages) == 0:
                raise ValueError("it has no pages")
            check_complete(tiff, file)
            return tiff.is_ome
    except RenalFusionError:
        raise
    except Exception as error:
        raise truncated(file, error) from error
