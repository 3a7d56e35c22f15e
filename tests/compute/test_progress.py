import pytest

from napari_renal_fusion.compute import Cancelled, Progress


def test_parts_nest_and_end_where_they_should():
    seen = []
    progress = Progress(lambda step: seen.append(round(step.fraction, 6)))
    with progress.part(0.5, 1.0):
        progress.update(0.0, "a")
        with progress.part(0.5, 1.0):
            progress.update(0.5, "b")
    progress.update(1.0, "c")
    assert seen == [0.5, 0.875, 1.0]


def test_cancel_stops_at_the_next_report():
    progress = Progress()
    progress.update(0.1, "goes on")
    progress.cancel()
    with pytest.raises(Cancelled):
        progress.update(0.2, "stops")


def test_a_part_that_is_called_something_says_that():
    steps = []
    progress = Progress(steps.append)
    with progress.part(0.0, 0.5, "Case 1 of 2"):
        progress.update(0.5, "Encoding")
        with progress.part(0.5, 1.0, "inside"):
            progress.update(1.0, "Reading")
    progress.update(0.5, "Done")
    assert [(one.fraction, one.message) for one in steps] == [
        (0.25, "Case 1 of 2"), (0.5, "Case 1 of 2"), (0.5, "Done"),
    ]  # fmt: skip
