"""Model opinion for open layers: a plain magicgui form for images that are already in napari."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import napari.layers
import napari.viewer
from magicgui.widgets import ComboBox, Container, Label, PushButton, Select, create_widget
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QDockWidget, QWidget

from ..bundles import BundleInfo, installed
from ..cases import Modality
from ..compute.settings import Settings
from ..errors import RenalFusionError
from ..explain.explanation import Explanation
from .answer import Answer, import_ahead
from .engine import Engine, borrow_engine, return_engine
from .form import form
from .open_layers import OpenImage, heat_map_arguments, request_case
from .opinion_section import OpinionSection
from .preferences import Preferences
from .progress_row import ProgressRow
from .theme import dock_style
from .threads import Threads
from .turns import Turns
from .words import METHOD_TITLES, RESEARCH_USE

if TYPE_CHECKING:
    from napari.layers import Image


class OpinionWidget(Container):
    """Choose the layers, a model and a device, and run; heat maps come back as layers."""

    def __init__(self, viewer: napari.viewer.Viewer, engine: Engine | None = None):
        self._viewer = getattr(viewer, "__wrapped__", viewer)
        self._closed = False
        self._answer: Answer | None = None
        self._layers: dict[str, Image] = {}
        self._running: int | None = None
        self.om = create_widget(
            annotation=napari.layers.Image, label="Light (OM)", options={"nullable": True}
        )
        self.im = create_widget(annotation=napari.layers.Image, label="IF (IM)", options={"nullable": True})
        self.tem = Select(label="Electron (TEM)", choices=self._image_layers, tooltip="One or more images")
        # Choices are functions, because napari resets them whenever a layer comes or goes.
        self._bundles: list[tuple[str, str]] = []
        self._classes: list[tuple[str, int]] = [("Most probable", -1)]
        self.bundle = ComboBox(label="Model", choices=lambda _: self._bundles)
        self.class_name = ComboBox(label="Class", choices=lambda _: self._classes)
        self.run_button = PushButton(text="Run")
        self.message = Label(value="")
        super().__init__(widgets=[self.om, self.im, self.tem, self.bundle], labels=True)
        self._host = QWidget()
        self._threads = Threads(parent=self._host)
        self._turns = Turns(self._host)
        self.preferences = Preferences(self._threads, self._host)
        self._borrowed = engine is None
        self.engine = engine or borrow_engine(self._host)
        self.settings_form = form(
            self.preferences.settings,
            ("device", "cam_method"),
            self._option_changed,
            {"cam_method": METHOD_TITLES},
        )
        for widget in (*self.settings_form, self.class_name, self.run_button, self.message):
            self.append(widget)
        self.opinion, self.progress = OpinionSection(), ProgressRow()
        self._assemble()
        self._tell("")
        self.engine.start()
        self._threads.run(import_ahead, lambda _: None, self._fail)
        self._threads.run(installed, self._show_bundles, self._fail)

    def _assemble(self) -> None:
        """Add the Qt parts below the form and listen to everything."""
        layout = self.native.layout()
        for part in (self.progress, self.opinion, self._host):
            layout.addWidget(part)
        self._host.hide()
        layout.addStretch(1)
        self.run_button.native.setProperty("role", "main")
        self.message.native.setWordWrap(True)
        self.message.native.setProperty("role", "warning")
        self.native.setStyleSheet(dock_style(self._viewer.theme))
        self._viewer.events.theme.connect(self._apply_theme)
        self.run_button.changed.connect(self.run)
        self.class_name.changed.connect(self._ask_question)
        self.progress.cancelled.connect(self._cancel)
        self._host.destroyed.connect(self.shut)
        self.tem.native.setFixedHeight(112)
        QTimer.singleShot(0, self._name_dock)
        self.opinion.heading.setText(f"Model opinion · {RESEARCH_USE.lower()}")

    def run(self, *_: object) -> None:
        """Ask the model about the chosen layers."""
        chosen = [(self.om.value, Modality.OM), (self.im.value, Modality.IM)]
        chosen += [(layer, Modality.TEM) for layer in self.tem.value]
        layers = [(layer, modality) for layer, modality in chosen if layer is not None]
        if self._running is not None or self.bundle.value is None:
            return
        if self._case_is_sealed():
            self._tell(
                "The case in the reading workspace is read first: enter your own reading and reveal there."
            )
            return
        if not layers:
            self._tell("Choose at least one layer; drag images into napari first.")
            return
        try:
            images = [OpenImage.of(layer, modality) for layer, modality in layers]
        except RenalFusionError as error:
            self._fail(error)
            return
        counts: dict[Modality, int] = {}
        self._layers = {}
        for layer, modality in layers:
            counts[modality] = counts.get(modality, 0) + 1
            self._layers[f"{modality.value}-{counts[modality]}"] = layer
        self._tell("")
        self._running = 0
        self.run_button.enabled = False
        self.progress.start("Reading the layers")
        self._threads.run(lambda: request_case(images), self._predict, self._fail)

    def _case_is_sealed(self) -> bool:
        """Whether the layers may be those of a case whose opinion the workspace keeps sealed."""
        from .workspace import workspace_of

        workspace = workspace_of(self._viewer)
        return workspace is not None and workspace.sealed

    def shut(self, *_: object) -> None:
        """Let go of the viewer, the threads and the model's process; safe at any moment, also twice."""
        if self._closed:
            return
        self._closed = True
        self._viewer.events.theme.disconnect(self._apply_theme)
        self.preferences.close()
        self._turns.drop()
        self._threads.close()
        if self._running:
            self.engine.forget(self._running)
        if self._borrowed:
            return_engine(self._host)

    @property
    def busy(self) -> bool:
        """Whether anything is under way."""
        return self._running is not None or self._turns.busy or self._threads.busy

    @property
    def probabilities(self) -> tuple[float, ...]:
        """What the model answered last, one number a class; empty before a run."""
        return self._answer.prediction.probabilities if self._answer else ()

    def _predict(self, request: tuple[dict[str, Any], dict[str, list[str]]]) -> None:
        case, choice = request
        settings: Settings = self.preferences.settings
        params = {
            "case": case, "bundle": self.bundle.value, "choice": choice, "device": settings.device,
            "threads": settings.threads,
        }  # fmt: skip
        self._running = self.engine.ask("predict", params, self._answered, self._fail, self.progress.report)

    def _answered(self, result: dict[str, Any]) -> None:
        self._answer = Answer.from_result(result)
        prediction = self._answer.prediction
        self.opinion.show_prediction(prediction)
        names = [(name[:1].upper() + name[1:], index) for index, name in enumerate(prediction.class_names)]
        with self.class_name.changed.blocked():
            self._classes = [("Most probable", -1), *names]
            self.class_name.reset_choices()
        if prediction.probabilities:
            self._explain()
        else:
            self._end()

    def _explain(self) -> None:
        index = self.class_name.value
        params = {
            "prediction_id": self._answer.prediction_id, "class_index": None if index in (None, -1) else index,
            "method": self.preferences.settings.cam_method,
        }  # fmt: skip
        self._running = self.engine.ask("explain", params, self._explained, self._fail, self.progress.report)

    def _explained(self, result: dict[str, Any]) -> None:
        explanation = self._answer.add_explanation(result)
        self._end()
        for heat_map in explanation.heat_maps:
            if heat_map.raw is not None:
                self._turns.add(lambda heat_map=heat_map: self._lay(heat_map, explanation))
        aside = [self._layers[one.key].name for one in explanation.heat_maps if not one.used]
        if aside:
            self._tell(f"Set aside, unlike the others (not: unimportant): {', '.join(aside)}.")

    def _lay(self, heat_map: Any, explanation: Explanation) -> None:
        parent = self._layers[heat_map.key]
        if parent not in self._viewer.layers:
            return
        name = f"Heat map of {parent.name}"
        arguments = heat_map_arguments(parent, heat_map, explanation.range_for(heat_map))
        arguments["metadata"] = {"class": explanation.class_name, "method": explanation.method}
        if name in self._viewer.layers:
            layer = self._viewer.layers[name]
            layer.data, layer.contrast_limits = arguments["data"], arguments["contrast_limits"]
            layer.metadata = arguments["metadata"]
            return
        self._viewer.add_image(
            name=name, colormap="cividis", interpolation2d="nearest", blending="translucent",
            opacity=self.preferences.settings.overlay_opacity, visible=parent.visible, **arguments,
        )  # fmt: skip

    def _ask_question(self, *_: object) -> None:
        if self._answer is not None and self._running is None and self._answer.prediction.probabilities:
            self._running = 0
            self._explain()

    def _option_changed(self, name: str, value: Any) -> None:
        self.preferences.set(**{name: value})
        if name == "cam_method":
            self._ask_question()

    def _cancel(self) -> None:
        if self._running:
            self.progress.wait_for_cancel()
            self.engine.cancel(self._running)

    def _fail(self, error: RenalFusionError) -> None:
        self._end()
        if error.code != "cancelled":
            self._tell(str(error))

    def _end(self) -> None:
        self._running = None
        self.progress.finish()
        self.run_button.enabled = True

    def _tell(self, sentence: str) -> None:
        self.message.value = sentence
        self.message.visible = bool(sentence)

    def _show_bundles(self, infos: list[BundleInfo]) -> None:
        self._bundles = [(info.title, info.name) for info in infos if info.config is not None]
        self.bundle.reset_choices()
        if self.preferences.settings.bundle in [name for _, name in self._bundles]:
            self.bundle.value = self.preferences.settings.bundle
        if not self._bundles:
            self._tell("No model installed: train one or load a file (renal-fusion train, bundle check).")

    def _image_layers(self, _: object = None) -> list[Image]:
        return [
            layer
            for layer in self._viewer.layers
            if isinstance(layer, napari.layers.Image) and not layer.name.startswith("Heat map of ")
        ]

    def _name_dock(self) -> None:
        """Shorten the dock's title; napari writes the plugin's name behind it, which does not fit."""
        above = None if self._closed else self.native.parentWidget()
        if isinstance(above, QDockWidget) and hasattr(above, "title"):
            above.title.title.setText("Model opinion")

    def _apply_theme(self, _: object = None) -> None:
        self.native.setStyleSheet(dock_style(self._viewer.theme))
