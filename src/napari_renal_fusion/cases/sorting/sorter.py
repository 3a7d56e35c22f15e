"""The sorter: from file names, folders, the laboratory's pattern and, where these are silent, pixels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from ...errors import RenalFusionError
from ..image_formats import VENDOR_SUFFIXES
from ..modality import Modality
from .biopsies import biopsies_of
from .gather import gather
from .guess import Correction, Guess, SortedFile
from .look import Look, look_at
from .pattern import LabPattern
from .sorting import Sorting
from .thumbnails import is_electron_file, picture_size, small_picture
from .tokens import Name, constant_words, without
from .words import Said, said_by

_SETTLED = 0.85
_THREADS = 2

# What remains of IgA or kappa where the name says already that it is immunofluorescence.
_ANTIBODY_LETTERS = {"a": "IgA", "g": "IgG", "m": "IgM", "k": "Kappa", "l": "Lambda"}

Tell = Callable[[float, str], None]
Begun = Callable[[Sorting], None]
Seen = Callable[[Path, "Look | str"], None]


def sort_files(
    paths: Path | str | Sequence[Path | str],
    pattern: LabPattern | None = None,
    *,
    known: Mapping[Path, SortedFile] | None = None,
    tell: Tell | None = None,
    begun: Begun | None = None,
    seen: Seen | None = None,
) -> Sorting:
    """Sort a folder, nested or flat, or a selection of files; originals are opened for reading only.

    Names and folders decide where they can. Pixels are looked at, in thumbnails, where they do not, and
    where a thumbnail costs little anyway; a large file whose name has settled it is not decoded.

    Parameters
    ----------
    pattern
        What is known of the laboratory.
    known
        Files that were sorted before, by path: they keep what they were sorted as.
    tell
        Called with a fraction and a sentence, on the calling thread; it may raise to stop.
    begun
        Called once, on the calling thread, with what names alone say, before any image is opened.
    seen
        Called on the calling thread with each image that was looked at, as it comes: its look, or why it cannot
        be read.

    Raises
    ------
    RenalFusionError
        As :func:`.gather.gather`.
    """
    found = gather(paths)
    pattern = pattern or LabPattern()
    files = tuple(SortedFile(path, name) for path, name, _ in found.images)
    start = Sorting(found.root, files, found.others, pattern, known=known or {})
    first = believe(start, {}, pattern)
    if begun is not None:
        begun(first)
    looks = _look_where_needed(first, tell, seen)
    return believe(replace(first, looks=looks), {}, pattern)


def believe(sorting: Sorting, corrections: Mapping[str, Correction], pattern: LabPattern) -> Sorting:
    """Judge every file anew from what is known; nothing is opened.

    ``pattern`` is what to go by; ``sorting.pattern`` stays, so that a correction taken back teaches nothing.
    """
    names = [Name.of(file.name) for file in sorting.files]
    constant = constant_words(names)
    biopsies = _with_known(sorting, biopsies_of(names))
    files = []
    for file, name, biopsy in zip(sorting.files, names, biopsies, strict=True):
        correction = corrections.get(file.name)
        before = sorting.known.get(file.path)
        look = sorting.looks.get(file.path)
        if before is not None:
            judged = replace(before, name=file.name, biopsy=biopsy)
        else:
            judged = _judge(file, name, constant, look if isinstance(look, Look) else None, pattern)
            judged = replace(judged, biopsy=biopsy, problem=look if isinstance(look, str) else "")
        files.append(_corrected(judged, correction, name, constant))
    return replace(sorting, files=tuple(files), corrections=dict(corrections))


def _with_known(sorting: Sorting, biopsies: Sequence[Guess]) -> list[Guess]:
    """Biopsies with the files that were sorted before kept together, and nameless new files beside them."""
    codes = {file.code for file in sorting.known.values()}
    if not codes:
        return list(biopsies)
    before = [sorting.known.get(file.path) for file in sorting.files]
    if len(codes) > 1:
        return [one.biopsy if one else guess for one, guess in zip(before, biopsies, strict=True)]
    labels = Counter(guess.value for one, guess in zip(before, biopsies, strict=True) if one)
    label = labels.most_common(1)[0][0] if labels else next(iter(sorting.known.values())).biopsy.value
    ours = Guess(label, 1.0, "sorted before", "record")
    beside = Guess(label, 0.75, "new in the folder of this biopsy", "record")
    return [
        ours if one else beside if guess.by == "nobody" else guess
        for one, guess in zip(before, biopsies, strict=True)
    ]


def _judge(
    file: SortedFile, name: Name, constant: frozenset[str], look: Look | None, pattern: LabPattern
) -> SortedFile:
    """Modality, stain and magnification of one file."""
    said = _said_by_name(name, constant)
    folders = [said_by(folder, "folder") for folder in reversed(name.folders)]  # the nearest first
    laboratory = _laboratory(pattern, name)
    alike = pattern.like(look) if look and look.colour else (Guess(), Guess())
    clues = [said.modality, *(one.modality for one in folders), alike[0]]
    if laboratory.modality.value:  # a person said what this word means here: it outranks the dictionary
        clues = [laboratory.modality, *(one.modality for one in folders), alike[0]]
    if file.path.suffix.lower() in VENDOR_SUFFIXES or (look is not None and look.electron):
        clues.append(Guess(Modality.TEM, 0.97, "an electron microscope wrote the file", "file"))
    elif look is not None:
        clues.append(Guess(look.modality, look.sure, f"it looks like {look.why}", "pixels"))
    modality = _weigh([clue for clue in clues if clue.value is not None], said.torn, look)
    stain = _stain(modality.value, name, said, folders, laboratory, alike[1], look, constant)
    sizes = (laboratory.magnification, said.magnification, *(one.magnification for one in folders))
    magnification = next((guess for guess in sizes if guess.value), Guess())
    return replace(file, modality=modality, stain=stain, magnification=magnification, look=look)


def _said_by_name(name: Name, constant: frozenset[str]) -> Said:
    """What the name says; words that all names share count only if the rest is silent."""
    if name.from_camera:
        return Said()
    said = said_by(without(name.stem, constant), "name") if constant else Said()
    if said.modality.value is None and not said.torn:
        said = said_by(name.stem, "name")
    return said


def _laboratory(pattern: LabPattern, name: Name) -> Said:
    """What the laboratory's own words in a name mean; where two disagree, the longer word counts, doubtfully."""
    told: dict[str, Guess] = {}
    meanings = pattern.meanings(name)
    for field in ("modality", "stain", "magnification"):
        values = [value for meaning in meanings if (value := getattr(meaning, field)) is not None]
        if values:
            sure = 0.9 if len(set(values)) == 1 else 0.5
            shown = values[0].title if isinstance(values[0], Modality) else values[0]
            why = f"in this laboratory a word of its name means {shown}"
            told[field] = Guess(values[0], sure, why, "laboratory")
    return Said(**told)


def _weigh(clues: Sequence[Guess], torn: str, look: Look | None) -> Guess:
    """Join clues to the modality: those that agree strengthen each other, a strong one against makes doubtful."""
    if not clues:
        return Guess(None, 0.0, torn or (look.why if look else "neither its name nor its folder says"))
    values = list(dict.fromkeys(clue.value for clue in clues))
    doubt = dict.fromkeys(values, 1.0)
    for clue in clues:
        doubt[clue.value] *= 1 - clue.sure
    best = min(values, key=lambda value: doubt[value])
    leading = max((clue for clue in clues if clue.value is best), key=lambda clue: clue.sure)
    sure = 1 - doubt[best]
    against = [clue for clue in clues if clue.value is not best and clue.sure >= 0.5]
    if against:
        strongest = max(against, key=lambda clue: clue.sure)
        sure *= 1 - strongest.sure * (0.7 if sure > 0.99 else 1.0)
        return Guess(best, round(sure, 3), f"{leading.why}, but {strongest.why}", leading.by)
    if torn and leading.by == "pixels":
        return Guess(best, min(sure, 0.7), f"{torn}; {leading.why}", leading.by)
    return Guess(best, round(min(sure, 0.99), 3), leading.why, leading.by)


def _stain(
    modality: Modality | None,
    name: Name,
    said: Said,
    folders: Sequence[Said],
    laboratory: Said,
    alike: Guess,
    look: Look | None,
    constant: frozenset[str],
) -> Guess:
    """The stain or antibody, given the modality."""
    if modality is None:
        return Guess()
    if modality is Modality.TEM:
        return Guess(None, 1.0, "electron images have no stain to name", "nobody")
    if laboratory.stain.value and laboratory.modality.value in (None, modality):
        return laboratory.stain
    for one in (said, *folders):
        if one.stain.value and one.modality.value is modality:
            return one.stain
    if not name.from_camera:  # the modality came from elsewhere; the name may still tell the stain
        other = _stain_in(without(name.stem, constant), modality) or _stain_in(name.stem, modality)
        if other:
            return other
        if (
            modality is Modality.IM
            and (letter := _ANTIBODY_LETTERS.keys() & set(name.fields))
            and len(letter) == 1
        ):
            stain = _ANTIBODY_LETTERS[letter.pop()]
            return Guess(stain, 0.7, f"a letter in its name may mean {stain}", "name")
    if alike.value and modality is Modality.OM:
        return alike
    if look is not None and look.stain and modality is Modality.OM:
        return Guess(look.stain, look.stain_sure, f"its colours suggest {look.stain}", "pixels")
    what = "stain" if modality is Modality.OM else "antibody"
    return Guess(None, 0.3, f"the {what} is not named", "nobody")


def _stain_in(text: str, modality: Modality) -> Guess | None:
    from ..names import stain_of

    stain = stain_of(text.replace("_", " "), modality)
    return Guess(stain, 0.85, f"the file's name says {stain}", "name") if stain else None


def _corrected(
    file: SortedFile, correction: Correction | None, name: Name, constant: frozenset[str]
) -> SortedFile:
    """A file as judged, with what the person said on top."""
    if correction is None:
        return file
    told = {"why": "a person said so", "by": "person", "sure": 1.0}
    changes: dict[str, object] = {}
    if correction.modality is not None:
        changes["modality"] = Guess(correction.modality, **told)
        if correction.modality is not file.modality.value and correction.stain is None:
            changes["stain"] = _stain(
                correction.modality,
                name,
                _said_by_name(name, constant),
                (),
                Said(),
                Guess(),
                file.look,
                constant,
            )
    if correction.stain is not None:
        changes["stain"] = Guess(correction.stain or None, **told)
    if correction.magnification is not None:
        changes["magnification"] = Guess(correction.magnification or None, **told)
    if correction.biopsy is not None:
        changes["biopsy"] = Guess(correction.biopsy, **told)
    if correction.left_out is not None:
        changes["left_out"] = correction.left_out
    return replace(file, **changes)


def _look_where_needed(sorting: Sorting, tell: Tell | None, seen: Seen | None) -> dict[Path, Look | str]:
    """Thumbnails of unsettled files, and of files whose thumbnail costs little; a str is why it cannot be read."""
    todo = [
        (file.path, file.modality.sure < _SETTLED) for file in sorting.files if file.path not in sorting.known
    ]
    looks: dict[Path, Look | str] = {}
    pool = ThreadPoolExecutor(_THREADS)
    try:
        for done, (path, look) in enumerate(pool.map(_look, todo), start=1):
            if look is not None:
                looks[path] = look
                if seen is not None:
                    seen(path, look)
            if tell is not None:
                tell(done / len(todo), f"Looking at images: {done} of {len(todo)}")
    finally:  # whoever stops does not wait for the images that are still to come
        pool.shutdown(cancel_futures=True)
    return looks


def _look(task: tuple[Path, bool]) -> tuple[Path, Look | str | None]:
    path, needed = task
    try:
        if not needed and not picture_size(path)[2]:
            return path, None
        thumbnail, (height, width) = small_picture(path)
    except RenalFusionError as error:
        return path, str(error)
    return path, replace(look_at(thumbnail, height, width), electron=is_electron_file(path))
