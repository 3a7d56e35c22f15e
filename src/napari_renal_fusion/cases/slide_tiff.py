"""Reading a slide through tifffile, tile by tile: generic tiled TIFF, OME-TIFF with sub-resolutions, BigTIFF."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np

from ..errors import RenalFusionError
from .array_cache import ArrayCache
from .calibration import _from_imagej, _from_ome, _resolution
from .slide_files import check_complete, damaged_part, truncated, unshowable
from .slide_scale import StatedScale

CACHE_BYTES = 64 * 2**20  # decoded tiles that are kept
_MOST_SEGMENT = 64_000_000  # pixels of one strip or tile: a compressed page in one piece is no slide
_MOST_ASSOCIATED = 50_000_000
_APERIO_JPEG2000 = (33003, 33004, 33005)  # its colours are known to OpenSlide only
_UM_PER_UNIT = {2: 25_400.0, 3: 10_000.0}


class TiffReader:
    """One slide opened by tifffile; reads from several threads at once.

    ``shapes`` [(rows, columns)] and ``downsamples`` are the stored levels of the largest image in
    the file. Tiles that a sparse file leaves out are white. 16-bit samples are shown by their
    upper 8 bits, grey as equal red, green and blue.

    Raises
    ------
    RenalFusionError
        ``slide_truncated`` or ``slide_colours_unsupported``.
    """

    reader = "tifffile"

    def __init__(self, path: Path):
        from tifffile import TiffFile

        self.path = path
        self._lock = threading.Lock()
        try:
            self._tiff = TiffFile(path)
        except Exception as error:
            raise truncated(path, error) from error
        try:
            self._describe()
        except RenalFusionError:
            self._tiff.close()
            raise
        except Exception as error:
            self._tiff.close()
            raise truncated(path, error) from error

    def _describe(self) -> None:
        tiff = self._tiff
        check_complete(tiff, self.path)
        series = sorted(tiff.series, key=lambda one: -int(np.prod(one.keyframe.shape)))
        if not series:
            raise ValueError("it has no images")
        self._series = series
        self._pages = [_page_of(level, self.path) for level in series[0].levels]
        self.shapes = tuple((page.imagelength, page.imagewidth) for page in self._pages)
        self.downsamples = tuple(
            (self.shapes[0][0] / rows + self.shapes[0][1] / columns) / 2 for rows, columns in self.shapes
        )
        self._cache = ArrayCache(CACHE_BYTES)
        self.vendor = "ome-tiff" if tiff.is_ome else "generic-tiff"
        self._others = {
            (one.name or "").strip().lower() or f"image {number}": one
            for number, one in enumerate(series[1:], start=1)
        }
        self.associated = tuple(self._others)
        self.scale = self._stated_scale()

    def read(self, level: int, top: int, left: int, height: int, width: int) -> np.ndarray:
        """Read uint8 [height, width, 3]; the region lies within the level."""
        page = self._pages[level]
        if page.is_memmappable and page.planarconfig == 1:
            return _shown(self._mapped(page)[top : top + height, left : left + width], page)
        tile_rows, tile_columns = page.chunks[:2] if page.planarconfig == 1 else page.chunks[-2:]
        across = -(-page.imagewidth // tile_columns)
        down = -(-page.imagelength // tile_rows)
        out = np.full((height, width, 3), 255, dtype=np.uint8)
        for i in range(top // tile_rows, -(-(top + height) // tile_rows)):
            for j in range(left // tile_columns, -(-(left + width) // tile_columns)):
                tile = self._tile(level, page, i * across + j, down * across)
                if tile is None:
                    continue
                y, x = i * tile_rows, j * tile_columns
                rows = slice(max(top, y), min(top + height, y + tile.shape[0]))
                columns = slice(max(left, x), min(left + width, x + tile.shape[1]))
                out[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = tile[
                    rows.start - y : rows.stop - y, columns.start - x : columns.stop - x
                ]
        return out

    def read_associated(self, name: str) -> np.ndarray:
        """Read another image of the file as uint8 [height, width, 3]."""
        page = _page_of(self._others[name], self.path)
        if page.imagelength * page.imagewidth > _MOST_ASSOCIATED:
            raise unshowable(
                self.path, f"an associated image of {page.imagewidth} x {page.imagelength} pixels"
            )
        with self._lock:
            return _shown(page.asarray().reshape(_spread(page)), page)

    def close(self) -> None:
        with self._lock:
            self._tiff.close()

    def _mapped(self, page) -> np.ndarray:
        """An uncompressed page in one piece, [rows, columns, samples]; the system reads what is touched."""
        kind = np.dtype(page.dtype).newbyteorder(page.parent.byteorder)
        return np.memmap(self.path, dtype=kind, mode="r", offset=page.dataoffsets[0], shape=_spread(page))

    def _tile(self, level: int, page, index: int, plane: int) -> np.ndarray | None:
        """One tile or strip as shown, [rows, columns, 3]; None if the file leaves it out."""
        key = (level, index)
        tile = self._cache.get(key)
        if tile is not None:
            return tile
        planes = (
            [index] if page.planarconfig == 1 else [index + n * plane for n in range(page.samplesperpixel)]
        )
        try:
            decoded = [self._segment(page, one) for one in planes]
        except Exception as error:
            raise damaged_part(self.path, error) from error
        if any(segment is None for segment in decoded):
            return None
        tile = _shown(decoded[0] if len(decoded) == 1 else np.concatenate(decoded, axis=-1), page)
        self._cache.put(key, tile)
        return tile

    def _segment(self, page, index: int) -> np.ndarray | None:
        """Decode one stored segment to [rows, columns, samples], cut to what lies on the page."""
        if index >= len(page.databytecounts) or not page.databytecounts[index]:
            return None
        with self._lock:  # one file position for all; decoding runs beside it
            file = page.parent.filehandle
            file.seek(page.dataoffsets[index])
            data = file.read(page.databytecounts[index])
        segment, _, shape = page.decode(data, index, jpegtables=page.jpegtables)
        if segment is None:
            return None
        return segment[0, : shape[1], : shape[2]]

    def _stated_scale(self) -> StatedScale:
        tiff = self._tiff
        first = self._pages[0]
        size = _from_ome(tiff, first.index) or _from_imagej(tiff, first)
        if size is not None:
            return StatedScale(size.um, size.um, source=size.source)
        dots, um = _resolution(first), _UM_PER_UNIT.get(int(first.tags.valueof(296, default=2)))
        if dots is None or um is None or um / dots[0] > 20:  # paper's and screens' resolutions say nothing
            return StatedScale()
        return StatedScale(um / dots[0], um / dots[1], source="TIFF resolution tag")


def _page_of(level, path: Path):
    """The one page that holds a level, if its colours can be shown."""
    from tifffile import PHOTOMETRIC

    page = level.keyframe
    pages = [one for one in level.pages if one is not None]
    samples = page.samplesperpixel
    problem = None
    if len(pages) != 1:
        problem = f"{len(pages)} channels or focal planes"
    elif page.dtype not in (np.uint8, np.uint16) or not isinstance(page.bitspersample, int):
        problem = f"numbers of type {page.dtype}"
    elif page.imagedepth > 1:
        problem = "several layers in one page"
    elif page.compression in _APERIO_JPEG2000:
        problem = "Aperio's JPEG 2000 without OpenSlide"
    elif page.photometric in (PHOTOMETRIC.RGB, PHOTOMETRIC.YCBCR):
        problem = None if samples in (3, 4) else f"{samples} channels"
    elif page.photometric in (PHOTOMETRIC.MINISBLACK, PHOTOMETRIC.MINISWHITE):
        problem = None if samples in (1, 3) else f"{samples} channels"
    else:
        problem = f"colours of the kind {getattr(page.photometric, 'name', page.photometric)}"
    if problem is None and not page.is_memmappable and int(np.prod(page.chunks)) > _MOST_SEGMENT * samples:
        problem = "all its pixels in one piece"
    if problem:
        raise unshowable(path, problem)
    return page


def _spread(page) -> tuple[int, int, int]:
    return page.imagelength, page.imagewidth, page.samplesperpixel


def _shown(values: np.ndarray, page) -> np.ndarray:
    """Samples [rows, columns, samples] as uint8 RGB."""
    from tifffile import PHOTOMETRIC

    if values.dtype != np.uint8:
        values = (values >> max(0, page.bitspersample - 8)).astype(np.uint8)
    if page.photometric == PHOTOMETRIC.MINISWHITE:
        values = 255 - values
    if values.shape[-1] == 1:
        return np.repeat(values, 3, axis=-1)
    if values.shape[-1] == 4:  # a fourth sample is transparency: white shows through
        weight = values[..., 3:].astype(np.uint16)
        return ((values[..., :3] * weight + 255 * (255 - weight) + 127) // 255).astype(np.uint8)
    return np.ascontiguousarray(values[..., :3])
