"""The magnification that people write into names: x400, 40X, 200倍, 15000x, 8.0K."""

from __future__ import annotations

import re
import unicodedata

_NUMBER = r"[0-9]{1,3}(?:[,，][0-9]{3})+|[0-9]+(?:\.[0-9]+)?"
_PATTERNS = (
    # 400 x 300 is a size in pixels: no digit may stand on the other side of the x.
    re.compile(rf"(?<![0-9])(?<![0-9]{{3}} )[x×*] ?(?P<n>{_NUMBER})(?P<k> ?k)?(?![a-z0-9])"),
    re.compile(rf"(?<![a-z0-9.,])(?<![x×] )(?P<n>{_NUMBER})(?P<k> ?k)? ?[x×](?! ?[0-9])(?![a-z])"),
    re.compile(rf"(?<![a-z0-9.,])(?P<n>{_NUMBER})(?P<k> ?k)? ?(?:倍|万倍)"),
    re.compile(rf"(?<![a-z0-9.,])(?P<n>{_NUMBER})(?P<k> ?k)(?![a-z0-9])"),
)
SMALLEST, LARGEST = 2.0, 1_000_000.0


def magnification_of(text: str) -> float | None:
    """The magnification named in a text, as written (``40X`` is 40); None if none or several are named.

    ``8.0K`` is 8000, ``1.5万倍`` is 15000, ``1600x1200`` is a size in pixels and no magnification.
    """
    plain = unicodedata.normalize("NFKC", text).casefold().replace("_", " ")
    found = set()
    for pattern in _PATTERNS:
        for match in pattern.finditer(plain):
            value = float(re.sub("[,，]", "", match["n"])) * (1000 if match["k"] else 1)
            if match[0].endswith("万倍"):
                value *= 10_000
            if SMALLEST <= value <= LARGEST:
                found.add(value)
    return found.pop() if len(found) == 1 else None


def without_magnification(text: str) -> str:
    """The text, casefolded and in plain letters, with every magnification taken out."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    for pattern in _PATTERNS:
        plain = pattern.sub(" ", plain)
    return plain
