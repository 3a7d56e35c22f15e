"""HEALNet of one patient, written out from its description on a state dict: loops, explicit softmax, no modules."""

import math

import torch
from torch.nn import functional as F


def positions(sizes, bands, max_freq, first):
    """One row of position channels per cell of a grid, the last axis fastest."""

    def coordinate(place, size):
        return first if size == 1 else first + (1 - first) * place / (size - 1)

    frequencies = [1 + k * (max_freq / 2 - 1) / (bands - 1) if bands > 1 else 1 for k in range(bands)]
    rows = []
    for place in torch.cartesian_prod(*[torch.arange(size) for size in sizes]).reshape(-1, len(sizes)):
        row = []
        for one, size in zip(place.tolist(), sizes, strict=True):
            x = coordinate(one, size)
            row += [math.sin(math.pi * s * x) for s in frequencies]
            row += [math.cos(math.pi * s * x) for s in frequencies] + [x]
        rows.append(row)
    return torch.tensor(rows, dtype=torch.float64)


def healnet(state, tensors, config):
    """Logits [out], latents [l_c, l_d] and {(layer, modality): weights [heads, l_c, T]} of one patient.

    ``tensors`` are [*axes, channels] or ``None``.
    """
    tokens = []
    for x in tensors:
        if x is not None:
            flat = x.reshape(-1, x.shape[-1])
            if config.fourier_encode_data:
                first = {"0.1.0": -1.0, "2023-12": 0.0}[config.variant]
                where = positions(x.shape[:-1], config.num_freq_bands, config.max_freq, first)
                flat = torch.hstack([flat, where.to(flat)])
            x = flat
        tokens.append(x)

    def norm(name, x):
        centred = x - x.mean(-1, keepdim=True)
        spread = (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
        return centred / spread * state[f"{name}.weight"] + state[f"{name}.bias"]

    def attention(name, asking, answering, heads, width):
        q = asking @ state[f"{name}.fn.to_q.weight"].T
        k_weight, v_weight = state[f"{name}.fn.to_kv.weight"].split(heads * width)
        parts, seen = [], []
        for h in range(heads):
            own = slice(h * width, (h + 1) * width)
            logits = q[:, own] @ (answering @ k_weight[own].T).T / math.sqrt(width) / 0.5
            seen.append(logits.exp() / logits.exp().sum(1, keepdim=True))
            parts.append(seen[-1] @ (answering @ v_weight[own].T))
        out = torch.hstack(parts) @ state[f"{name}.fn.to_out.0.weight"].T + state[f"{name}.fn.to_out.0.bias"]
        return torch.where(out > 0, out, 0.01 * out), torch.stack(seen)

    def feed_forward(name, s):
        inner = norm(f"{name}.norm", s) @ state[f"{name}.fn.net.0.weight"].T + state[f"{name}.fn.net.0.bias"]
        a, g = inner.tensor_split(2, dim=1)
        gated = a * (F.selu(g) if config.snn else F.gelu(g))
        return gated @ state[f"{name}.fn.net.2.weight"].T + state[f"{name}.fn.net.2.bias"]

    def own_blocks(layer, s):
        for block in range(config.self_per_cross_attn):
            name = f"layers.{layer}.{2 * len(tensors)}.{2 * block}"
            normed = norm(f"{name}.norm", s)
            s = s + attention(name, normed, normed, config.l_heads, config.latent_dim_head)[0]
            s = s + feed_forward(f"layers.{layer}.{2 * len(tensors)}.{2 * block + 1}", s)
        return s

    s, weights = state["latents"], {}
    for layer in range(config.depth):
        for m, x in enumerate(tokens):
            if x is None:
                continue
            name = f"layers.{layer}.{2 * m}"
            update, weights[layer, m] = attention(
                name,
                norm(f"{name}.norm", s),
                norm(f"{name}.norm_context", x),
                config.x_heads,
                config.cross_dim_head,
            )
            s = s + update
            s = s + feed_forward(f"layers.{layer}.{2 * m + 1}", s)
            if config.variant == "0.1.0":
                s = own_blocks(layer, s)
        if config.variant == "2023-12":
            s = own_blocks(layer, s)
    logits = None
    if config.final_classifier_head:
        logits = norm("to_logits.1", s.mean(0)) @ state["to_logits.2.weight"].T + state["to_logits.2.bias"]
    return logits, s, weights
