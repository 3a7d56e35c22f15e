"""Predictions as plain JSON, for tests of readings."""

CLASSES = ("IgA nephropathy", "membranous nephropathy", "lupus nephritis")


def prediction(top=1, status="answered", **changes):
    """What a model says, most probable ``top``."""
    values = [0.07, 0.05, 0.05]
    values[top] = 0.88
    return {
        "case_id": "K 001",
        "status": status,
        "verdict": f"Most like {CLASSES[top]} (88%).",
        "class_names": CLASSES,
        "names_shown": True,
        "probabilities": values if status != "refused" else [],
        "reasons": [] if status == "answered" else [{"code": "ambiguous", "message": "Too close."}],
        **changes,
    }
