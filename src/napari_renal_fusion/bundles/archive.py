"""A bundle sent as one ``.zip``: checked member by member, then unpacked into the cache."""

from __future__ import annotations

import lzma
import shutil
import zipfile
import zlib
from pathlib import Path

from ..compute.atomic import atomic_folder
from ..compute.places import cache_dir
from ..errors import RenalFusionError
from .check import HARMLESS, check_member, check_size
from .format import FILES


def unpack(archive: Path) -> Path:
    """Unpack a bundle's ``.zip`` and return the folder.

    Only the three files of a bundle are accepted, at the top or in one folder; their true sizes are
    counted while unpacking, because the sizes that an archive states can be false.

    Raises
    ------
    RenalFusionError
        ``bundle_unsafe``, ``bundle_too_large``, ``bundle_truncated``.
    """
    import hashlib

    with archive.open("rb") as file:
        target = cache_dir() / "bundles" / hashlib.file_digest(file, "sha256").hexdigest()[:24]
    if target.is_dir():
        return target
    try:
        with zipfile.ZipFile(archive) as opened, atomic_folder(target) as folder:
            for member in opened.infolist():
                if not (member.is_dir() or _of_the_system(member.filename)):
                    _unpack_member(archive, opened, member, folder)
    except (
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise RenalFusionError(
            "bundle_truncated",
            f"{archive.name} is not a complete .zip",
            path=archive,
            remedy="Get a new copy of the bundle.",
        ) from error
    return target


def _of_the_system(name: str) -> bool:
    return name.startswith("__MACOSX/") or name.rsplit("/", 1)[-1] in HARMLESS


def _unpack_member(archive: Path, opened: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> None:
    parts = member.filename.replace("\\", "/").split("/")
    if len(parts) > 2 or ".." in parts or "" in parts or ":" in member.filename:
        raise RenalFusionError(
            "bundle_unsafe",
            f"{archive.name} is refused: it would write outside its folder ({member.filename!r})",
            path=archive,
            remedy="Use only bundles from people you know.",
        )
    check_member(archive, parts[-1])
    check_size(archive, parts[-1], member.file_size)
    if member.file_size > 64 * 2**20 and member.file_size > 50 * max(1, member.compress_size):
        raise RenalFusionError(
            "bundle_too_large",
            f"{archive.name} is refused: {parts[-1]} would unpack to {member.file_size / 2**20:.0f} MB",
            path=archive,
            remedy="Use only bundles from people you know.",
        )
    with opened.open(member) as source, (folder / parts[-1]).open("xb") as destination:
        shutil.copyfileobj(source, destination)  # zipfile stops at the stated size and checks the CRC
    assert parts[-1] in FILES
