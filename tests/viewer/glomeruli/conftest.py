"""An editor over an image in a viewer without a window, and a mouse on its layer."""

from __future__ import annotations

import numpy as np
import pytest

from napari_renal_fusion.cases import PixelSize
from napari_renal_fusion.glomeruli.drawing import Drawing

from .mouse import Mouse

SHAPE = (300, 400)
SIZE = PixelSize(value=0.5, unit="um")


@pytest.fixture
def viewer(qapp):
    from napari.components import ViewerModel

    model = ViewerModel()
    model.add_image(np.full((*SHAPE, 3), 220, np.uint8), rgb=True, name="image")
    model.scene.camera.zoom = 2.0
    model.scene.camera.center = (0.0, 150.0, 200.0)
    return model


@pytest.fixture
def journal(tmp_path):
    return tmp_path / "OM-1.jsonl"


@pytest.fixture
def make_editor(viewer):
    """A function that opens an editor on a journal."""
    from napari_renal_fusion.viewer.glomeruli.editor import Editor
    from napari_renal_fusion.viewer.glomeruli.subject import Subject

    made = []

    def make(path, pixel_size=SIZE):
        editor = Editor(viewer)
        editor.sentences = []
        editor.said.connect(lambda sentence, role: sentence and editor.sentences.append((role, sentence)))
        drawing = Drawing(path, "OM-1", image_shape=SHAPE)
        editor.show(Subject("OM-1", "Light · OM-1", viewer.layers["image"], SHAPE, pixel_size), drawing)
        made.append((editor, drawing))
        return editor

    yield make
    for editor, drawing in made:
        editor.close()
        drawing.close()


@pytest.fixture
def editor(make_editor, journal):
    return make_editor(journal)


@pytest.fixture
def mouse(viewer, editor):
    """Made on the layer of the editor; ask for it after the first tool."""

    def on_layer():
        return Mouse(viewer, editor.shapes.layer)

    return on_layer
