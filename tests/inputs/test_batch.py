import numpy as np
import torch

from napari_renal_fusion.cases import Box, Modality
from napari_renal_fusion.inputs import (
    InputStatistics,
    PreparedImage,
    TokenCache,
    bag_order,
    collate,
    describe,
)


def test_bags_are_padded_and_masked():
    def patient(count):
        return {Modality.OM: [torch.ones(3, 8, 8)], Modality.TEM: [torch.ones(3, 8, 8)] * count}

    batch = collate([patient(1), patient(3)])
    assert batch.tem.shape == (2, 3, 3, 8, 8)
    assert batch.tem_mask.tolist() == [[True, False, False], [True, True, True]]
    assert batch.im is None
    assert batch.tem[~batch.tem_mask].abs().max() == 0


def test_a_bags_order_is_its_content_not_its_file_names():
    def one(digest):
        return PreparedImage(np.zeros((1, 1, 3), np.uint8), Box(0, 0, 1, 1), (1, 1), "", digest)

    assert bag_order({"TEM-1": one("b"), "TEM-2": one("a")}) == ("TEM-2", "TEM-1")
    assert bag_order({"TEM-2": one("b"), "TEM-1": one("a")}) == ("TEM-1", "TEM-2")


def test_the_cache_drops_the_least_recently_used():
    cache = TokenCache(limit_bytes=3 * 400)
    for name in "abc":
        cache.put((name,), torch.zeros(100))
    cache.get(("a",))
    cache.put(("d",), torch.zeros(100))
    assert cache.get(("b",)) is None
    assert cache.get(("a",)) is not None
    assert len(cache) == 3


def test_statistics_tell_a_grey_picture_from_green_ones():
    rng = np.random.default_rng(0)

    def green(n):
        pictures = rng.integers(0, 40, (n, 224, 224, 3), dtype=np.uint8)
        pictures[..., 1] += rng.integers(60, 120, (n, 1, 1), dtype=np.uint8)
        return np.array([describe(one) for one in pictures])

    statistics = InputStatistics.fit(green(40), green(20))
    assert all(statistics.usual(one) for one in green(20))
    assert not statistics.usual(describe(rng.integers(0, 255, (224, 224, 3), dtype=np.uint8)))
    again = InputStatistics.model_validate_json(statistics.model_dump_json())
    assert again == statistics


def test_a_file_is_asked_once_until_it_changes(tmp_path):
    import os

    from napari_renal_fusion.cases import ImageItem
    from napari_renal_fusion.inputs import ImageMemo

    memo, asked = ImageMemo(), []
    image = ImageItem(tmp_path / "a.png", Modality.OM)
    image.path.write_bytes(b"1")

    def ask(question="size"):
        return memo.get(image, question, lambda: asked.append(question) or len(asked))

    assert (ask(), ask(), ask("other")) == (1, 1, 2)
    image.path.write_bytes(b"2")
    os.utime(image.path, ns=(1, 1))
    assert ask() == 3
