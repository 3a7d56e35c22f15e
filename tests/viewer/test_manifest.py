"""The manifest: valid, in step with the settings, and free of heavy imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import napari_renal_fusion
from napari_renal_fusion.compute.settings import Settings

MANIFEST = Path(napari_renal_fusion.__file__).with_name("napari.yaml")


def test_manifest_is_valid_and_its_commands_exist():
    from npe2 import PluginManifest

    manifest = PluginManifest.from_file(MANIFEST)
    manifest.validate_imports()
    assert manifest.schema_version == "0.3.0"
    assert {widget.display_name for widget in manifest.contributions.widgets} == {
        "Renal fusion workspace",
        "Model opinion for open layers",
        "Train a model",
        "Attention over slides and omics",
        "Sort a messy folder",
        "What is stored where",
    }
    assert {"napari/layers/classify", "napari/layers/visualize"} == set(manifest.contributions.menus)


def test_preferences_page_has_every_setting_with_its_words():
    from npe2 import PluginManifest

    page = PluginManifest.from_file(MANIFEST).contributions.configurations["reading"].properties
    schema = Settings.model_json_schema()["properties"]
    assert page.keys() == schema.keys()
    for name, wanted in schema.items():
        shown = page[name]
        assert (shown.title, shown.description, shown.default) == (
            wanted["title"],
            wanted["description"],
            wanted["default"],
        )
        for limit in ("minimum", "maximum", "enum"):
            assert (getattr(shown, limit, None) or None) == (wanted.get(limit) or None)


@pytest.mark.parametrize(
    ("code", "forbidden"),
    [
        ("import napari_renal_fusion, napari_renal_fusion.viewer", ("torch", "napari", "qtpy", "magicgui")),
        ("import napari_renal_fusion.viewer.engine_child", ("torch", "napari", "qtpy", "magicgui", "timm")),
        ("from npe2 import PluginManager; PluginManager.instance().discover()", ("torch", "timm")),
        (
            "import napari_renal_fusion.viewer.workspace, napari_renal_fusion.viewer.opinion_widget",
            ("torch", "timm"),
        ),
        (
            "import napari_renal_fusion.viewer.attention.widget",
            ("torch", "timm", "matplotlib", "openslide"),
        ),
        (
            "import napari_renal_fusion.viewer.training.dock",
            ("torch", "timm", "lightning", "sklearn", "matplotlib"),
        ),
        (
            "import napari_renal_fusion.viewer.training.prepare_child",
            ("torch", "napari", "qtpy", "magicgui", "timm"),
        ),
    ],
)
def test_nothing_heavy_is_imported(code, forbidden):
    check = f"{code}\nimport sys; print([name for name in {forbidden!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
