"""Errors of pydantic as sentences for people, each with the field it belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from .number_edit import number_text

WHOLE_FORM = ""
"""Key of an error that belongs to no single field."""


def field_errors(error: ValidationError, fields: Iterable[str]) -> dict[str, str]:
    """One sentence per field; what concerns several fields stands at the first that it names."""
    fields = tuple(fields)
    found: dict[str, str] = {}
    for one in error.errors():
        sentence = _sentence(one)
        place = str(one["loc"][0]) if one["loc"] else _named_in(sentence, fields)
        found.setdefault(place if place in fields else WHOLE_FORM, sentence)
    return found


def _sentence(error: Mapping[str, Any]) -> str:
    kind, limits = error["type"], error.get("ctx", {})
    if kind in ("greater_than_equal", "greater_than", "less_than_equal", "less_than"):
        words, limit = {
            "greater_than_equal": ("Must be at least", "ge"), "greater_than": ("Must be more than", "gt"),
            "less_than_equal": ("Must be at most", "le"), "less_than": ("Must be less than", "lt"),
        }[kind]  # fmt: skip
        return f"{words} {number_text(limits[limit])}."
    if kind in ("float_parsing", "float_type"):
        return "Must be a number, such as 5e-05 or 0.15."
    if kind == "string_pattern_mismatch":
        return "Must start with a letter or a digit; then letters, digits, dots and dashes, 64 at most."
    text = str(limits["error"]) if kind == "value_error" and "error" in limits else str(error["msg"])
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _named_in(sentence: str, fields: tuple[str, ...]) -> str:
    if "missing images" in sentence and "subsets" in fields:
        return "subsets"
    places = {name: sentence.casefold().find(name.rstrip("s")) for name in fields}
    named = {name: place for name, place in places.items() if place >= 0 and len(name) > 4}
    # The longest name wins: finetune_epochs, not epochs.
    return max(named, key=len) if named else WHOLE_FORM
