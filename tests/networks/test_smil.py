import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_renal_fusion.networks import SMIL, NetworkInputError, NonFiniteFeatures


def bag_of(*points):
    """A bag [1, N, 2, d] whose two tokens both equal the point, and its mask."""
    x = torch.tensor(points, dtype=torch.float32)
    x = x[:, None] if x.ndim == 1 else x
    return x[None, :, None].repeat(1, 1, 2, 1), torch.ones(1, len(points), dtype=torch.bool)


def random_bag(seed, n, tokens=4, width=6):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(1, n, tokens, width, generator=generator), torch.ones(1, n, dtype=torch.bool)


def plain_smil(x, threshold=1.5):
    """Eq. 4 to 7 for one bag [n, L, d] of different images, written as loops."""
    means = x.double().mean(dim=1)
    n = len(x)
    d = [[math.dist(means[i].tolist(), means[j].tolist()) for j in range(n)] for i in range(n)]
    mean = sum(d[i][j] for i in range(n) for j in range(i + 1, n)) / (n * (n - 1) / 2)
    c = min(range(n), key=lambda i: sum(d[i]))
    kept = [i for i in range(n) if i != c and d[c][i] <= threshold * mean]
    total = sum(1 / d[c][i] for i in kept)
    return x[c] + sum((1 / d[c][i] / total * x[i] for i in kept), torch.zeros_like(x[c])), c, kept


def test_one_image_is_passed_on_unchanged():
    x, mask = random_bag(0, 1)
    result = SMIL()(x, mask)
    assert torch.equal(result.tokens[0], x[0, 0])
    assert result.centre.tolist() == [0]
    assert result.weights.tolist() == [[1.0]]
    assert result.kept.tolist() == [[True]]
    assert result.mean_distance.tolist() == [0.0]


@pytest.mark.parametrize("preset", ["paper", "published_code"])
def test_two_images_are_added_with_the_first_as_centre(preset):
    x, mask = random_bag(1, 2)
    result = SMIL(preset=preset)(x, mask)
    assert torch.equal(result.tokens[0], x[0, 0] + x[0, 1])
    assert result.centre.tolist() == [0]
    assert result.weights.tolist() == [[1.0, 1.0]]


def test_three_images_on_a_line():
    x, mask = bag_of(0.0, 1.0, 4.0)
    result = SMIL()(x, mask)
    assert result.centre.tolist() == [1]
    assert result.distances[0].tolist() == [[0, 1, 4], [1, 0, 3], [4, 3, 0]]
    assert result.mean_distance.item() == pytest.approx(8 / 3)
    assert result.centre_distances[0].tolist() == [1, 0, 3]
    torch.testing.assert_close(result.weights, torch.tensor([[0.75, 1.0, 0.25]]))
    torch.testing.assert_close(result.tokens, torch.full((1, 2, 1), 1 + 0.25 * 4))


@given(st.integers(0, 10**6), st.floats(0.01, 1000.0))
@settings(max_examples=60, deadline=None)
def test_of_three_images_none_is_set_aside(seed, stretch):
    x, mask = random_bag(seed, 3)
    x[0, 2] *= stretch
    assert SMIL()(x, mask).kept.all()


def test_a_collinear_triple_keeps_all():
    for middle in (1e-2, 0.5, 0.99):
        x, mask = bag_of(0.0, middle, 1.0)
        assert SMIL()(x, mask).kept.all()


@given(st.integers(0, 10**6), st.integers(2, 12), st.sampled_from([0.8, 1.0, 1.5]))
@settings(max_examples=60, deadline=None)
def test_agrees_with_the_equations_as_loops(seed, n, threshold):
    x, mask = random_bag(seed, n)
    x[0] *= torch.rand(n, 1, 1, generator=torch.Generator().manual_seed(seed)) * 3
    result = SMIL(threshold)(x, mask)
    tokens, centre, kept = plain_smil(x[0], threshold)
    assert result.centre.item() == centre
    assert set(result.kept[0].nonzero()[:, 0].tolist()) == {centre, *kept}
    torch.testing.assert_close(result.tokens[0], tokens, rtol=1e-5, atol=1e-5)
    assert result.weights.sum().item() == pytest.approx(1 + bool(kept), rel=1e-6)


def test_an_outlier_stored_first_is_the_one_set_aside():
    x, mask = bag_of(100.0, 0.0, 1.0, 2.0, 3.0)
    result = SMIL()(x, mask)
    assert result.kept.tolist() == [[False, True, True, True, True]]
    assert result.weights[0, 0] == 0
    assert result.centre.tolist() == [3]
    torch.testing.assert_close(result.weights[0], torch.tensor([0, 0.2, 0.4, 1, 0.4]))


def test_equal_distances_give_equal_weights_and_the_lowest_centre():
    x, mask = bag_of(*torch.eye(5).tolist())
    result = SMIL(threshold=1.0)(x, mask)
    assert result.centre.tolist() == [0]
    assert result.kept.all()
    torch.testing.assert_close(result.weights, torch.tensor([[1, 0.25, 0.25, 0.25, 0.25]]))
    assert SMIL(preset="published_code")(x, mask).weights.tolist() == [[1.0] * 5]


@pytest.mark.parametrize("preset", ["paper", "published_code"])
@pytest.mark.parametrize("scale", [0.0, 1.0, 1e6])
def test_all_identical_is_one_image(preset, scale):
    x, mask = random_bag(2, 1)
    bag = (scale * x).repeat(1, 6, 1, 1)
    result = SMIL(preset=preset)(bag, mask.repeat(1, 6))
    assert torch.equal(result.tokens[0], bag[0, 0])
    assert result.merged_into.tolist() == [[0] * 6]
    assert result.weights.tolist() == [[1, 0, 0, 0, 0, 0]]
    assert result.merged.tolist() == [[False] + [True] * 5]


def test_rounding_noise_is_no_difference():
    x, mask = random_bag(3, 1)
    copy = x * (1 + 2.5e-7)
    result = SMIL()(torch.cat([x, copy], dim=1), mask.repeat(1, 2))
    assert torch.equal(result.tokens[0], x[0, 0])


@pytest.mark.parametrize("preset", ["paper", "published_code"])
@pytest.mark.parametrize("copied", [0, 1, 2])
@pytest.mark.parametrize("at_front", [False, True])
def test_seven_copies_in_a_bag_of_three_change_nothing(preset, copied, at_front):
    x, mask = bag_of([0.0, 0], [1.0, 0.2], [3.0, -1])
    copies = x[:, copied : copied + 1].repeat(1, 7, 1, 1)
    many = torch.cat([copies, x] if at_front else [x, copies], dim=1)
    alone = SMIL(preset=preset)(x, mask)
    result = SMIL(preset=preset)(many, torch.ones(1, 10, dtype=torch.bool))
    torch.testing.assert_close(result.tokens, alone.tokens, rtol=0, atol=1e-6)
    assert result.mean_distance.item() == pytest.approx(alone.mean_distance.item(), rel=1e-6)
    assert (result.weights > 0).sum() == (alone.weights > 0).sum()


def test_copies_do_not_decide_which_others_are_merged():
    # Dbar of the five is 4.12, so 0.0045 is apart. A mean over all pairs would rise to 4.77 with seven
    # copies of the far image, and the first two would be merged.
    points = [0.0, 0.0045, 0.3, 0.6, 10.0]
    x, mask = bag_of(*points)
    alone = SMIL()(x, mask)
    assert not alone.merged.any()
    for copied in range(5):
        result = SMIL()(*bag_of(*points, *[points[copied]] * 7))
        assert result.merged_into[0].tolist() == [0, 1, 2, 3, 4] + [copied] * 7
        torch.testing.assert_close(result.tokens, alone.tokens, rtol=0, atol=1e-6)

    # 0.0035 is one with the first. The mean over all pairs would fall to 1.78 with copies of the first.
    points[1] = 0.0035
    for copied, representative in enumerate([0, 0, 2, 3, 4]):
        result = SMIL()(*bag_of(*points, *[points[copied]] * 7))
        assert result.merged_into[0].tolist() == [0, 0, 2, 3, 4] + [representative] * 7


def test_merged_groups_are_transitive_and_named_by_the_lowest_index():
    x, mask = bag_of(0.0012, 5.0, 0.0006, 0.0, 2.0)
    result = SMIL()(x, mask)
    assert result.merged_into.tolist() == [[0, 1, 0, 0, 4]]
    assert result.kept[0, [2, 3]].tolist() == [result.kept[0, 0].item()] * 2
    assert result.weights[0, [2, 3]].tolist() == [0, 0]
    distances = result.distances[0][[0, 1, 4]][:, [0, 1, 4]]
    assert result.mean_distance.item() == pytest.approx(distances.sum().item() / 6)


def test_a_hundred_images_in_pairs():
    x, mask = random_bag(4, 50)
    alone = SMIL()(x, mask)
    order = torch.randperm(100)
    result = SMIL()(x.repeat(1, 2, 1, 1)[:, order], mask.repeat(1, 2))
    assert (~result.merged).sum() == 50
    torch.testing.assert_close(result.tokens, alone.tokens, rtol=0, atol=1e-6)


def test_close_images_far_from_zero_keep_their_distance():
    x, mask = bag_of([1000.0, 0], [1000.125, 0], [1000.5, 0])
    assert SMIL()(x, mask).distances[0, 0].tolist() == [0, 0.125, 0.5]


@pytest.mark.parametrize("content", [0.0, float("nan"), float("inf"), 3e38])
@pytest.mark.parametrize("preset", ["paper", "published_code"])
def test_padding_content_changes_nothing(content, preset):
    x, mask = random_bag(5, 5)
    padded = torch.full((1, 9, 4, 6), content)
    where = [1, 2, 4, 7, 8]
    padded[0, where] = x[0]
    padded.requires_grad_()
    padded_mask = torch.zeros(1, 9, dtype=torch.bool)
    padded_mask[0, where] = True
    alone, result = SMIL(preset=preset)(x, mask), SMIL(preset=preset)(padded, padded_mask)
    assert torch.equal(result.tokens, alone.tokens)
    assert result.centre.item() == where[alone.centre.item()]
    assert torch.equal(result.weights[0, where], alone.weights[0])
    for record in (result.weights, result.kept, result.distances):
        assert not record[0, 0].any()
    result.tokens.sum().backward()
    assert padded.grad.isfinite().all()
    assert not padded.grad[0, [0, 3, 5, 6]].any()


@given(st.integers(0, 10**6), st.integers(3, 10), st.sampled_from(["paper", "published_code"]), st.randoms())
@settings(max_examples=60, deadline=None)
def test_order_never_changes_an_answer(seed, n, preset, random):
    x, mask = random_bag(seed, n)
    order = list(range(n))
    random.shuffle(order)
    first, second = SMIL(preset=preset)(x, mask), SMIL(preset=preset)(x[:, order], mask)
    torch.testing.assert_close(second.tokens, first.tokens, rtol=0, atol=1e-5)
    assert order[second.centre.item()] == first.centre.item()
    assert torch.equal(second.kept, first.kept[:, order])
    torch.testing.assert_close(second.weights, first.weights[:, order])


def test_patients_in_one_batch_do_not_meet():
    x = torch.randn(3, 6, 4, 5)
    mask = torch.arange(6) < torch.tensor([[1], [4], [6]])
    together = SMIL()(x, mask)
    for b in range(3):
        alone = SMIL()(x[b : b + 1, : mask[b].sum()], mask[b : b + 1, : mask[b].sum()])
        assert torch.equal(together.tokens[b], alone.tokens[0])


@pytest.mark.parametrize("autocast", [False, True])
def test_bfloat16_is_measured_in_float32(autocast):
    x, mask = random_bag(6, 5)
    x = x.bfloat16()
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        result = SMIL()(x, mask)
    exact = SMIL()(x.float(), mask)
    assert result.distances.dtype == result.weights.dtype == torch.float32
    assert torch.equal(result.distances, exact.distances)
    assert torch.equal(result.weights, exact.weights)
    assert result.tokens.dtype == torch.bfloat16
    assert torch.equal(result.tokens, exact.tokens.bfloat16())


def test_only_the_tokens_carry_a_gradient():
    x, mask = random_bag(7, 4)
    result = SMIL()(x.requires_grad_(), mask)
    assert not any(t.requires_grad for t in (result.distances, result.weights, result.mean_distance))
    result.tokens.sum().backward()
    torch.testing.assert_close(x.grad, result.weights[..., None, None].expand_as(x))


def test_published_weights_are_min_max_scaled_over_the_flattened_map():
    x, mask = random_bag(8, 7)
    result = SMIL(preset="published_code")(x, mask)
    d = torch.cdist(x[0].flatten(1).double(), x[0].flatten(1).double())
    torch.testing.assert_close(result.distances[0].double(), d, atol=1e-5, rtol=1e-5)
    c = d.sum(0).argmin()
    kept = (d[c] <= 1.5 * d.sum() / 42) & (torch.arange(7) != c)
    inverse = 1 / (d[c] + 1e-8)
    low, high = inverse[kept].min(), inverse[kept].max()
    expected = torch.where(kept, (inverse - low) / (high - low), 0.0)
    expected[c] = 1
    torch.testing.assert_close(result.weights[0].double(), expected, atol=1e-6, rtol=1e-5)
    assert result.weights[0][kept].max() == 1
    assert result.weights[0][kept].min() == 0


def test_published_reads_the_first_ten_different_images():
    x, mask = random_bag(9, 13)
    ten = SMIL(preset="published_code")(x[:, :10], mask[:, :10])
    result = SMIL(preset="published_code")(x, mask)
    assert torch.equal(result.tokens, ten.tokens)
    assert not result.kept[0, 10:].any()
    copied = torch.cat([x[:, :3], x[:, :10]], dim=1)
    torch.testing.assert_close(SMIL(preset="published_code")(copied, mask).tokens, ten.tokens)


def test_a_hundred_flattened_maps_stay_small():
    x, mask = random_bag(10, 100, tokens=49, width=256)
    result = SMIL(preset="published_code")(x, mask)
    expected = torch.cdist(x[0, :2].flatten(1).double(), x[0].flatten(1).double())
    torch.testing.assert_close(result.distances[0, :2].double(), expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 3e38])
def test_features_that_are_not_finite_name_the_image(value):
    x, mask = torch.randn(2, 4, 3, 5), torch.ones(2, 4, dtype=torch.bool)
    x[1, 2] = value
    with pytest.raises(NonFiniteFeatures, match=r"TEM: image 2 .* patient 1") as caught:
        SMIL()(x, mask)
    error = caught.value
    assert (error.modality, error.batch_index, error.instance_index) == ("TEM", 1, 2)


def test_masks_that_do_not_fit_are_refused():
    x, mask = random_bag(0, 3)
    with pytest.raises(NetworkInputError, match=r"bag of patient 0 .* no image"):
        SMIL()(x, torch.zeros_like(mask))
    for wrong in (mask.float(), mask[:, :2], mask[0], None):
        with pytest.raises(NetworkInputError, match="boolean mask"):
            SMIL()(x, wrong)
    with pytest.raises(ValueError, match="threshold"):
        SMIL(threshold=0)
