"""The pieces of a name that a laboratory's pattern may know, and those that could be a patient's name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..modality import Modality
from ..names import stain_of
from .guess import SortedFile
from .tokens import Name, is_chinese, plain, words_of

_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林郑谢罗梁宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭"
    "陆汪范石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤欧阳"
    "張劉陳楊黃趙吳孫馬鄭謝羅許韓馮鄧蔣葉蘇呂盧鍾譚陸範賈韋鄒閆龍賀顧龔萬錢嚴湯歐陽"
)
# One or more syllables of Chinese in Latin letters, as in wangfang; MT, Ag and the like are none.
_PINYIN = re.compile(
    r"(?:(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])"
    r"(?:iang|iong|uang|ang|eng|ing|ong|ian|iao|uai|uan|ai|ei|ao|ou|an|en|in|un|ia|ie|iu|ua|uo|ui|ue|a|o|e|i|u|v))+"
)

Place = tuple[str, int] | None
"""Shape of a name and the place of a field in it."""


def candidates(name: Name, avoid: Sequence[str] = ()) -> dict[str, Place]:
    """Every piece of a name that may carry a meaning, with its place in the name if it has one.

    Latin words of three letters and more, Chinese words with their endings and beginnings, folders'
    words: wherever they stand. Words of one or two letters and numbers of one or two digits: only at
    their place in a name of this shape. ``avoid`` are texts whose words are no candidates.
    """
    found: dict[str, Place] = {}
    if name.from_camera:
        return _of_folders(name, avoid)
    for place, field in enumerate(name.fields):
        here = (name.shape, place)
        if field.isdigit():
            if len(field) <= 2:
                found[f"number {name.shape} {place} {int(field)}"] = here
            continue
        if any(sign.isdigit() for sign in field) and len(field) <= 4 and _allowed(field, avoid) == [field]:
            found[f"field {field}"] = here  # a word with its number: C3, 补3
        for word in words_of(field):
            for piece in _allowed(word, avoid):
                if is_chinese(piece):
                    for part in _parts(piece):
                        found[f"word {part}"] = here
                elif len(piece) > 2:
                    found[f"word {piece}"] = here
                else:
                    found[f"letters {name.shape} {place} {piece}"] = here
    return found | _of_folders(name, avoid)


def may_be_a_name(key: str) -> bool:
    """Whether a piece could be a person's name: a Chinese word that begins with a surname, or Latin letters
    that read as Chinese syllables or are longer than an abbreviation.
    """
    kind, _, rest = key.partition(" ")
    piece = rest.rpartition(" ")[2]
    if kind not in ("word", "folder", "letters"):
        return False
    if is_chinese(piece):
        return len(piece) > 1 and piece[0] in _SURNAMES
    return len(piece) > 1 and (len(piece) > 4 or _PINYIN.fullmatch(piece) is not None)


def shortest(keys: Iterable[str]) -> set[str]:
    """Keys without those Chinese words that merely begin or end with another of them."""
    kept: set[str] = set()
    for key in sorted(keys, key=len):
        kind, _, word = key.partition(" ")
        inner = [other.partition(" ")[2] for other in kept if other.startswith("word ")]
        longer = kind == "word" and any(
            word.endswith(one) or word.startswith(one) for one in inner if is_chinese(one)
        )
        if not longer:
            kept.add(key)
    return kept


def forbidden_text(root: Path | None, biopsies: Iterable[str]) -> tuple[str, ...]:
    """Texts that may hold a patient's name: the sorted folder, the folder above it, the biopsies' labels."""
    above = () if root is None else (root.name, root.parent.name)
    return tuple({text for text in (plain(one) for one in (*above, *biopsies)) if text})


def slots_of(files: Sequence[SortedFile], names: Mapping[str, Name]) -> set[Place]:
    """Places at which names of one shape carry at least two different stains or antibodies that are known."""
    seen: dict[Place, set[str]] = defaultdict(set)
    for file in files:
        name = names[file.name]
        for place, field in enumerate(name.fields):
            stain = stain_of(field, Modality.OM) or stain_of(field, Modality.IM)
            if stain:
                seen[name.shape, place].add(stain)
    return {place for place, stains in seen.items() if len(stains) >= 2}


def _of_folders(name: Name, avoid: Sequence[str]) -> dict[str, Place]:
    return {
        f"folder {piece}": None
        for folder in name.folders
        for word in words_of(folder)
        for piece in _allowed(word, avoid)
    }


def _parts(word: str) -> list[str]:
    """A Chinese word, its endings and its beginnings of two signs and more."""
    return [
        word,
        *(word[start:] for start in range(1, len(word) - 1)),
        *(word[:end] for end in range(2, len(word))),
    ]


def _allowed(word: str, avoid: Sequence[str]) -> list[str]:
    """What is left of a word without what it shares with the texts to avoid."""
    if not is_chinese(word):
        return (
            []
            if any(word in words_of(text) or (len(word) > 3 and word in text) for text in avoid)
            else [word]
        )
    pieces = [word]
    for text in avoid:
        pieces = [left for piece in pieces for left in _cut(piece, text)]
    return pieces


def _cut(piece: str, text: str) -> list[str]:
    """``piece`` without its longest part, of two signs or more, that ``text`` holds too; again for the rest."""
    for length in range(len(piece), 1, -1):
        for start in range(len(piece) - length + 1):
            if piece[start : start + length] in text:
                left, right = piece[:start], piece[start + length :]
                return [rest for side in (left, right) if side for rest in _cut(side, text)]
    return [piece]
