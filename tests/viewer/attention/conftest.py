"""A patient with a slide and omics, a hand-made attention, and an engine that answers in this process."""

from __future__ import annotations

import json

import pytest
from qtpy.QtCore import QTimer

from napari_renal_fusion.cases import Case, PixelSize, SlideItem
from napari_renal_fusion.compute.progress import Progress
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.inference.prediction import Prediction, SurvivalAnswer
from napari_renal_fusion.inputs.selection import Selection
from napari_renal_fusion.viewer.answer import Answer
from napari_renal_fusion.viewer.attention.child import AttentionWork
from napari_renal_fusion.viewer.attention.dock import AttentionDock
from napari_renal_fusion.viewer.attention.host import Host, ShownSlide

from .made_slide import UM, slide_session, write_slide

SURVIVAL = SurvivalAnswer(
    times=(12.0, 24.5, 40.0, 60.0), curve=(0.95, 0.8, 0.62, 0.5), outcome="death of any cause",
    population="clear cell renal carcinoma, TCGA", time_zero="diagnosis", unit="months", group="low", percentile=35,
)  # fmt: skip


class DirectEngine:
    """Answers with the child's own handlers, through JSON, one turn of the event loop later."""

    def __init__(self, recall):
        self.handlers = AttentionWork(recall).handlers()
        self.asked = []

    def ask(self, method, params, done, failed, progress=None):
        self.asked.append((method, params))
        params = json.loads(json.dumps(params))

        def answer():
            try:
                result = json.loads(json.dumps(self.handlers[method](params, Progress())))
            except RenalFusionError as error:
                failed(error)
            else:
                done(result)

        QTimer.singleShot(0, answer)
        return len(self.asked)

    def count(self, method):
        return sum(one == method for one, _ in self.asked)


class FakeHost(Host):
    def __init__(self, engine):
        super().__init__()
        self.engine = engine
        self.now_case = self.now_answer = self.now_shown = None
        self.layers, self.ran, self.wanted = {}, 0, []

    case = property(lambda self: self.now_case)
    answer = property(lambda self: self.now_answer)
    shown = property(lambda self: self.now_shown)
    can_run = True

    def run(self):
        self.ran += 1

    def show_slide(self, item):
        self.wanted.append(item)
        self.now_shown = ShownSlide(item, self.layers[item.path])
        self.slide_changed.emit()


def made_prediction(**fields):
    return Prediction(
        case_id="K 1", status="answered", verdict="", class_names=("quiet", "busy"), names_shown=True,
        probabilities=(0.4, 0.6), scope="", selection=Selection(images=()), **fields,
    )  # fmt: skip


@pytest.fixture
def slide_file(tmp_path):
    return write_slide(tmp_path / "slide 切片.tiff")


@pytest.fixture
def item(slide_file):
    return SlideItem(slide_file, stain="HE", stated_pixel_size=PixelSize(value=UM, unit="um"))


@pytest.fixture
def session(item):
    return slide_session(item)


@pytest.fixture
def answer(session):
    prediction = made_prediction()
    prediction._session = session
    return Answer("one", prediction)


@pytest.fixture
def case(item, tmp_path):
    return Case("K 1", "P", folder=tmp_path, slides=(item,))


@pytest.fixture
def dock(qapp, qtbot, answer, case, item):
    """The dock beside a viewer without a window, which is quick; clicks and keys are real."""
    from napari.components import ViewerModel

    made = make_dock(ViewerModel(), answer, case, item)
    qtbot.addWidget(made)
    made.resize(344, 900)
    made.show()
    settle(made, qtbot)
    yield made
    made.shut()


@pytest.fixture
def shown_dock(make_napari_viewer, qtbot, answer, case, item):
    """The dock in a real napari window beside a slide's layer."""
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1100, 760)
    made = make_dock(viewer, answer, case, item)
    viewer.window.add_dock_widget(made, name="Attention", area="right", add_vertical_stretch=False)
    settle(made, qtbot)
    yield made
    made.shut()


def make_dock(viewer, answer, case, item):
    with item.open() as slide:
        pixels = slide.read(0, 0, 0, *slide.levels[0].shape)
    layer = viewer.add_image(pixels, rgb=True, name="Slide", scale=(UM, UM), units=("um", "um"))
    host = FakeHost(DirectEngine(lambda params: (case, answer.prediction)))
    host.layers[item.path] = layer
    host.now_case, host.now_answer, host.now_shown = case, answer, ShownSlide(item, layer)
    return AttentionDock(viewer, host)


def settle(dock, qtbot):
    qtbot.wait(30)
    qtbot.waitUntil(lambda: not dock.busy, timeout=60_000)
    qtbot.wait(30)
