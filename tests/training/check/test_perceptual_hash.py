import io
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.fft import dctn

import napari_renal_fusion
from napari_renal_fusion.cases import Cohort
from napari_renal_fusion.inputs import to_rgb8
from napari_renal_fusion.training.check.perceptual_hash import (
    DETAIL_LIMIT,
    HASH_LIMIT,
    likeness,
    look_at,
    near_pairs,
    perceptual_hash,
    turned,
    turned_detail,
)

from .made_cohort import texture


def jpeg(pixels, quality):
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "JPEG", quality=quality)
    return np.asarray(Image.open(data))


def resized(pixels, factor):
    height, width = pixels.shape[:2]
    return np.asarray(Image.fromarray(pixels).resize((int(width * factor), int(height * factor))))


CHANGES = {
    "jpeg 50": lambda a: jpeg(a, 50),
    "half size": lambda a: resized(a, 0.5),
    "larger": lambda a: resized(a, 1.5),
    "brighter": lambda a: np.clip(a * 1.1 + 8.0, 0, 255).astype(np.uint8),
    "grey": lambda a: np.asarray(Image.fromarray(a).convert("L")),
    "all": lambda a: jpeg(resized(np.clip(a * 1.08 + 4.0, 0, 255).astype(np.uint8), 0.6), 70),
    "mirrored": lambda a: np.ascontiguousarray(a[:, ::-1]),
    "turned": lambda a: np.ascontiguousarray(np.rot90(a)),
}


@pytest.fixture(scope="module")
def phantoms():
    """Every image of the cohort that ships: uint8 [H, W, 3]."""
    folder = Path(napari_renal_fusion.__file__).parent / "sample_data" / "cohort"
    return [
        to_rgb8(one.read()) for case in Cohort.from_csv(folder / "cohort.csv").cases for one in case.images
    ]


def test_the_waves_are_those_of_the_cosine_transform():
    pixels = texture(1)
    small = Image.fromarray(pixels).convert("L").resize((32, 32), Image.Resampling.BILINEAR)
    expected = dctn(np.asarray(small, float), norm="ortho")[:8, :8]
    np.testing.assert_allclose(look_at(pixels).waves, expected, atol=1e-6)


def test_half_of_the_waves_lie_above_their_median():
    number = perceptual_hash(look_at(texture(2)).waves)
    assert bin(number).count("1") == 31
    assert number < 2**63


@pytest.mark.parametrize("name", CHANGES)
def test_copies_of_phantoms_are_found(phantoms, name):
    for pixels in phantoms[::9]:
        one, other = look_at(pixels), look_at(CHANGES[name](pixels))
        pairs = near_pairs([one, other])
        assert len(pairs) == 1
        assert pairs[0][2] <= HASH_LIMIT
        assert likeness(one.detail, turned_detail(other.detail)[pairs[0][3]]) > 0.85


def test_different_phantoms_are_not_copies(phantoms):
    looks = [look_at(one) for one in phantoms]
    near = near_pairs(looks)
    confirmed = [
        likeness(looks[i].detail, turned_detail(looks[j].detail)[position]) for i, j, _, position in near
    ]
    assert max(confirmed, default=0) < DETAIL_LIMIT / 1.5


def test_pairs_are_those_of_a_plain_count():
    looks = [look_at(texture(seed)) for seed in range(30)]
    plain = set()
    for i, j in combinations(range(30), 2):
        straight = perceptual_hash(looks[i].waves)
        distance = min(bin(straight ^ perceptual_hash(one)).count("1") for one in turned(looks[j].waves))
        if distance <= 22:
            plain.add((i, j, distance))
    assert {pair[:3] for pair in near_pairs(looks, 22)} == plain
    assert plain


def test_the_eight_positions_agree():
    one = np.ascontiguousarray(texture(3, (224, 224))[..., 0])
    straight = look_at(one)
    views = [view for grey in (one, one.T) for view in (grey, grey[:, ::-1], grey[::-1], grey[::-1, ::-1])]
    positions = zip(turned(straight.waves), turned_detail(straight.detail), views, strict=True)
    for waves, detail, view in positions:
        seen = look_at(np.ascontiguousarray(view))
        np.testing.assert_allclose(waves, seen.waves, atol=8)  # of a few thousand; pixels are rounded
        np.testing.assert_allclose(detail, seen.detail, atol=2)


def test_a_common_legend_makes_no_copies_and_flat_images_are_like_nothing():
    first, second = texture(4), texture(5)
    for one in (first, second):
        one[-20:] = 0
        one[-15:-5, 20:140:6] = 255
    assert likeness(look_at(first).detail, look_at(second).detail) < DETAIL_LIMIT / 2
    black = look_at(np.zeros((50, 50, 3), np.uint8))
    assert black.flat
    assert likeness(black.detail, black.detail) == 0
