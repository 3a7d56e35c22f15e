"""The keys of the workspace; all of the main job works without a mouse."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import napari

    from .workspace import Workspace

KEYS = (
    "Alt-Right", "Alt-Left", "Alt-Down", "Alt-Up", "Alt-R", "Alt-H", "Alt-M", "Alt-L", "Alt-P", "Alt-K",
    "Alt-T", "Alt-A",
)  # fmt: skip


def bind_keys(viewer: napari.Viewer, workspace: Workspace) -> None:
    """Bind the workspace's keys in a viewer.

    The bindings hold the workspace weakly: napari keeps key maps longer than docks.
    """
    import weakref

    here = weakref.ref(workspace)

    def bind(key: str, action: Callable[[Workspace], object]) -> None:
        def act(_: napari.Viewer) -> None:
            open_workspace = here()
            if open_workspace is not None:
                action(open_workspace)

        viewer.bind_key(key, act, overwrite=True)

    bind("Alt-Right", lambda one: one.step_image(1))
    bind("Alt-Left", lambda one: one.step_image(-1))
    bind("Alt-Down", lambda one: one.step_case(1))
    bind("Alt-Up", lambda one: one.step_case(-1))
    bind("Alt-R", lambda one: one.run())
    bind("Alt-H", lambda one: one.canvas.toggle_heat_map())
    bind("Alt-M", lambda one: one.stage.toggle_model_input())
    bind("Alt-L", lambda one: one.toggle_layer_list())
    bind("Alt-P", lambda one: one.docks.arrange())
    bind("Alt-A", lambda one: one.attention.bring_to_front())
    bind("Alt-T", lambda one: one.train())
    bind("Alt-K", lambda one: one.reader.keys_button.toggle())


def unbind_keys(viewer: napari.Viewer) -> None:
    """Take the keys away again."""
    for key in KEYS:
        viewer.bind_key(key, None, overwrite=True)
