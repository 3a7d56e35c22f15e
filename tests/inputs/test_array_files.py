import os
import signal
import subprocess
import sys
import time

import numpy as np

from napari_renal_fusion.inputs.array_files import read_array, tidy, write_array

WRITER = """
import sys, numpy as np
from pathlib import Path
from napari_renal_fusion.inputs.array_files import write_array
print("ready", flush=True)
for number in range(10**6):
    array = np.full((300, 300, 3), number % 251, np.uint8)
    write_array(Path(sys.argv[1]) / f"{number % 7}.safetensors", array, {"number": number})
"""


def test_a_killed_writer_leaves_only_whole_entries(tmp_path):
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE)
    assert writer.stdout.readline() == b"ready\n"
    while (
        len([one for one in tmp_path.iterdir() if one.suffix == ".safetensors"]) < 9 and writer.poll() is None
    ):
        if (tmp_path / "6.safetensors").exists():
            break
        time.sleep(0.01)
    writer.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    writer.wait()
    writer.stdout.close()
    for number in range(7):
        array, facts = read_array(tmp_path / f"{number}.safetensors")
        assert facts["number"] % 7 == number
        assert (array == facts["number"] % 251).all()


def test_every_flipped_bit_and_every_cut_is_seen(tmp_path):
    path = tmp_path / "a.safetensors"
    write_array(path, np.arange(12, dtype=np.float32).reshape(3, 4), {"name": "x"})
    data = path.read_bytes()
    whole = read_array(path)
    for place in range(len(data)):
        for changed in (data[:place], data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]):
            path.write_bytes(changed)
            found = read_array(path)
            # Spaces between JSON tokens and the like carry nothing.
            assert found is None or (found[1] == whole[1] and np.array_equal(found[0], whole[0])), place


def test_tidying_removes_the_oldest_and_leftovers(tmp_path):
    day = 86_400
    ages = {"new": 0.1, "middle": 3, "old": 9, ".writing-left": 2, ".writing-now": 0}
    for name, days in ages.items():
        (tmp_path / "ab").mkdir(exist_ok=True)
        path = tmp_path / "ab" / name
        path.write_bytes(bytes(100))
        os.utime(path, (time.time() - days * day,) * 2)

    def names():
        return {one.name for one in (tmp_path / "ab").iterdir()}

    tidy(tmp_path, 10_000)
    assert names() == {"new", "middle", "old", ".writing-now"}
    tidy(tmp_path, 300)
    assert names() == {"new", "middle", ".writing-now"}
    tidy(tmp_path, 0)
    assert names() == {"new", ".writing-now"}
    tidy(tmp_path / "nowhere", 0)
