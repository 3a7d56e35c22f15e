import math

import pytest
import torch
from torch.nn import functional as F

from napari_renal_fusion.networks import CMSA, NetworkInputError, SingleHeadCMSA


def loops(module, tem, partner):
    """Eq. 8 to 10 one query token and one head at a time."""
    query, key, value = module.query(tem), module.key(partner), module.value(partner)
    size = query.shape[-1] // module.heads
    out = partner.clone()
    for b in range(len(tem)):
        for head in range(module.heads):
            part = slice(head * size, (head + 1) * size)
            for i in range(tem.shape[1]):
                logits = [torch.dot(query[b, i, part], k) / math.sqrt(size) for k in key[b, :, part]]
                attention = torch.softmax(torch.stack(logits), dim=0)
                out[b, i, part] += attention @ value[b, :, part]
    return out


@torch.no_grad()
@pytest.mark.parametrize(("width", "query_width"), [(16, None), (16, 24)])
def test_paper_agrees_with_loops_and_with_torch(width, query_width):
    module = CMSA(width, heads=4, query_width=query_width)
    tem, partner = torch.randn(2, 9, query_width or width), torch.randn(2, 9, width)
    result = module(tem, partner)
    torch.testing.assert_close(result, loops(module, tem, partner), rtol=1e-5, atol=1e-6)

    def split(x):
        return x.reshape(2, 9, 4, 4).transpose(1, 2)

    attended = F.scaled_dot_product_attention(
        split(module.query(tem)), split(module.key(partner)), split(module.value(partner))
    )
    expected = partner + attended.transpose(1, 2).reshape(2, 9, width)
    torch.testing.assert_close(result, expected, rtol=1e-5, atol=1e-6)


@torch.no_grad()
def test_published_code_reads_the_output_back_from_its_transpose():
    module = SingleHeadCMSA(16, heads=4)
    tem, partner = torch.randn(2, 9, 16), torch.randn(2, 9, 16)
    logits = torch.einsum("bid,bjd->bij", tem @ module.query.weight.T, partner @ module.key.weight.T)
    attended = (logits * 4**-0.5).softmax(dim=-1) @ (partner @ module.value.weight.T)
    read_back = torch.stack([one.T.flatten().reshape(9, 16) for one in attended])
    expected = partner + read_back @ module.projection.weight.T + module.projection.bias
    torch.testing.assert_close(module(tem, partner), expected, rtol=1e-5, atol=1e-6)


def test_paper_has_three_projections_without_bias():
    assert [tuple(p.shape) for p in CMSA(16).parameters()] == [(16, 16)] * 3
    assert sum(p.numel() for p in CMSA(1024).parameters()) == 3 * 1024**2
    assert sum(p.numel() for p in SingleHeadCMSA(1024).parameters()) == 4 * 1024**2 + 1024


@torch.no_grad()
def test_softmax_stays_in_float32_under_autocast():
    module = CMSA(16)
    tem, partner = torch.randn(1, 9, 16), torch.randn(1, 9, 16)
    with torch.autocast("cpu", torch.bfloat16):
        result = module(tem, partner)
    torch.testing.assert_close(result.float(), module(tem, partner), rtol=0.05, atol=0.05)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="4 heads do not divide 10"):
        CMSA(10)
    for module in (CMSA(8), SingleHeadCMSA(8)):
        with pytest.raises(NetworkInputError, match="equal grids"):
            module(torch.randn(1, 9, 8), torch.randn(1, 4, 8))
