import errno
import os
import pickle

import numpy as np
import pytest
from PIL import Image

from napari_renal_fusion.cases import Box, Case, ImageItem, Modality
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.inputs import (
    PictureStore,
    Preprocessing,
    SelectionRules,
    SlotRule,
    prepare_image,
    select,
)

SMALL = Preprocessing(size=(32, 48))


@pytest.fixture
def image(tmp_path):
    pixels = np.random.default_rng(1).integers(0, 255, (64, 80, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "图 a.png")
    return ImageItem(tmp_path / "图 a.png", Modality.OM)


@pytest.fixture
def store(tmp_path):
    return PictureStore(tmp_path / "store", synthetic=lambda array: array.shape[1] == 80)


def forbid_decoding(monkeypatch):
    def decode(self):
        raise AssertionError(f"{self.path} was decoded again")

    monkeypatch.setattr(ImageItem, "read", decode)


def entries(store):
    return sorted(path for path in store.folder.rglob("*") if path.is_file())


def test_a_picture_is_decoded_once_and_comes_back_the_same(image, store, monkeypatch):
    expected = prepare_image(image, SMALL)
    first = store.get(image, SMALL)
    forbid_decoding(monkeypatch)
    second = PictureStore(store.folder).get(image, SMALL)
    assert second == first
    for one in (first, second):
        np.testing.assert_array_equal(one.pixels, expected.pixels)
        np.testing.assert_array_equal(np.stack([one]), expected.pixels[None])
        assert not one.pixels.flags.writeable
        assert (one.box, one.image_shape) == (expected.box, (64, 80))
        assert (one.image_sha256, one.input_sha256) == (expected.image_sha256, expected.input_sha256)
        assert (one.synthetic, one.dtype, one.channels) == (True, "uint8", 3)
        assert one.file_bytes == image.path.stat().st_size
    # A data loader's process gets pictures pickled, without a store that holds a local function.
    sent = pickle.loads(pickle.dumps(PictureStore(store.folder).get(image, SMALL)))
    np.testing.assert_array_equal(sent.pixels, expected.pixels)


def test_a_new_crop_page_preprocessing_or_file_is_another_picture(image, store, tmp_path):
    first = store.get(image, SMALL)
    cropped = ImageItem(image.path, Modality.OM, crop=Box(4, 4, 32, 32))
    others = [
        store.get(cropped, SMALL),
        store.get(image, Preprocessing(size=(48, 32))),
        store.get(image, Preprocessing(size=(32, 48), resize="pad")),
        store.get(image, Preprocessing(size=(32, 48), cut_bottom=0.25)),
    ]
    assert len({first.input_sha256, *(one.input_sha256 for one in others)}) == 5
    count = len(entries(store))
    store.get(image, Preprocessing(size=(32, 48), mean=(0, 0, 0)))  # normalisation comes later
    assert len(entries(store)) == count == 5
    Image.fromarray(np.full((64, 80, 3), 7, np.uint8)).save(image.path)
    changed = store.get(image, SMALL)
    assert changed.input_sha256 != first.input_sha256
    assert [notice.code for notice in changed.notices] == ["image_blank"]
    assert [notice.code for notice in PictureStore(store.folder).get(image, SMALL).notices] == ["image_blank"]


@pytest.mark.parametrize("damage", ["truncated", "empty", "a bit", "noise", "another file"])
def test_a_damaged_entry_is_made_anew(image, store, damage):
    expected = store.get(image, SMALL)
    (path,) = entries(store)
    data = bytearray(path.read_bytes())
    if damage == "a bit":
        data[-100] ^= 1
    path.write_bytes(
        {
            "truncated": bytes(data[:-50]),
            "empty": b"",
            "a bit": bytes(data),
            "noise": os.urandom(500),
            "another file": b"\x02\0\0\0\0\0\0\0{}",
        }[damage]
    )
    np.testing.assert_array_equal(expected.pixels, prepare_image(image, SMALL).pixels)  # read while damaged
    again = store.get(image, SMALL)
    assert again == expected
    np.testing.assert_array_equal(again.pixels, prepare_image(image, SMALL).pixels)
    assert path.read_bytes() != bytes(data[:-50])
    assert entries(store) == [path]


def test_an_entry_that_does_not_know_about_phantoms_is_completed(image, store):
    assert PictureStore(store.folder).get(image, SMALL).synthetic is None
    assert store.get(image, SMALL).synthetic is True
    assert PictureStore(store.folder).get(image, SMALL).synthetic is True


def test_a_full_disk_is_one_notice_and_the_work_goes_on(image, store, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    pictures = [store.get(image, SMALL) for _ in range(3)]
    assert [one.code for one in store.notices] == ["disk_full"]
    assert str(store.folder) in store.notices[0].message
    assert entries(store) == []
    forbid_decoding(monkeypatch)  # what could not be stored is held
    for one in pictures:
        assert one.pixels.shape == (32, 48, 3)


def test_images_in_memory_are_not_written(store):
    pixels = np.random.default_rng(0).integers(0, 255, (40, 40)).astype(np.uint8)
    item = ImageItem(store.folder / "layer", Modality.IM, pixels=pixels)
    found = store.get(item, SMALL)
    np.testing.assert_array_equal(found.pixels, prepare_image(item, SMALL).pixels)
    assert (found.channels, found.file_bytes) == (1, 0)
    assert not store.folder.exists()


def test_an_unreadable_image_is_the_readers_own_error(image, store):
    image.path.write_bytes(image.path.read_bytes()[:200])
    with pytest.raises(RenalFusionError) as caught:
        store.get(image, SMALL)
    assert caught.value.path == image.path
    image.path.unlink()
    with pytest.raises(RenalFusionError, match="does not exist"):
        store.get(image, SMALL)


def test_the_brightest_antibody_is_chosen_without_decoding(tmp_path, store, monkeypatch):
    for name, level in (("IgA", 40), ("IgG", 200), ("C3", 90)):
        Image.fromarray(np.full((40, 40), level, np.uint8)).save(tmp_path / f"{name}.png")
    images = [ImageItem(tmp_path / f"{name}.png", Modality.IM, stain=name) for name in ("IgA", "IgG", "C3")]
    case = Case("c", "p", tuple(images))
    rules = SelectionRules(slots=(SlotRule(modality=Modality.IM, choose="brightest"),))
    expected = select(case, rules)
    assert select(case, rules, memo=store.memo(SMALL)) == expected
    forbid_decoding(monkeypatch)
    assert select(case, rules, memo=PictureStore(store.folder).memo(SMALL)) == expected
    assert expected.images[0].key == "IM-2"
