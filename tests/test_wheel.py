"""The built wheel works by itself: the demo runs from it, far from the repository, with sockets forbidden."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NO_SOCKETS = """
import socket
def refuse(*_, **__):
    raise RuntimeError("a socket was opened")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_demo_runs_from_the_wheel_without_network(tmp_path):
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.stat().st_size < 30 * 2**20
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    (installed / "sitecustomize.py").write_text(NO_SOCKETS)
    code = (
        "import sys, napari_renal_fusion as package; "
        f"assert package.__file__.startswith({str(installed)!r}), package.__file__; "
        "from napari_renal_fusion.cli import main; sys.argv[1:] = ['demo', '--no-window', '--out', 'out']; main()"
    )
    env = os.environ | {"PYTHONPATH": str(installed), "RENAL_FUSION_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    answer = json.loads((tmp_path / "out" / "prediction.json").read_text())
    assert answer["status"] == "answered"
    assert (tmp_path / "out" / "report.html").stat().st_size < 10 * 2**20
    pictures = {one.stem for one in (tmp_path / "out" / "overlays").glob("*.png")}
    assert "bag" in pictures
    assert len(pictures) == 13  # the bag's table, and a map for each of the twelve images that entered
