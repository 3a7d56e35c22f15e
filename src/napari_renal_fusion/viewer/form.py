"""Forms built from pydantic models, so that no parameter is written twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args, get_origin

from magicgui.widgets import CheckBox, ComboBox, Container, FloatSlider, LineEdit, SpinBox
from magicgui.widgets.bases import ValueWidget
from pydantic import BaseModel
from pydantic.fields import FieldInfo


def form(
    model: BaseModel,
    fields: Sequence[str],
    changed: Callable[[str, Any], None],
    titles: dict[str, dict[str, str]] | None = None,
) -> Container:
    """Build one input per field of ``model``; ``changed(name, value)`` is called when a person edits one.

    ``titles`` gives, per field, words for its choices where the stored value is not for people.
    Labels and tooltips are the fields' titles and descriptions; limits come from the field too.
    """
    widgets = []
    for name in fields:
        widget = field_widget(
            name, type(model).model_fields[name], getattr(model, name), (titles or {}).get(name)
        )
        widget.changed.connect(lambda value, name=name: changed(name, value))
        widgets.append(widget)
    return Container(widgets=widgets, labels=True)


def field_widget(
    name: str, field: FieldInfo, value: Any, titles: dict[str, str] | None = None
) -> ValueWidget:
    """Make the input that fits a field's type: choices, tick, number with limits, or text."""
    common = {"name": name, "label": field.title or name, "tooltip": field.description or "", "value": value}
    limits = _limits(field)
    if get_origin(field.annotation) is Literal:
        options = get_args(field.annotation)
        return ComboBox(choices=[((titles or {}).get(one, str(one)), one) for one in options], **common)
    if field.annotation is bool:
        return CheckBox(**common)
    if field.annotation is int:
        return SpinBox(min=limits.get("min", 0), max=limits.get("max", 1_000_000), **common)
    if field.annotation is float and {"min", "max"} <= limits.keys():
        return FloatSlider(**limits, **common)
    return LineEdit(**common)


def _limits(field: FieldInfo) -> dict[str, float]:
    found = {}
    for rule in field.metadata:
        if getattr(rule, "ge", None) is not None:
            found["min"] = rule.ge
        if getattr(rule, "le", None) is not None:
            found["max"] = rule.le
    return found
