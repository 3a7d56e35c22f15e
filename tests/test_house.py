"""The house stands: light imports, the floors, the manifest, the links at the root."""

import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def modules_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(' '.join(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in run.stdout.split()}


def test_importing_the_package_imports_neither_torch_nor_napari():
    assert not modules_after("import napari_renal_fusion") & {"torch", "timm", "napari", "qtpy", "matplotlib"}


@pytest.mark.parametrize(
    "room",
    ["cases", "compute", "inputs", "bundles", "inference", "explain", "glomeruli", "training", "viewer"],
)
def test_a_room_that_a_viewer_opens_imports_no_torch(room):
    assert not modules_after(f"import napari_renal_fusion.{room}") & {"torch", "timm", "lightning"}


def test_the_list_of_bundles_and_a_command_line_start_without_torch():
    statement = (
        "from napari_renal_fusion.bundles import installed; installed(); import napari_renal_fusion.cli.app"
    )
    assert not modules_after(statement) & {"torch", "timm", "napari"}


def test_plugin_discovery_imports_no_torch():
    statement = (
        "from npe2 import PluginManager; pm = PluginManager.instance(); pm.discover(); "
        "assert 'napari-renal-fusion' in pm"
    )
    assert "torch" not in modules_after(statement)


def test_the_floors():
    run = subprocess.run(
        [Path(sys.executable).parent / "lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout


def test_the_manifest_is_valid():
    run = subprocess.run(
        [Path(sys.executable).parent / "npe2", "validate", "napari-renal-fusion"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr


def test_package_data_is_in_the_package_and_linked_at_the_root():
    package = Path(str(files("napari_renal_fusion")))
    assert (package / "napari.yaml").is_file()
    assert (ROOT / "napari.yaml").resolve() == (package / "napari.yaml").resolve()
    assert (ROOT / "sample_data").resolve() == (package / "sample_data").resolve()


def test_what_ships_is_small():
    sample = Path(str(files("napari_renal_fusion"))) / "sample_data"
    sizes = {
        part: sum(f.stat().st_size for f in (sample / part).rglob("*") if f.is_file())
        for part in ("bundles", "cohort")
    }
    assert 0 < sizes["bundles"] <= 12 * 2**20
    assert 0 < sizes["cohort"] <= 10 * 2**20
