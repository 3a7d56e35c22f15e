"""File names in pieces: words, numbers and where they stand; and names that cameras give, which say nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from ..magnification import without_magnification
from ..names import readable

_CAMERA = re.compile(
    r"(?:(?:img|imag|image|dsc|dscn|dscf|dcim|pict|pic|sam|gopr|cimg|wx|camera|mmexport|snap|snapshot|photo"
    r"|screenshot|screen|capture|scan|frame|series|untitled|new|copy|p|微信图片|微信|图像|图片|照片|截图|拍照|未命名|未标题|无标题|新建)"
    r"[ _.()-]*)*[0-9 _.():-]*(?:e[0-9]+)?(?:副本|copy)?[0-9 _.()-]*"
)
_RUN = re.compile(r"[a-zα-ω]+|[0-9]+|[\u3400-\u9fff\U00020000-\U0003ffff]+")
_FIELD = re.compile(r"[^ _\-.,;()\[\]【】（）#+&/\\]+")


@dataclass(frozen=True)
class Name:
    """One file's name below the sorted folder, in plain letters.

    ``stem`` is casefolded, in NFKC form and without suffix; ``folders`` likewise, nearest folder last.
    """

    stem: str
    folders: tuple[str, ...]

    @classmethod
    def of(cls, name: str) -> Name:
        """Take apart a name with ``/`` between folders."""
        path = PurePosixPath(name)
        stem = path.stem[:-4] if path.stem.lower().endswith(".ome") else path.stem
        return cls(plain(stem), tuple(plain(part) for part in path.parts[:-1]))

    @cached_property
    def from_camera(self) -> bool:
        """Whether a camera or a program named the file (``IMG_0031``, ``微信图片_2026...``, ``0012``)."""
        return _CAMERA.fullmatch(self.stem) is not None

    @cached_property
    def runs(self) -> tuple[str, ...]:
        """Words and numbers in their order, magnifications taken out: letters, Chinese, digits."""
        return tuple(_RUN.findall(without_magnification(self.stem)))

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """What stands between separators (space, ``_``, ``-``, brackets), magnifications taken out."""
        return tuple(_FIELD.findall(without_magnification(self.stem)))

    @cached_property
    def shape(self) -> str:
        """The fields with all content abstracted: ``#`` for a number, ``w`` for anything with a letter."""
        return "".join("#" if field.isdigit() else "w" for field in self.fields)


def plain(text: str) -> str:
    return unicodedata.normalize("NFKC", readable(text)).casefold()


def words_of(text: str) -> list[str]:
    """The runs of letters or of Chinese in a plain text."""
    return [run for run in _RUN.findall(text) if not run[0].isdigit()]


def is_chinese(word: str) -> bool:
    return ord(word[0]) >= 0x3400


def constant_words(names: Iterable[Name]) -> frozenset[str]:
    """Words that stand in (nearly) every name that a person gave, at least five: a patient, a hospital.

    For Chinese, which has no spaces, also what all names begin with.
    """
    given = [name for name in names if not name.from_camera]
    if len(given) < 5:
        return frozenset()
    counts: dict[str, int] = {}
    for name in given:
        for word in {piece for run in name.runs if not run[0].isdigit() for piece in _beginnings(run)}:
            counts[word] = counts.get(word, 0) + 1
    most = 0.9 * len(given)
    return frozenset(word for word, count in counts.items() if count >= most)


def without(text: str, words: Iterable[str]) -> str:
    """A plain text without the given words (longest first); Latin ones only where they stand alone."""
    for word in sorted(words, key=len, reverse=True):
        if is_chinese(word):
            text = text.replace(word, " ")
        else:
            text = re.sub(rf"(?<![a-zα-ω]){re.escape(word)}(?![a-zα-ω])", " ", text)
    return text


def _beginnings(run: str) -> list[str]:
    if not is_chinese(run):
        return [run]
    return [run[:end] for end in range(2, min(len(run), 8) + 1)] or [run]
