"""The magnification that people write into names: x400, 40X, 200倍, 15000x, 8.0K."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_NUMBER = r"[0-9]{1,3}(?:[,，][0-9]{3})+|[0-9]+(?:\.[0-9]+)?"
_PATTERNS = (
    # 400 x 300 is a size in pixels: no number may stand on the other side of the x.
    re.compile(rf"(?<![0-9])(?<![0-9]{{3}} )[x×*] ?(?P<n>{_NUMBER})(?P<k> ?k)?(?![a-z0-9])"),
    re.compile(rf"(?<![0-9.,])(?<![x×] )(?P<n>{_NUMBER})(?P<k> ?k)? ?[x×](?![a-z0-9])(?! [1-9][0-9]{{2}})"),
    re.compile(rf"(?<![0-9.,])(?P<n>{_NUMBER})(?P<k> ?k)? ?(?:倍|万倍)"),
    re.compile(rf"(?<![a-z0-9.,])(?P<n>{_NUMBER})(?P<k> ?k)(?![a-z0-9])"),
)
SMALLEST, LARGEST = 2.0, 1_000_000.0
_AFTER_A_LETTER = (10, 20, 40, 60, 100, 200, 400, 600, 1000)  # HE10x, PAS400x; but C3x and IgA2x say nothing


def magnification_of(text: str) -> float | None:
    """The magnification named in a text, as written (``40X`` is 40); None if none or several are named.

    ``8.0K`` is 8000, ``1.5万倍`` is 15000, ``1600x1200`` is a size in pixels and no magnification.
    """
    found = {value for _, value in _found(unicodedata.normalize("NFKC", text).casefold())}
    return found.pop() if len(found) == 1 else None


def without_magnification(text: str) -> str:
    """The text, casefolded and in plain letters, with every magnification taken out."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    for match, _ in sorted(_found(plain), key=lambda one: -one[0].start()):
        plain = f"{plain[: match.start()]} {plain[match.end() :]}"
    return plain


def _found(plain: str) -> Iterator[tuple[re.Match[str], float]]:
    """Every magnification in a plain text; no two overlap."""
    taken: list[range] = []
    for pattern in _PATTERNS:
        for match in pattern.finditer(plain):
            value = float(re.sub("[,，]", "", match["n"])) * (1000 if match["k"] else 1)
            if match[0].endswith("万倍"):
                value *= 10_000
            before = plain[match.start("n") - 1] if match.start() == match.start("n") > 0 else ""
            glued = before.isascii() and before.isalpha() and value not in _AFTER_A_LETTER
            overlaps = any(match.start() < one.stop and one.start < match.end() for one in taken)
            if SMALLEST <= value <= LARGEST and not glued and not overlaps:
                taken.append(range(match.start(), match.end()))
                yield match, value
