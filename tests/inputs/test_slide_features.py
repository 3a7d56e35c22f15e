import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import openslide
import pytest

from napari_renal_fusion.cases import PixelSize
from napari_renal_fusion.cases.slide_item import SlideItem
from napari_renal_fusion.compute.progress import Cancelled, Progress
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.inputs import FeatureEncoder, PatchGrid, extract_features, feature_key, read_features
from napari_renal_fusion.inputs.slide_feature_key import slide_hash
from napari_renal_fusion.inputs.slide_features import _PatchEncoder
from napari_renal_fusion.phantoms import write_sparse_slide

from .tiny_slides import ENCODER, GRID, on_glass, speckled, tiny_slide


@pytest.fixture(scope="module")
def slide(tmp_path_factory):
    return SlideItem(tiny_slide(tmp_path_factory.mktemp("slides") / "Slide A.tiff"))


@pytest.fixture(scope="module")
def made(slide, tmp_path_factory):
    return extract_features(slide, tmp_path_factory.mktemp("features") / "a.h5", ENCODER, GRID, device="cpu")


def key_of(slide, encoder=ENCODER, grid=GRID):
    with slide.open() as opened:
        return feature_key(opened, encoder, grid)


def leftovers(folder):
    return sorted(one.name for one in folder.iterdir() if one.name.startswith("."))


def refused(path, **expected):
    with pytest.raises(RenalFusionError) as raised:
        read_features(path, **expected)
    assert Path(path).name in str(raised.value)
    return raised.value.code


def test_features_are_those_of_a_plain_loop(slide, made):
    """Against openslide, Pillow and the network, one patch at a time."""
    import torch
    from PIL import Image

    found = read_features(made)
    network = ENCODER.build(GRID.patch)
    with openslide.OpenSlide(str(slide.path)) as plain, torch.inference_mode():
        for (x, y), features in list(zip(found.coords, found.features, strict=True))[::9]:
            patch = plain.read_region((int(x), int(y)), 0, (64, 64)).convert("RGB")
            patch = patch.resize((32, 32), Image.Resampling.BILINEAR)
            tensor = torch.from_numpy(np.asarray(patch).copy()).permute(2, 0, 1).float()[None] / 255
            mean, std = (torch.tensor(one).view(1, 3, 1, 1) for one in (network.mean, network.std))
            wanted = network((tensor - mean) / std).mean(dim=(1, 2))[0].numpy()
            assert np.allclose(features, wanted, atol=1e-5)


def test_the_file_opens_with_h5py_in_the_layout_of_clam(slide, made):
    with h5py.File(made, "r") as file:
        assert file["features"].dtype == np.float32
        assert file["coords"].dtype == np.int64
        assert file["features"].shape == (len(file["coords"]), 8)
        attrs = dict(file["coords"].attrs)
    assert attrs["patch_size"] == 64
    assert attrs["patch_level"] == 0
    assert list(attrs["downsample"]) == [1, 1]
    assert list(attrs["level_dim"]) == [900, 700]
    assert attrs["name"] == "a"
    # TRIDENT's words
    assert attrs["patch_size_level0"] == 64
    assert attrs["level0_magnification"] == 20
    assert attrs["target_magnification"] == 10
    assert attrs["overlap"] == 0


def test_clam_can_read_the_pixels_again(tmp_path):
    """What CLAM would read at patch_level with patch_size is the patch, from a coarser level too."""
    path = tiny_slide(tmp_path / "b.tiff", speckled(900, 1000))
    made = extract_features(
        SlideItem(path), tmp_path / "b.h5", ENCODER, PatchGrid(patch=32, um_per_pixel=2.0)
    )
    attrs = read_features(made).attrs
    assert (attrs["patch_level"], attrs["patch_size"], attrs["patch_size_level0"]) == (1, 32, 128)
    assert attrs["downsample"] == pytest.approx([4, 4])


def test_a_file_of_clam_is_used_as_it_is(tmp_path):
    rng = np.random.default_rng(0)
    features = rng.normal(size=(7, 1024)).astype(np.float32)
    coords = rng.integers(0, 9000, (7, 2))
    with h5py.File(tmp_path / "clam.h5", "w") as file:
        file["features"] = features
        file["coords"] = coords
        file["coords"].attrs.update(
            {"patch_size": 256, "patch_level": 1, "downsample": (4.0, 4.0), "name": "s"}
        )
    found = read_features(tmp_path / "clam.h5")
    assert np.array_equal(found.features, features)
    assert np.array_equal(found.coords, coords)
    assert found.patch_level0 == 1024
    assert found.attrs["name"] == "s"


def test_a_file_of_trident_is_used_as_it_is(tmp_path):
    features = np.random.default_rng(0).normal(size=(1, 5, 16)).astype(np.float16)
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file["features"] = features
        file["coords"] = np.arange(10, dtype=np.int32).reshape(5, 2) * 512
        file["coords"].attrs.update({"patch_size": 256, "patch_size_level0": 512, "level0_magnification": 40})
    found = read_features(tmp_path / "t.h5")
    assert found.features.dtype == np.float32
    assert np.array_equal(found.features, features[0].astype(np.float32))
    assert found.coords.dtype == np.int64
    assert found.patch_level0 == 512


def test_without_attributes_the_grid_shows_the_size_of_a_patch(tmp_path):
    """CLAM's files of features carry none; its contours start where they like."""
    x, y = np.meshgrid(np.arange(5) * 448 + 31, np.arange(4) * 448 + 7)
    coords = np.concatenate([np.stack([x.ravel(), y.ravel()], 1), [[100, 90], [548, 90]]])
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file["features"], file["coords"] = np.zeros((22, 3), np.float32), coords
    found = read_features(tmp_path / "f.h5")
    assert found.patch_level0 == 448
    assert found.attrs["patch_level0_from"] == "spacing of the coords"
    with h5py.File(tmp_path / "one.h5", "w") as file:
        file["features"], file["coords"] = np.zeros((1, 3), np.float32), coords[:1]
    assert refused(tmp_path / "one.h5") == "features_patch_size_unknown"


def test_what_a_file_was_made_from_is_checked(slide, made, tmp_path):
    read_features(made, expected=key_of(slide))
    assert (
        refused(made, expected=key_of(slide, grid=PatchGrid(patch=32, um_per_pixel=0.5)))
        == "features_other_grid"
    )
    assert (
        refused(made, expected=key_of(slide, ENCODER.model_copy(update={"stage": 2})))
        == "features_other_model"
    )
    other = SlideItem(tiny_slide(tmp_path / "b.tiff", on_glass(700, 900, 120, seed=1)))
    assert refused(made, expected=key_of(other)) == "features_other_slide"
    scaled = SlideItem(slide.path, stated_pixel_size=PixelSize(value=0.25, unit="um"))
    assert refused(made, expected=key_of(scaled)) == "features_other_grid"
    with h5py.File(tmp_path / "foreign.h5", "w") as file:
        file["features"], file["coords"] = np.zeros((4, 8), np.float32), np.zeros((4, 2), int)
    assert refused(tmp_path / "foreign.h5", expected=key_of(slide)) == "features_no_record"


def test_weights_decide_the_key(slide, tmp_path):
    from safetensors.torch import save_file

    state = ENCODER.build(32).backbone.state_dict()
    save_file(state, tmp_path / "w.safetensors")
    encoder = ENCODER.model_copy(update={"weights": tmp_path / "w.safetensors"})
    first = key_of(slide, encoder)
    assert first.model != key_of(slide).model
    # The hash stands for a file that lies elsewhere or nowhere.
    remembered = ENCODER.model_copy(update={"weights_sha256": encoder.sha256_of_weights()})
    assert key_of(slide, remembered).same_as(first)
    with pytest.raises(RenalFusionError, match="do not exist"):
        remembered.build(32)
    moved = encoder.model_copy(update={"weights_sha256": encoder.sha256_of_weights()})
    save_file({name: one * 2 for name, one in state.items()}, tmp_path / "w.safetensors")
    assert key_of(slide, encoder).model != first.model
    with pytest.raises(RenalFusionError) as raised:
        key_of(slide, moved)
    assert raised.value.code == "encoder_weights_changed"


def test_the_hash_of_a_slide_sees_its_middle_and_its_size(tmp_path):
    rng = np.random.default_rng(0)
    data = bytearray(rng.bytes(6_000_000))
    (tmp_path / "a.tif").write_bytes(data)
    first = slide_hash(tmp_path / "a.tif")
    (tmp_path / "renamed.tif").write_bytes(data)
    assert slide_hash(tmp_path / "renamed.tif") == first
    (tmp_path / "a.tif").write_bytes(data[:-1])
    assert slide_hash(tmp_path / "a.tif") != first
    data[2_500_000:2_700_000] = bytes(200_000)
    (tmp_path / "a.tif").write_bytes(data)
    assert slide_hash(tmp_path / "a.tif") != first


SPOILT = {
    "text": (lambda f: f.write_text("no HDF5"), "features_unreadable"),
    "truncated": (lambda f: f.write_bytes(f.read_bytes()[: f.stat().st_size // 2]), "features_unreadable"),
    "absent": (lambda f: f.unlink(), "features_missing"),
    "no features": (lambda f: _change(f, lambda h: h.pop("features")), "features_layout"),
    "group": (lambda f: _change(f, lambda h: (h.pop("coords"), h.create_group("coords"))), "features_layout"),
    "lengths": (lambda f: _change(f, lambda h: _put(h, "coords", np.zeros((3, 2)))), "features_layout"),
    "words": (lambda f: _change(f, lambda h: _put(h, "features", np.array([b"x"] * 9))), "features_layout"),
    "NaN": (lambda f: _change(f, lambda h: _put(h, "features", h["features"][()] * np.nan)), "features_not_finite"),
    "none": (
        lambda f: _change(f, lambda h: (_put(h, "features", np.zeros((0, 8))), _put(h, "coords", np.zeros((0, 2))))),
        "features_empty",
    ),
    "elsewhere": (
        lambda f: _change(f, lambda h: (h.pop("features"), h.__setitem__("features", h5py.ExternalLink("b.h5", "x")))),
        "features_layout",
    ),
}  # fmt: skip


def _change(path, change):
    with h5py.File(path, "a") as file:
        change(file)


def _put(file, name, values):
    del file[name]
    file[name] = values


@pytest.mark.parametrize("kind", SPOILT)
def test_spoilt_files_are_one_sentence(kind, made, tmp_path):
    copy = tmp_path / "copy.h5"
    copy.write_bytes(made.read_bytes())
    spoil, code = SPOILT[kind]
    spoil(copy)
    assert refused(copy) == code


def test_what_is_there_is_kept_and_nothing_else_is_lost(slide, tmp_path):
    out = extract_features(slide, tmp_path / "a.h5", ENCODER, GRID, device="cpu")
    before = out.stat().st_mtime_ns, out.read_bytes()
    extract_features(slide, out, ENCODER, GRID, device="cpu")
    assert (out.stat().st_mtime_ns, out.read_bytes()) == before
    finer = PatchGrid(patch=32, um_per_pixel=0.9)
    with pytest.raises(RenalFusionError, match="another grid") as raised:
        extract_features(slide, out, ENCODER, finer, device="cpu")
    assert raised.value.code == "features_exist"
    assert out.read_bytes() == before[1]
    extract_features(slide, out, ENCODER, finer, device="cpu", replace=True)
    read_features(out, expected=key_of(slide, grid=finer))
    out.write_bytes(before[1][:5000])  # damaged: there is nothing to lose, but it is not ours to tell
    with pytest.raises(RenalFusionError) as raised:
        extract_features(slide, out, ENCODER, GRID, device="cpu")
    assert raised.value.code == "features_exist"


def test_a_cancelled_run_goes_on_with_the_same_numbers(slide, made, tmp_path):
    out = tmp_path / "a.h5"
    progress = Progress(lambda step: progress.cancel() if step.fraction > 0.5 else None)
    with pytest.raises(Cancelled):
        extract_features(slide, out, ENCODER, GRID, device="cpu", progress=progress)
    assert not out.exists()
    parts = sorted((tmp_path / ".a.h5.parts").iterdir())
    assert parts
    parts[0].write_bytes(parts[0].read_bytes()[:-7])  # as a torn write would leave it
    heard = []
    extract_features(slide, out, ENCODER, GRID, device="cpu", progress=Progress(heard.append))
    assert out.read_bytes() == _named(made, "a")
    assert leftovers(tmp_path) == []
    assert heard[-1].fraction == 1


def test_parts_of_another_model_are_not_used(slide, made, tmp_path):
    out = tmp_path / "a.h5"
    progress = Progress(lambda step: progress.cancel() if step.fraction > 0.5 else None)
    other = ENCODER.model_copy(update={"kwargs": {"layers": [1, 1, 2, 1], "channels": [8, 8, 8, 8]}})
    with pytest.raises(Cancelled):
        extract_features(slide, out, other, GRID, device="cpu", progress=progress)
    extract_features(slide, out, ENCODER, GRID, device="cpu")
    assert out.read_bytes() == _named(made, "a")


def _named(path, name):
    """The bytes of a file of features; files of the same name are the same to the last bit."""
    assert path.stem == name
    return path.read_bytes()


CHILD = """
import sys, time
from pathlib import Path
from napari_renal_fusion.cases.slide_item import SlideItem
from napari_renal_fusion.compute.progress import Progress
from napari_renal_fusion.inputs import FeatureEncoder, PatchGrid, extract_features
slide, out, encoder, grid, pause = sys.argv[1:]
import torch
torch.set_num_threads(1)
extract_features(SlideItem(Path(slide)), out, FeatureEncoder.model_validate_json(encoder),
                 PatchGrid.model_validate_json(grid), device="cpu",
                 progress=Progress(lambda step: time.sleep(float(pause))))
"""


def child(slide, out, grid, pause):
    arguments = [str(slide.path), str(out), ENCODER.model_dump_json(), grid.model_dump_json(), str(pause)]
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, *arguments], env={**os.environ, "OMP_NUM_THREADS": "1"}
    )


@pytest.fixture
def one_thread():
    """As the children have it: sums over other numbers of threads round differently."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
def test_killed_in_the_middle_it_goes_on_with_the_same_numbers(slide, tmp_path):
    grid, out = PatchGrid(patch=32, um_per_pixel=0.5), tmp_path / "a.h5"
    process = child(slide, out, grid, pause=0.3)
    parts = tmp_path / ".a.h5.parts"
    deadline = time.monotonic() + 120
    while not (parts.is_dir() and len(list(parts.glob("0*.safetensors"))) >= 2):
        assert process.poll() is None, "finished before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not out.exists()
    extract_features(slide, out, ENCODER, grid, device="cpu")
    undisturbed = extract_features(slide, tmp_path / "undisturbed" / "a.h5", ENCODER, grid, device="cpu")
    assert out.read_bytes() == undisturbed.read_bytes()
    assert leftovers(tmp_path) == []


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("one_thread")
def test_killed_again_and_again_nothing_is_corrupt(slide, tmp_path):
    """Every kill comes at another moment after a part was made, the last ones while the file itself is written."""
    grid, out = PatchGrid(patch=32, um_per_pixel=0.5), tmp_path / "a.h5"
    parts, rng, kills = tmp_path / ".a.h5.parts", np.random.default_rng(0), 0
    while not out.exists() and kills < 6:
        before = _count(parts)
        process = child(slide, out, grid, pause=0.1)
        while process.poll() is None and _count(parts) == before and not out.exists():
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.3))
        process.kill()
        kills += process.wait() == -signal.SIGKILL
    assert kills >= 2
    extract_features(slide, out, ENCODER, grid, device="cpu")
    undisturbed = extract_features(slide, tmp_path / "undisturbed" / "a.h5", ENCODER, grid, device="cpu")
    assert out.read_bytes() == undisturbed.read_bytes()
    assert leftovers(tmp_path) == []


def _count(folder):
    return len(list(folder.glob("*"))) if folder.is_dir() else 0


def test_short_memory_makes_batches_smaller_and_changes_nothing(monkeypatch):
    import torch

    from napari_renal_fusion.compute.devices import choose_device

    pixels = np.random.default_rng(0).integers(0, 255, (13, 32, 32, 3), dtype=np.uint8)
    machine = _PatchEncoder(ENCODER, 32, choose_device("cpu"), [])
    wanted, work, sizes = machine.encode(pixels), machine._work, []

    def short(part):
        sizes.append(len(part))
        if len(part) > 2:
            raise torch.OutOfMemoryError("short")
        return work(part)

    monkeypatch.setattr(machine, "_work", short)
    assert np.allclose(machine.encode(pixels), wanted, atol=1e-6)
    assert sizes[0] == 4
    assert max(sizes[1:]) == 2


def test_bad_slides_are_one_sentence_and_leave_nothing(tmp_path):
    whole = tiny_slide(tmp_path / "whole.tiff", speckled(700, 900))
    cut, empty = tmp_path / "cut.tiff", tmp_path / "empty.tiff"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    tiny_slide(empty, np.full((700, 900, 3), 244, np.uint8))
    found = []
    for path in (cut, empty, tmp_path / "absent.svs"):
        with pytest.raises(RenalFusionError) as raised:
            extract_features(SlideItem(path), tmp_path / "out" / "x.h5", ENCODER, GRID, device="cpu")
        assert path.name in str(raised.value)
        found.append(raised.value.code)
    assert found == ["slide_truncated", "slide_no_tissue", "slide_missing"]
    assert not (tmp_path / "out").exists()


def test_a_damaged_tile_ends_in_one_sentence(tmp_path):
    path = tiny_slide(tmp_path / "a.tiff", speckled(700, 900))
    data = bytearray(path.read_bytes())
    data[100_000:100_400] = bytes(400)
    path.write_bytes(data)
    with pytest.raises(RenalFusionError) as raised:
        extract_features(SlideItem(path), tmp_path / "a.h5", ENCODER, GRID, device="cpu")
    assert raised.value.code == "slide_part_damaged"
    assert not (tmp_path / "a.h5").exists()


def test_an_unknown_model_is_told(slide, tmp_path):
    with pytest.raises(RenalFusionError, match="no model named") as raised:
        extract_features(slide, tmp_path / "a.h5", FeatureEncoder(name="resnet_of_nobody"), GRID)
    assert raised.value.code == "encoder_unknown"


def test_the_record_says_how(made):
    record = json.loads(read_features(made).attrs["renal_fusion_record"])
    assert record["precision"] == "float32"
    assert record["encoder"]["name"] == "resnet18"
    assert record["level0_um"] == 0.5
    assert str(made.parent) not in json.dumps(read_features(made).attrs)


MEASURED = """
import sys, threading, torch, psutil
from pathlib import Path
from napari_renal_fusion.cases.slide_item import SlideItem
from napari_renal_fusion.inputs import FeatureEncoder, PatchGrid, extract_features
torch.set_num_threads(1)
encoder = FeatureEncoder.model_validate_json(sys.argv[3])
with torch.inference_mode():
    encoder.build(224)(torch.zeros(4, 3, 224, 224))
me = psutil.Process()
start = peak = me.memory_info().rss
done = threading.Event()
def watch():
    global peak
    while not done.wait(0.01):
        peak = max(peak, me.memory_info().rss)
watcher = threading.Thread(target=watch)
watcher.start()
extract_features(SlideItem(Path(sys.argv[1])), sys.argv[2], encoder, PatchGrid(), device="cpu")
done.set()
watcher.join()
print((peak - start) / 2**20)
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_memory_stays_bounded_on_a_gigapixel(tmp_path):
    """60,000 x 60,000 pixels: below 2 GiB beyond the model, and far below in truth."""
    truth = write_sparse_slide(tmp_path / "big.tiff", 60_000, tissue=0.015)
    out = tmp_path / "big.h5"
    command = [
        sys.executable,
        "-c",
        MEASURED,
        str(tmp_path / "big.tiff"),
        str(out),
        ENCODER.model_dump_json(),
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert float(run.stdout) < 1024
    found = read_features(out)
    inside = truth.share(found.coords, found.patch_level0, ("tissue",))
    assert inside.min() >= 0.4  # the edge of the mask is blurred by a pixel or two
    assert len(found.features) == pytest.approx(truth.planes["tissue"].sum() * (512 / 448) ** 2, rel=0.1)
