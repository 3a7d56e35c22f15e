"""Installing a bundle: it stands beside the others, never in their place."""

from __future__ import annotations

import json
import shutil

from napari_renal_fusion.bundles import find, installed
from napari_renal_fusion.bundles.format import manifest_sha256
from napari_renal_fusion.bundles.install import install


def copy_of_demo(folder, **changes):
    shutil.copytree(find("demo"), folder)
    content = json.loads((folder / "bundle.json").read_text()) | changes
    content["sha256"]["bundle.json"] = manifest_sha256(json.dumps(content))
    (folder / "bundle.json").write_text(json.dumps(content))
    return folder


def test_a_bundle_is_installed_once_and_replaces_none(tmp_path, private_home):
    first = install(copy_of_demo(tmp_path / "a", name="ours", title="First"))
    assert first == private_home / "data" / "bundles" / "ours"
    assert install(tmp_path / "a") == first
    second = install(copy_of_demo(tmp_path / "b", name="ours", title="Second"))
    assert second.name == "ours-2"
    assert {"demo", "ours", "ours-2"} <= {info.name for info in installed() if info.config}
    assert install("demo") == find("demo")


def test_a_bundle_of_the_shipped_name_stands_beside_it(tmp_path):
    assert install(copy_of_demo(tmp_path / "a", title="Another")).name == "demo-2"
    assert {info.title for info in installed()} >= {"Another"}
