"""Long work gives way to windows."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_NICE = 10
_AUTOGROUP = Path("/proc/self/autogroup")


def give_way() -> None:
    """Lower this process's priority for the rest of its life; alone on the computer it is as fast as before.

    Linux shares processors between sessions before it looks at priorities inside them, so a session of our own gets
    the lower one too. Where the system forbids it, everything stays as it was.
    """
    import psutil

    try:
        psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else _NICE)
        # Somebody else's session (a terminal's) is left alone.
        if _AUTOGROUP.exists() and os.getsid(0) == os.getpid():
            _AUTOGROUP.write_text(str(_NICE))
    except (psutil.Error, OSError):
        return
