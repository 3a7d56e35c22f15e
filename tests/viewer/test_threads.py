"""Work in other threads: results come back, closing forgets, finishing does what was asked for."""

from __future__ import annotations

import time

import pytest

from napari_renal_fusion.viewer.threads import Threads


def _write(path, number):
    time.sleep(0.05)
    path.write_text(str(number))


@pytest.mark.parametrize("end", ["close", "finish"])
def test_what_was_written_is_not_lost_with_the_window(qtbot, tmp_path, end):
    threads, told = Threads(1), []
    for number in range(4):
        threads.run(
            lambda number=number: _write(tmp_path / str(number), number),
            lambda _: told.append(1),
            pytest.fail,
        )
    getattr(threads, end)()
    assert (tmp_path / "3").exists() == (end == "finish")
    qtbot.wait(50)
    assert told == []
    assert not threads.busy
