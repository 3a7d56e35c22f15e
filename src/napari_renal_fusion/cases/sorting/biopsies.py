"""Which files belong to one biopsy: by accession number, by date, or by folder."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from .guess import Guess
from .tokens import Name
from .words import said_by

_DATE = re.compile(
    r"(?<![0-9])(?P<y>(?:19|20)[0-9]{2})(?P<s>[-./年 ]?)(?P<m>[0-9]{1,2})(?:(?P=s)|月)(?P<d>[0-9]{1,2})日?(?![0-9])"
)
_TIME = re.compile(r"[-_ t]*[0-9]{6}(?![0-9])|[-_ ]+[0-9]{2}[-_.:][0-9]{2}(?:[-_.:][0-9]{2})?")
_ACCESSION = (
    re.compile(r"(?:病理号|住院号|编号|no\.?|acc(?:ession)?)[ :：_-]*(?P<n>[a-z]{0,3}[0-9][0-9-]{2,11})"),
    re.compile(r"(?<![a-z0-9-])(?P<n>[a-z]{0,3}[- ]?(?:[0-9]{2}|(?:19|20)[0-9]{2})[-_][0-9]{3,7})(?![0-9-])"),
    re.compile(r"(?<![a-z0-9])(?P<n>[a-z]{0,3}[0-9]{5,10})(?![0-9])"),
)
_NO_PATIENT = re.compile(
    r"^(?:dcim|[0-9]{3}[a-z_]{2,}.*|(?:new folder|untitled|camera|images?|photos?|pictures?|tiff?|jpe?g|export|"
    r"raw|part|disk|usb)[ _()0-9-]*)$|新建|文件夹|图片|照片|相机|图像",
    re.IGNORECASE,
)


def biopsies_of(names: Sequence[Name]) -> list[Guess]:
    """Give each file its biopsy: the accession number, the date as ``YYYY-MM-DD``, a folder, or "".

    A number counts as an accession number if it is written alike on several files: a counter is not. A
    date beside a time of day is when a camera took the picture and says nothing. Two accession numbers,
    or without them two dates, are two biopsies; a file that carries neither goes with its folder, or, if
    that does not help, with the most files, and is doubtful.
    """
    values = _accessions(names)
    kind = "accession number"
    if not any(values):
        values, kind = [_date(name) for name in names], "date"
    if not any(values):
        values, kind = _case_folders(names), "folder"
    if not any(values):
        values, kind = _patient_folders(names), "folder"
    found = Counter(value for value in values if value)
    if len(found) <= 1:
        label = next(iter(found), "")
        return [Guess(label, 1.0, "one biopsy: no second number or date", "name")] * len(names)
    sure = {"accession number": 0.95, "date": 0.8, "folder": 0.8}[kind]
    guesses = []
    for name, value in zip(names, values, strict=True):
        if value:
            guesses.append(Guess(value, sure, f"its {kind} is {value}", "name"))
            continue
        inside = {v for n, v in zip(names, values, strict=True) if v and n.folders == name.folders}
        if name.folders and len(inside) == 1:
            guesses.append(Guess(inside.pop(), 0.75, "the others in its folder belong there", "folder"))
        else:
            most = found.most_common(1)[0][0]
            guesses.append(
                Guess(most, 0.3, f"it carries no {kind}, and there are {len(found)} biopsies", "nobody")
            )
    return guesses


def _accessions(names: Sequence[Name]) -> list[str]:
    """The accession number of each name, or "": the one shape of number that most often repeats itself."""
    found: list[dict[str, str]] = []  # shape -> value, of each file
    for name in names:
        here: dict[str, str] = {}
        for text in (*name.folders, name.stem):
            text = _DATE.sub(" ", text)
            for pattern in _ACCESSION:
                for match in pattern.finditer(text):
                    value = re.sub("[ _]", "-", match["n"])
                    here.setdefault(re.sub("[0-9]", "0", value), value)
        found.append(here)
    best, best_count = "", (0, 0)
    for shape in sorted({shape for here in found for shape in here}):
        values = Counter(here[shape] for here in found if shape in here)
        repeated = sum(count for count in values.values() if count > 1)
        if repeated < 0.6 * sum(values.values()) or _is_counter(values):
            continue
        if (repeated, len(shape)) > best_count:
            best, best_count = shape, (repeated, len(shape))
    return [here.get(best, "").upper() for here in found]


def _is_counter(values: Iterable[str]) -> bool:
    """Whether the last numbers of the values count up from one: then each stain was numbered anew."""
    last = sorted({int(re.findall("[0-9]+", value)[-1]) for value in values})
    return len(last) > 1 and last[0] <= 2 and last[-1] - last[0] == len(last) - 1


def _date(name: Name) -> str:
    for text in (name.stem, *reversed(name.folders)):
        for match in _DATE.finditer(text):
            if _TIME.match(text[match.end() :]) or (text is name.stem and name.from_camera):
                continue
            try:
                return dt.date(int(match["y"]), int(match["m"]), int(match["d"])).isoformat()
            except ValueError:
                continue
    return ""


def _case_folders(names: Sequence[Name]) -> list[str]:
    """The first folder of each file, if several of them hold folders of modalities: then each is a case."""
    inner: dict[str, set] = {}
    for name in names:
        if len(name.folders) >= 2 and said_by(name.folders[1], "folder").modality.value:
            inner.setdefault(name.folders[0], set()).add(said_by(name.folders[1], "folder").modality.value)
    cases = {folder for folder in inner if said_by(folder, "folder").modality.value is None}
    if len(cases) < 2:
        return [""] * len(names)
    return [name.folders[0] if name.folders and name.folders[0] in cases else "" for name in names]


def _patient_folders(names: Sequence[Name]) -> list[str]:
    """The first folder of each file, if all lie in folders and none of these says what is in it.

    Two patients in one case would be worse than one patient in two, which a person sees and joins.
    """
    first = {name.folders[0] for name in names if name.folders}
    if (
        len(first) < 2
        or not all(name.folders for name in names)
        or any(_says_something(one) for one in first)
    ):
        return [""] * len(names)
    return [name.folders[0] for name in names]


def _says_something(folder: str) -> bool:
    """Whether a folder is named after what it holds, or by a camera or a computer."""
    said = said_by(folder, "folder")
    known = (said.modality.value, said.stain.value, said.magnification.value, said.torn)
    return any(known) or bool(_NO_PATIENT.search(folder))
