"""Prepared pictures kept on disk, so that an image file is decoded and resized once and never again."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Hashable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..cases import Box, ImageItem
from ..compute.places import cache_dir
from ..errors import RenalFusionError
from ..notices import Notice
from .array_files import read_array, tidy, write_array
from .pixels import Preprocessing, prepare_image
from .select import signal

# Raise it when decoding or preparing changes, so that older entries are not used.
_VERSION = 3
_FILE = "\x00"
"""Stands for the file's name in notices that are kept."""
_LIMIT_BYTES = 20 * 2**30
# compute.atomic asks for the umask, which belongs to the whole process: one writer at a time.
_WRITING = threading.Lock()


@dataclass(frozen=True)
class StoredPicture:
    """What one image looks like to a network, and the facts that decoding it gave.

    ``box``, ``image_shape``, ``image_sha256``, ``input_sha256`` and ``notices`` are those of
    :class:`PreparedImage`. ``synthetic`` says whether the original carries the phantom stamp (None if the
    store was not told how to see that), ``signal`` is its brightness as :func:`select.signal` measures it,
    ``dtype`` and ``channels`` are as decoded, ``file_bytes`` is the size of the file (0 in memory).
    """

    image: ImageItem
    preprocessing: Preprocessing
    image_sha256: str
    input_sha256: str
    box: Box
    image_shape: tuple[int, int]
    synthetic: bool | None
    signal: float
    dtype: str
    channels: int
    file_bytes: int
    notices: tuple[Notice, ...] = ()
    _load: Callable[[], np.ndarray] = field(default=None, compare=False, repr=False)

    @property
    def pixels(self) -> np.ndarray:
        """The prepared picture, uint8 [H, W, 3], read-only; from the store each time it is asked for."""
        return self._load()

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return np.array(self.pixels, dtype=dtype) if copy else np.asarray(self.pixels, dtype=dtype)


class PictureStore:
    """Prepared pictures by file (path, size, time of change), page, crop and preprocessing.

    An entry that is incomplete or damaged is made anew. Where nothing can be written (a full disk, a folder
    that is read-only) the store goes on from memory, and says so once in ``notices``. Several threads and
    processes may share a folder.

    Parameters
    ----------
    folder
        Where entries are kept; ``cache_dir()/"pictures"`` if None.
    synthetic
        Says of a decoded image whether it carries the phantom stamp (``phantoms.stamp.is_phantom``; this
        room lies below that one).
    """

    def __init__(self, folder: Path | None = None, *, synthetic: Callable[[np.ndarray], bool] | None = None):
        self.folder = Path(folder) if folder else cache_dir() / "pictures"
        self.synthetic = synthetic
        self.notices: list[Notice] = []

    def get(self, image: ImageItem, preprocessing: Preprocessing) -> StoredPicture:
        """The prepared picture of ``image``, decoded only if no whole entry of it exists.

        Raises
        ------
        RenalFusionError
            If the image cannot be read, or its crop leaves nothing.
        """
        path = self._path(image, preprocessing)
        found = read_array(path) if path else None
        if found is None or (found[1]["synthetic"] is None and self.synthetic is not None):
            return self._make(image, preprocessing, path)
        facts = found[1]
        return StoredPicture(
            image,
            preprocessing,
            box=Box(*facts.pop("box")),
            image_shape=tuple(facts.pop("image_shape")),
            notices=tuple(_named(one, image) for one in facts.pop("notices")),
            **facts,
            _load=_Loader(self, image, preprocessing, None),
        )

    def memo(self, preprocessing: Preprocessing) -> _SignalMemo:
        """What :func:`select` takes as ``memo``: brightness from the store, so that choosing decodes nothing."""
        return _SignalMemo(self, preprocessing)

    def tidy(self) -> None:
        """Keep the folder below 20 GiB by removing its oldest entries; those of the last day stay."""
        tidy(self.folder, _LIMIT_BYTES)

    def pixels(self, image: ImageItem, preprocessing: Preprocessing) -> np.ndarray:
        """The picture alone, uint8 [H, W, 3]."""
        path = self._path(image, preprocessing)
        found = read_array(path) if path else None
        return found[0] if found else prepare_image(image, preprocessing).pixels

    def _make(self, image: ImageItem, preprocessing: Preprocessing, path: Path | None) -> StoredPicture:
        array = image.read()
        prepared = prepare_image(image, preprocessing, array)
        # A file that was replaced while it was read must not be kept under either key.
        unchanged = path is not None and path == self._path(image, preprocessing)
        facts: dict[str, Any] = {
            "image_sha256": prepared.image_sha256,
            "input_sha256": prepared.input_sha256,
            "synthetic": None if self.synthetic is None else bool(self.synthetic(array)),
            "signal": signal(array),
            "dtype": array.dtype.name,
            "channels": 1 if array.ndim == 2 else array.shape[2],
            "file_bytes": 0 if image.pixels is not None else image.path.stat().st_size,
        }
        stored = unchanged and self._write(path, image, prepared, facts)
        return StoredPicture(
            image,
            preprocessing,
            box=prepared.box,
            image_shape=prepared.image_shape,
            notices=prepared.notices,
            **facts,
            _load=_Loader(self, image, preprocessing, None if stored else prepared.pixels),
        )

    def _write(self, path: Path, image: ImageItem, prepared, facts: dict[str, Any]) -> bool:
        if self.notices:
            return False
        box = prepared.box
        more = {
            "box": [box.top, box.left, box.height, box.width],
            "image_shape": list(prepared.image_shape),
            "notices": [_nameless(one, image) for one in prepared.notices],
        }
        try:
            with _WRITING:
                write_array(path, prepared.pixels, facts | more)
        except RenalFusionError as error:
            self.notices.append(
                Notice(
                    code=error.code,
                    message=f"Prepared pictures cannot be kept in {self.folder}, so each run decodes every image "
                    f"anew ({error.problem}). {error.remedy}",
                    path=self.folder,
                )
            )
            return False
        return True

    def _path(self, image: ImageItem, preprocessing: Preprocessing) -> Path | None:
        """File of the entry; None for an image in memory or one that cannot be asked for its state."""
        if image.pixels is not None:
            return None
        try:
            state = image.path.stat()
        except OSError:  # reading it will say what is wrong
            return None
        crop = image.crop
        said = [
            _VERSION,
            os.path.abspath(image.path),  # noqa: PTH100 - a linked folder keeps its name
            state.st_size,
            state.st_mtime_ns,
            image.page,
            [crop.top, crop.left, crop.height, crop.width] if crop else None,
            image.legend,
            *([asdict(image.cut_out)] if image.cut_out else []),
            # Mean and standard deviation are applied later.
            preprocessing.model_dump(mode="json", include={"size", "resize", "cut_bottom"}),
        ]
        name = hashlib.sha256(json.dumps(said, sort_keys=True).encode("utf-8", "surrogateescape")).hexdigest()
        return self.folder / name[:2] / f"{name}.safetensors"


def _nameless(notice: Notice, image: ImageItem) -> dict[str, Any]:
    """A notice as it may be kept: a file's name often names a patient."""
    message = notice.message.replace(str(image.path), _FILE).replace(image.path.name, _FILE)
    return notice.model_dump(mode="json") | {"path": None, "message": message}


def _named(kept: dict[str, Any], image: ImageItem) -> Notice:
    return Notice.model_validate(
        kept | {"path": image.path, "message": kept["message"].replace(_FILE, image.path.name)}
    )


@dataclass(frozen=True)
class _Loader:
    """Reads a picture when it is asked for; holds it where it could not be stored."""

    store: PictureStore
    image: ImageItem
    preprocessing: Preprocessing
    held: np.ndarray | None

    def __call__(self) -> np.ndarray:
        return self.store.pixels(self.image, self.preprocessing) if self.held is None else self.held


@dataclass(frozen=True)
class _SignalMemo:
    """Answers the one question that :func:`select` asks of its memo."""

    store: PictureStore
    preprocessing: Preprocessing

    def get(self, image: ImageItem, question: Hashable, find_out: Callable[[], float]) -> float:
        return self.store.get(image, self.preprocessing).signal if question == "signal" else find_out()
