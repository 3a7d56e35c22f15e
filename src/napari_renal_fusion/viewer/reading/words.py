"""Sentences of the reader's own section, and times as people write them."""

from __future__ import annotations

import datetime as dt

NOT_ASKED = "The model has not been asked yet: press Run (Alt+R)."
RUNNING = "The model is running."
READY = "The model's opinion is ready and sealed."
MISSING = "Enter a disease and how sure you are."
CHANGED = "The case has changed since an opinion was shown, so it is sealed again."
AFTER = "It will be marked: entered after the model's opinion was shown."


def clock(at: str) -> str:
    """``21:40`` of today, ``2026-11-26 21:40`` of another day."""
    moment = dt.datetime.fromisoformat(at).astimezone()
    today = moment.date() == dt.datetime.now().astimezone().date()
    return f"{moment:%H:%M}" if today else f"{moment:%Y-%m-%d %H:%M}"
