"""What people call modalities, stains and antibodies in the names of folders and files."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

from .modality import Modality

_LATIN_MODALITIES = {
    **dict.fromkeys(("om", "lm", "light"), Modality.OM),
    **dict.fromkeys(
        ("im", "if", "immunofluorescence", "immunofluorescent", "immunofluorescense"), Modality.IM
    ),
    **dict.fromkeys(("fluorescence", "fluorescent"), Modality.IM),
    **dict.fromkeys(("tem", "em", "electron"), Modality.TEM),
}
_CHINESE_MODALITIES = {"光镜": Modality.OM, "荧光": Modality.IM, "电镜": Modality.TEM}
# Words long enough to mean something else in a file's name ("light chain") count for folders only.
_FILE_WORDS = frozenset(("om", "lm", "im", "if", "tem", "em"))

_REMEMBERED = 16384
"""Names are told apart again and again, and the folders of patients hold files of the same names."""

_NOT_BEFORE, _NOT_AFTER = r"(?<![a-z0-9])", r"(?![a-z])"
_NOT_AFTER_NUMBERED = r"(?![a-z0-9])"


def _pattern(words: str, *, numbered: bool = False, chinese: str = "") -> re.Pattern[str]:
    """A whole word; a number may follow it directly (HE2) unless the name itself ends in a number."""
    latin = f"{_NOT_BEFORE}(?:{words}){_NOT_AFTER_NUMBERED if numbered else _NOT_AFTER}"
    return re.compile(f"{latin}|{chinese}" if chinese else latin)


_STAINS: dict[str, re.Pattern[str]] = {
    "PASM": _pattern("pasm|pas-m|pam|jones|silver|methenamine", chinese="六胺银|六胺銀|银染|銀染|嗜银|嗜銀"),
    "PAS": _pattern("pas(?!-m(?![a-z]))", chinese="过碘酸|糖原"),
    "HE": _pattern("h *& *e|h-e|he|hematoxylin|haematoxylin", chinese="苏木|伊红"),
    "Masson": _pattern("masson|mt|trichrome", chinese="马松|三色"),
    "Congo red": _pattern("congo|congored", chinese="刚果红"),
    "Toluidine blue": _pattern("toluidine", chinese="甲苯胺"),
}
_ANTIBODIES: dict[str, re.Pattern[str]] = {
    "IgA": _pattern("ig[ -]?a", chinese="免疫球蛋白 ?a"),
    # IgG1 to IgG4 are subclasses, or the first to fourth image of IgG: nobody can tell, so no guess.
    "IgG": _pattern("ig[ -]?g(?![1-4](?![0-9]))", chinese="免疫球蛋白 ?g"),
    "IgM": _pattern("ig[ -]?m", chinese="免疫球蛋白 ?m"),
    "C3": _pattern("c3c?", numbered=True),
    "C3d": _pattern("c3d"),
    "C1q": _pattern("c1q"),
    "C4": _pattern("c4c?", numbered=True),
    "C4d": _pattern("c4d"),
    "C5b-9": _pattern("c5b[- ]?9", numbered=True),
    "Kappa": _pattern("kappa|kap|κ", chinese="卡帕|轻链 ?k"),
    "Lambda": _pattern("lambda|lam|λ", chinese="轻链 ?l"),
    "Fibrinogen": _pattern("fibrinogen|fibrin|fibr?|fbg|fra|frag", chinese="纤维蛋白"),
    "Albumin": _pattern("albumin|alb", chinese="白蛋白"),
    "PLA2R": _pattern("pla2r"),
}


def readable(path: Path | str) -> str:
    """A name that can be shown and written: one that is not valid Unicode is read as Chinese GB18030.

    Such names appear when a share is mounted without its character set; the path itself still opens.
    """
    text = str(path)
    if text.isprintable() or not any("\ud800" <= letter <= "\udfff" for letter in text):
        return text
    stored = text.encode("utf-8", "surrogateescape")
    try:
        return stored.decode("gb18030")
    except UnicodeDecodeError:
        return stored.decode("utf-8", "replace")


@lru_cache(maxsize=_REMEMBERED)
def natural_key(name: str) -> tuple:
    """Sort key that puts ``image 2`` before ``image 10``."""
    parts = re.split(r"([0-9]+)", _plain(name))
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts), str(name)


@lru_cache(maxsize=_REMEMBERED)
def modality_of_folder(name: str) -> Modality | None:
    """Modality meant by a folder's name (``OM``, ``01 光镜``, ``IF_2``); None if none or several."""
    plain = _plain(name)
    found = {_LATIN_MODALITIES[word] for word in _words(plain) if word in _LATIN_MODALITIES}
    found |= {modality for word, modality in _CHINESE_MODALITIES.items() if word in plain}
    return found.pop() if len(found) == 1 else None


@lru_cache(maxsize=_REMEMBERED)
def modality_of_file(name: str) -> Modality | None:
    """Modality that a file's name begins with (``IM_0001.jpg``, ``电镜 3.tif``); None if it does not."""
    plain = _plain(Path(name).stem)
    word = next(iter(_words(plain)), "")
    if word in _FILE_WORDS:
        return _LATIN_MODALITIES[word]
    return next((modality for word, modality in _CHINESE_MODALITIES.items() if word in plain), None)


def modality_words(name: str) -> set[Modality]:
    """Every modality that a text names by a short word of its own (om, IF, tem) or in Chinese."""
    plain = _plain(name)
    found = {_LATIN_MODALITIES[word] for word in _words(plain) if word in _FILE_WORDS}
    return found | {modality for word, modality in _CHINESE_MODALITIES.items() if word in plain}


def is_slide_folder(name: str) -> bool:
    """Say whether a folder's name means whole slides (``WSI``, ``slides``, ``数字切片``)."""
    plain = _plain(name)
    return not {"wsi", "wsis", "slide", "slides"}.isdisjoint(_words(plain)) or "切片" in plain


@lru_cache(maxsize=_REMEMBERED)
def stain_of(name: str, modality: Modality) -> str | None:
    """Stain (light) or antibody (immunofluorescence) named in a text; None if none or several."""
    tables = {Modality.OM: _STAINS, Modality.IM: _ANTIBODIES, Modality.TEM: {}}
    plain = _plain(name).replace("_", " ")
    found = [stain for stain, pattern in tables[modality].items() if pattern.search(plain)]
    return found[0] if len(found) == 1 else None


def doubtful_modality(name: str, modality: Modality) -> Modality | None:
    """Another modality that a file's name speaks of (``IgA_2.jpg`` or ``IM_3.jpg`` among light images)."""
    stated = modality_of_file(name)
    if stated is None and modality is not Modality.TEM:
        other = Modality.IM if modality is Modality.OM else Modality.OM
        stem = Path(name).stem
        if stain_of(stem, other) and not stain_of(stem, modality):
            stated = other
    return stated if stated is not modality else None


def _plain(name: str) -> str:
    # casefold turns a final Greek letter into its plain form, NFKC a full-width letter into a Latin one
    return unicodedata.normalize("NFKC", readable(name)).casefold()


def _words(plain: str) -> list[str]:
    return re.findall(r"[a-z]+", plain)
