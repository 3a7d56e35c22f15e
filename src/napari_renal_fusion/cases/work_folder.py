"""The work folder: what people add to cases, one folder a case code, and not one name in it."""

from __future__ import annotations

import re
import secrets
import shutil
from pathlib import Path

from ..compute.places import data_dir
from ..compute.settings import load_settings
from ..errors import RenalFusionError

CODE_SIGNS = "2346789CDFGHJKMNPQRTVWXY"
"""No two look alike (0 O, 1 I L, 5 S, 8 B, 2 Z) and no vowels: a code is never a word."""
_CODE = re.compile(r"[0-9A-Z]{4,6}")


class WorkFolder:
    """What people add to cases, by case code: ``root/<code>/``; made when something is first written."""

    def __init__(self, root: Path | str | None = None):
        self.root = _chosen_root() if root is None else Path(root)

    def case(self, code: str) -> Path:
        """Folder of a case; it need not exist.

        Raises
        ------
        RenalFusionError
            ``case_code_invalid``: a code is a name of a folder, so nothing else may be one.
        """
        if not _CODE.fullmatch(code):
            raise RenalFusionError(
                "case_code_invalid",
                f"{code!r} is not a case code",
                remedy="A case code has four to six capital letters and digits, such as 7K2F.",
            )
        return self.root / code

    def codes(self) -> tuple[str, ...]:
        """Codes of the cases that have a folder here."""
        try:
            return tuple(sorted(one.name for one in self.root.iterdir() if _CODE.fullmatch(one.name)))
        except OSError:
            return ()

    def new_code(self) -> str:
        """A random code that no case here has; its folder is made, so that nobody else takes it.

        Raises
        ------
        RenalFusionError
            ``work_folder_not_writable``.
        """
        length = 4 if len(self.codes()) < 20_000 else 5 if len(self.codes()) < 500_000 else 6
        while True:
            code = "".join(secrets.choice(CODE_SIGNS) for _ in range(length))
            if code.isdigit():  # looks like an accession number
                continue
            try:
                self.case(code).mkdir(parents=True)
            except FileExistsError:
                continue
            except OSError as error:
                raise RenalFusionError(
                    "work_folder_not_writable",
                    f"The work folder {self.root} cannot be written ({error.strerror or error})",
                    path=self.root,
                    remedy="Choose another work folder in the settings.",
                ) from error
            return code

    def purge(self, code: str) -> bool:
        """Delete everything kept about a case here; says whether there was anything. Originals stay.

        Raises
        ------
        RenalFusionError
            ``work_folder_not_writable`` if something could not be deleted.
        """
        folder = self.case(code)
        if not folder.exists():
            return False
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise RenalFusionError(
                "work_folder_not_writable",
                f"The folder of case {code} could not be deleted whole ({error.strerror or error})",
                path=folder,
                remedy="Close programs that use its files, and delete it again.",
            ) from error
        return True


def _chosen_root() -> Path:
    """The setting ``work_folder``, or ``work`` among the data; settings that cannot be read count as the default."""
    try:
        chosen = load_settings().work_folder
    except RenalFusionError:
        chosen = ""
    return Path(chosen).expanduser() if chosen else data_dir() / "work"
