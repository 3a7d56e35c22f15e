"""Attention by hand: means, single heads, rankings, the place of each patch, and what cannot be said."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.explain.attention import SlideAttention, slide_attention, token_attention
from napari_renal_fusion.explain.attention_grid import attention_grid
from napari_renal_fusion.explain.packed import pack, unpack

from .healnet_fakes import made_session


def made_attention():
    """Two layers; layer l, head h, latent q of the slide attends only to patch 2 l + h (q = 0), evenly otherwise."""
    layers = []
    for layer in range(2):
        slide = torch.full((1, 2, 3, 6), 1 / 6)
        for head in range(2):
            slide[0, head, 0] = torch.eye(6)[2 * layer + head]
        rna = torch.tensor([0.1, 0.2, 0.6, 0.1]).expand(1, 2, 3, 4)
        layers.append((slide, rna, torch.ones(1, 2, 3, 1)))
    return tuple(layers)


def test_the_mean_and_every_single_choice_are_what_was_put_in():
    session = made_session(made_attention())
    whole = slide_attention(session, "slide")
    assert whole.label == "mean over layers, latents and heads"
    assert (whole.layers, whole.latents, whole.heads) == (2, 3, 2)
    # A third of the mean sits on patches 0 to 3, the rest is even.
    expected = np.array([1 / 12 + 1 / 9] * 4 + [1 / 9] * 2)
    np.testing.assert_allclose(whole.weights, expected, rtol=1e-6)
    assert whole.weights.dtype == np.float32
    one = slide_attention(session, "slide", layer=1, latent=0, head=1)
    assert one.weights.tolist() == [0, 0, 0, 1, 0, 0]
    assert one.label == "layer 2, latent 1, head 2"
    some = slide_attention(session, "slide", layer=0, latent=0)
    assert some.weights.tolist() == [0.5, 0.5, 0, 0, 0, 0]
    assert some.label == "layer 1, latent 1, mean over heads"


def test_top_patches_have_their_coordinates():
    session = made_session(made_attention())
    first, second, *_ = slide_attention(session, "slide", layer=1, latent=0, head=1).top(3)
    assert (first.rank, first.index, first.x, first.y, first.weight) == (1, 3, 40, 164, 1.0)
    assert (second.rank, second.index) == (2, 0)  # of equal weights the first patch


def test_a_real_network_spreads_one_over_the_patches():
    session = made_session()
    for choice in ({}, {"layer": 0}, {"layer": 1, "head": 0, "latent": 2}):
        assert slide_attention(session, "slide", **choice).weights.sum() == pytest.approx(1, abs=1e-5)
    ranked = token_attention(session, "rna").ranked
    assert sum(one.weight for one in ranked) == pytest.approx(1, abs=1e-5)
    assert [one.weight for one in ranked] == sorted((one.weight for one in ranked), reverse=True)


def test_omics_are_ranked_with_their_values():
    found = token_attention(made_session(made_attention()), "rna")
    assert [one.name for one in found.ranked] == ["C", "B", "A", "D"]
    assert [one.weight for one in found.ranked] == pytest.approx([0.6, 0.2, 0.1, 0.1])
    assert [one.value for one in found.ranked] == [None, -1.0, 0.5, 2.0]
    assert found.even == 0.25


def test_one_token_says_why_it_cannot_be_ranked():
    session = made_session(made_attention())
    found = token_attention(session, "clinical")
    assert found.ranked == ()
    assert "one token" in found.reason
    assert "1 by construction" in found.reason


@pytest.mark.parametrize("ask", [slide_attention, token_attention])
def test_a_modality_that_the_patient_lacks_says_so(ask):
    session = made_session(missing=("slide", "rna"))
    with pytest.raises(RenalFusionError, match="This patient has no") as caught:
        ask(session, "slide" if ask is slide_attention else "rna")
    assert caught.value.code == "attention_modality_missing"


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda s: slide_attention(s, "mri"), "attention_modality_unknown"),
        (lambda s: slide_attention(s, "rna"), "attention_not_a_slide"),
        (lambda s: token_attention(s, "slide"), "attention_not_omics"),
        (lambda s: slide_attention(s, "slide", head=2), "attention_choice_unknown"),
        (lambda s: slide_attention(s, "slide", layer=-1), "attention_choice_unknown"),
        (lambda s: slide_attention(s, "slide", slide=1), "attention_choice_unknown"),
    ],
)
def test_what_cannot_be_asked(ask, code):
    with pytest.raises(RenalFusionError) as caught:
        ask(made_session(made_attention()))
    assert caught.value.code == code


def test_several_slides_of_a_patient_share_one_scale():
    session = made_session(made_attention(), slides=2)
    first = slide_attention(session, "slide", layer=0, latent=0, slide=0)
    second = slide_attention(session, "slide", layer=0, latent=0, slide=1)
    assert first.weights.tolist() == [0.5, 0.5, 0]
    assert second.weights.tolist() == [0, 0, 0]
    assert second.coords.tolist() == [[40, 164], [104, 164], [168, 164]]
    assert first.raw_range == second.raw_range == (0.0, 0.5)
    assert first.slides == ("0.tiff", "1.tiff")
    assert second.even == 1 / 6


def test_it_crosses_to_another_process_bit_for_bit():
    whole = slide_attention(made_session(), "slide")
    back = SlideAttention.model_validate(json.loads(whole.model_dump_json()))
    assert back.weights.tobytes() == whole.weights.tobytes()
    assert back.coords.tolist() == whole.coords.tolist()
    with pytest.raises(ValueError, match="not an array of numbers"):
        unpack({**pack(np.zeros(1)), "dtype": "O"})


def test_patches_of_one_grid_are_one_cell_each():
    attention = slide_attention(made_session(made_attention()), "slide", layer=1, latent=0, head=1)
    grid = attention_grid(attention)
    assert grid.values.tolist() == [[0, 0, 0], [1, 0, 0]]
    assert (grid.box.top, grid.box.left, grid.box.height, grid.box.width) == (100, 40, 128, 192)
    # The centre of the hot patch, in pixels whose centres are whole numbers.
    assert grid.placement.to_pixels([[1, 0]])[0] == pytest.approx([164 + 31.5, 40 + 31.5])


def test_where_there_is_no_patch_there_is_no_value():
    attention = slide_attention(made_session(), "slide")
    gap = attention.model_copy(
        update={"coords": attention.coords[[0, 5]], "weights": attention.weights[[0, 5]]}
    )
    values = attention_grid(gap).values
    assert np.isnan(values).tolist() == [[False, True, True], [True, True, False]]


def test_patches_on_no_common_grid_lie_right_to_a_sixteenth_and_overlaps_are_means():
    attention = slide_attention(made_session(), "slide").model_copy(
        update={
            "coords": np.array([[0, 0], [32, 0], [300, 10]]),
            "weights": np.array([1, 3, 5], np.float32),
        }
    )
    grid = attention_grid(attention)
    rows, columns = np.nonzero(grid.values == 5)
    pixels = grid.placement.to_pixels(np.column_stack([rows, columns]))
    assert pixels.mean(axis=0) == pytest.approx([10 + 31.5, 300 + 31.5], abs=64 / 16)
    assert grid.values[0].tolist()[:12] == [1] * 4 + [2] * 4 + [3] * 4
