"""The curves of a run side by side: loss, and AUC on the validation patients, of every fold."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QBoxLayout, QVBoxLayout, QWidget

from ..theme import RHYTHM
from .curve_legend import CurveLegend
from .curve_plot import Curve, CurvePlot
from .folds_table import unit_title
from .run_picture import UnitPicture

_SIDE_BY_SIDE = 560
_MANY = 6
"""With more folds than this only the one that trains, or the chosen one, is drawn strongly."""
_SOON = "The first point comes after the first epoch."
_NO_VALIDATION = (
    "No patients are kept for validation: with patience 0 every fold trains all of its epochs. "
    "The patients of its own part test each fold at its end."
)


class RunCurves(QWidget):
    """Validation as full lines, training dotted; without validation patients the training loss is full."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.loss = CurvePlot("Loss", _SOON)
        self.auc = CurvePlot("Validation AUC", _SOON, (0.5, 1.0))
        self.legend = CurveLegend()
        self._plots = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._plots.setSpacing(2 * RHYTHM)
        self._plots.addWidget(self.loss, 1)
        self._plots.addWidget(self.auc, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(RHYTHM)
        column.addLayout(self._plots, 1)
        column.addWidget(self.legend)

    def show_units(self, units: Sequence[UnitPicture], chosen: str | None, current: str | None) -> None:
        """Draw all curves; ``chosen``, or with many folds ``current``, stands in front."""
        front = chosen or (current if len(units) > _MANY else None)
        validated = any(one.best is not None for one in units)
        fitted = any(one.epochs for one in units)
        losses, aucs = [], []
        survival = any(one.curve("val_c_index") for one in units)
        figure = "val_c_index" if survival else "val_auc"
        self.auc.set_title("Validation c-index" if survival else "Validation AUC")
        for place, unit in enumerate(units):
            strong = front is None or unit.name == front
            name, end, best = unit_title(unit.name), str(place + 1), unit.best
            training = unit.curve("train_loss")
            if not validated:
                losses.append(Curve(training, place, f"{name} training", end, False, strong))
                continue
            if strong:
                losses.append(Curve(training, place, f"{name} training", "", True, len(units) < 3))
            mark = (float(best["epoch"]), float(best["val_loss"])) if best and strong else None
            losses.append(Curve(unit.curve("val_loss"), place, name, end, False, strong, mark))
            aucs.append(Curve(unit.curve(figure), place, name, end, False, strong))
        epochs = max((one.epochs_planned for one in units), default=1)
        self.auc.empty_text = _NO_VALIDATION if fitted and not validated else _SOON
        self.loss.show_curves(losses, epochs)
        self.auc.show_curves(aucs, epochs)
        self.legend.show_folds([unit_title(one.name) for one in units], validated or not fitted)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.width() >= _SIDE_BY_SIDE
        direction = QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom
        if self._plots.direction() != direction:
            self._plots.setDirection(direction)
