import io

import numpy as np
import pytest
from PIL import Image

from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.phantoms import is_phantom, stamp

SIZES = [(96, 64), (224, 224), (512, 512), (768, 512), (1600, 1200), (2048, 2048), (3072, 2048)]


def photograph(width, height, seed=0):
    noisy = np.random.default_rng(seed).integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(noisy).resize((width, height), Image.Resampling.BICUBIC)).copy()


@pytest.mark.parametrize("size", SIZES)
def test_survives_jpeg_and_grey(size):
    marked = stamp(photograph(*size))
    assert is_phantom(marked)
    for picture in (Image.fromarray(marked), Image.fromarray(marked).convert("L")):
        stream = io.BytesIO()
        picture.save(stream, "JPEG", quality=85)
        stream.seek(0)
        read = Image.open(stream)
        assert is_phantom(np.asarray(read))
        assert is_phantom(np.asarray(read.convert("RGB")))
        assert is_phantom(np.asarray(read.convert("L")))


def test_survives_other_types_and_a_cut_legend():
    marked = stamp(photograph(2048, 2048))
    assert is_phantom(marked.astype(np.uint16))
    assert is_phantom(marked.astype(np.uint16) * 257)
    assert is_phantom(marked[:1940])
    assert is_phantom(np.dstack([marked, np.full(marked.shape[:2], 255, np.uint8)]))


@pytest.mark.parametrize("value", [0, 255, 128])
def test_flat_images_are_not_phantoms(value):
    assert not is_phantom(np.full((256, 256, 3), value, np.uint8))


def test_noise_and_photographs_are_not_phantoms():
    for seed in range(200):
        noise = np.random.default_rng(seed).integers(0, 256, (100, 130), dtype=np.uint8)
        assert not is_phantom(noise)
        assert not is_phantom(photograph(300, 260, seed))


@pytest.mark.parametrize("shape", [(1, 1), (5,), (0, 0, 3), (20, 20), (2, 3, 4, 5)])
def test_odd_shapes_are_not_phantoms(shape):
    assert not is_phantom(np.zeros(shape))


def test_not_a_number_is_not_a_phantom():
    assert not is_phantom(np.full((200, 200), np.nan))


def test_other_pixels_are_untouched():
    before = photograph(512, 512)
    after = stamp(before)
    assert np.array_equal(before[30:], after[30:])
    assert np.array_equal(before[:, 130:], after[:, 130:])


def test_too_small_is_an_error():
    with pytest.raises(RenalFusionError, match="at least 96"):
        stamp(np.zeros((40, 60), np.uint8))
