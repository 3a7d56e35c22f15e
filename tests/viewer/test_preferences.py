"""Settings travel between settings.toml, our forms and napari's Preferences page."""

from __future__ import annotations

import os
import time

import pytest

from napari_renal_fusion.compute.settings import Settings, load_settings, save_settings, settings_path
from napari_renal_fusion.viewer.form import form
from napari_renal_fusion.viewer.preferences import Preferences
from napari_renal_fusion.viewer.threads import Threads


@pytest.fixture
def threads(qapp):
    made = Threads(1)
    yield made
    made.close()


def page():
    from napari.settings import get_plugin_settings

    return get_plugin_settings("napari-renal-fusion").reading


def test_the_page_writes_through_to_the_file(plugin, threads, qtbot):
    preferences = Preferences(threads)
    page().cam_method = "layercam"
    qtbot.waitUntil(lambda: not threads.busy)
    assert preferences.settings.cam_method == "layercam"
    assert load_settings().cam_method == "layercam"
    preferences.close()


def test_a_form_writes_through_to_the_page_and_the_file(plugin, threads, qtbot):
    preferences = Preferences(threads)
    heard = []
    preferences.changed.connect(heard.append)
    preferences.set(overlay="cells", overlay_opacity=0.3)
    qtbot.waitUntil(lambda: not threads.busy)
    assert (page().overlay, page().overlay_opacity) == ("cells", 0.3)
    assert load_settings().overlay == "cells"
    assert len(heard) == 1
    preferences.close()


def test_the_newer_of_file_and_page_wins(plugin, threads, qtbot):
    save_settings(Settings(threads=3))
    first = Preferences(threads)
    assert page().threads == 3
    first.close()
    page().threads = 5  # while none of our docks is open
    from napari.settings import get_plugin_settings

    file = get_plugin_settings("napari-renal-fusion").config_path
    assert file.exists()
    later = time.time() + 10
    os.utime(file, (later, later))
    second = Preferences(threads)
    assert second.settings.threads == 5
    second.close()


def test_a_broken_file_is_told_and_left_alone(plugin, threads):
    settings_path().parent.mkdir(parents=True)
    settings_path().write_text("threads = 'many'", encoding="utf-8")
    preferences = Preferences(threads)
    assert "settings file" in preferences.problem
    assert settings_path().read_text(encoding="utf-8") == "threads = 'many'"
    preferences.close()


def test_without_napari_knowing_the_plugin(threads, npe2pm, plugin_settings, qtbot):
    preferences = Preferences(threads)
    preferences.set(threads=2)
    qtbot.waitUntil(lambda: not threads.busy)
    assert load_settings().threads == 2


def test_a_form_is_built_from_the_model(qapp):
    heard = []
    made = form(
        Settings(),
        tuple(Settings.model_fields),
        lambda *change: heard.append(change),
        {"cam_method": {"gradcam++": "Grad-CAM++"}},
    )
    assert made.device.label == "Device"
    assert made.device.choices == ("auto", "cuda", "mps", "cpu")
    assert (made.threads.min, made.threads.max) == (0, 256)
    assert made.overlay_opacity.value == 0.6
    assert "Threads for the CPU" in made.threads.tooltip
    made.threads.value = 4
    made.cam_method.value = "gradcam++"
    assert heard == [("threads", 4), ("cam_method", "gradcam++")]
