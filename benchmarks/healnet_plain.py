"""HEALNet (library version 0.1.0) written the ordinary way: keys, values and all attention weights are made."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_renal_fusion.networks import HEALNet, HEALNetConfig


class Attention(nn.Module):
    """Explicit softmax attention with its norms, in one module as in the state keys."""

    def __init__(self, width: int, context: int | None, heads: int, head_width: int):
        super().__init__()
        inner = heads * head_width
        self.heads, self.scale = heads, head_width**-0.5
        self.norm = nn.LayerNorm(width)
        if context is not None:
            self.norm_context = nn.LayerNorm(context)
        self.fn = nn.Module()
        self.fn.to_q = nn.Linear(width, inner, bias=False)
        self.fn.to_kv = nn.Linear(context or width, 2 * inner, bias=False)
        self.fn.to_out = nn.Sequential(nn.Linear(inner, width), nn.LeakyReLU(0.01))

    def forward(self, latents: Tensor, tokens: Tensor | None = None) -> Tensor:
        """Update of the latents."""
        asking = self.norm(latents)
        answering = asking if tokens is None else self.norm_context(tokens)
        q, (k, v) = self.fn.to_q(asking), self.fn.to_kv(answering).chunk(2, dim=-1)
        q, k, v = (x.unflatten(-1, (self.heads, -1)).transpose(1, 2) for x in (q, k, v))
        logits = torch.einsum("bhid,bhjd->bhij", q, k) * self.scale
        weights = torch.softmax(logits / 0.5, dim=-1)
        attended = torch.einsum("bhij,bhjd->bhid", weights, v)
        return self.fn.to_out(attended.transpose(1, 2).flatten(-2))


class FeedForward(nn.Module):
    """Gated by SELU."""

    def __init__(self, width: int):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.fn = nn.Module()
        self.fn.net = nn.ModuleDict({"0": nn.Linear(width, 8 * width), "2": nn.Linear(4 * width, width)})

    def forward(self, latents: Tensor) -> Tensor:
        """Update of the latents."""
        value, gate = self.fn.net["0"](self.norm(latents)).chunk(2, dim=-1)
        return self.fn.net["2"](value * F.selu(gate))


class PlainHEALNet(nn.Module):
    """The network of ``model`` without its economies: one spatial axis, nothing missing, no dropout."""

    def __init__(self, model: HEALNet):
        super().__init__()
        self.config: HEALNetConfig = model.config
        c = self.config
        self.latents = nn.Parameter(torch.empty(c.l_c, c.l_d))
        self.layers = nn.ModuleList()
        for _ in range(c.depth):
            blocks: list[nn.Module] = []
            for width in c.context_widths:
                blocks += [Attention(c.l_d, width, c.x_heads, c.cross_dim_head), FeedForward(c.l_d)]
            own = nn.ModuleList([Attention(c.l_d, None, c.l_heads, c.latent_dim_head), FeedForward(c.l_d)])
            self.layers.append(nn.ModuleList([*blocks, own]))
        self.to_logits = nn.Sequential(nn.Identity(), nn.LayerNorm(c.l_d), nn.Linear(c.l_d, c.out_dims))
        self.load_state_dict(model.state_dict())

    def forward(self, tensors: list[Tensor]) -> Tensor:
        """Logits."""
        tensors = [torch.cat([x, self._positions(x)], dim=-1) for x in tensors]
        s = self.latents.expand(len(tensors[0]), -1, -1)
        for layer in self.layers:
            *blocks, (self_attention, self_feed_forward) = layer
            for tokens, attention, feed_forward in zip(tensors, blocks[::2], blocks[1::2], strict=True):
                s = s + attention(s, tokens)
                s = s + feed_forward(s)
                s = s + self_attention(s)
                s = s + self_feed_forward(s)
        return self.to_logits(s.mean(dim=1))

    def _positions(self, x: Tensor) -> Tensor:
        place = torch.linspace(-1, 1, x.shape[1])[:, None]
        angles = math.pi * place * torch.linspace(1, self.config.max_freq / 2, self.config.num_freq_bands)
        return torch.cat([angles.sin(), angles.cos(), place], dim=-1).expand(len(x), -1, -1)
