"""Long work gives way: a process that asks for it has a lower priority, whoever started it keeps its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

_ASK = """
import psutil
from pathlib import Path
from napari_renal_fusion.compute.priority import give_way
give_way()
group = Path("/proc/self/autogroup")
print(psutil.Process().nice(), *(group.read_text() if group.exists() else "").split()[-1:])
"""
# The kernel leaves that file empty for a session that it has not put into a group of its own (a container's first one).


def _said(own_session: bool) -> list[str]:
    command = [sys.executable, "-c", _ASK]
    done = subprocess.run(command, capture_output=True, text=True, check=True, start_new_session=own_session)
    return done.stdout.split()


@pytest.mark.skipif(sys.platform == "win32", reason="priorities have other numbers there")
def test_a_process_lowers_its_own_priority_and_that_of_its_session():
    before = psutil.Process().nice()
    priority, *group = _said(own_session=True)
    assert int(priority) > before
    assert group in (["10"], [])
    assert psutil.Process().nice() == before


@pytest.mark.skipif(sys.platform == "win32", reason="sessions are a thing of POSIX")
def test_a_session_of_somebody_else_keeps_its_priority():
    group = Path("/proc/self/autogroup")
    before = (group.read_text() if group.exists() else "").split()[-1:]
    assert _said(own_session=False)[1:] == before
