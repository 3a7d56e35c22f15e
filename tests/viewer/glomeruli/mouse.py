"""A mouse without a window: napari's own callbacks of a layer, with the events that its canvas would send."""

from __future__ import annotations

import numpy as np
from napari.utils._test_utils import read_only_mouse_event
from napari.utils.interactions import (
    mouse_double_click_callbacks,
    mouse_move_callbacks,
    mouse_press_callbacks,
    mouse_release_callbacks,
)
from vispy.util.keys import SHIFT


class Mouse:
    """Points are (row, column) in pixels of the layer's image."""

    def __init__(self, viewer, layer):
        self.viewer, self.layer = viewer, layer

    def move(self, point, **more):
        mouse_move_callbacks(self.layer, self._event("mouse_move", point, **more))

    def press(self, point, **more):
        self.move(point)
        mouse_press_callbacks(self.layer, self._event("mouse_press", point, **more))

    def release(self, point, **more):
        mouse_release_callbacks(self.layer, self._event("mouse_release", point, **more))

    def click(self, point, **more):
        self.press(point, **more)
        self.release(point, **more)

    def double_click(self, point):
        self.click(point)
        mouse_double_click_callbacks(self.layer, self._event("mouse_double_click", point))

    def drag(self, *points, **more):
        self.press(points[0], **more)
        for point in points[1:]:
            self.move(point, is_dragging=True, **more)
        self.release(points[-1], **more)

    def _event(self, kind, point, is_dragging=False, shift=False):
        world = tuple(self.layer.data_to_world(point))
        self.viewer.cursor.position = world
        # napari asks for what is under the cursor in its own time; here it is asked at once.
        self.layer._value = self.layer.get_value(world, world=True)
        return read_only_mouse_event(
            type=kind,
            is_dragging=is_dragging,
            modifiers=(SHIFT,) if shift else (),
            position=world,
            pos=np.array(world[::-1]) * 3,
            button=1,
            dims_displayed=(0, 1),
        )
