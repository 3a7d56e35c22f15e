"""Forward and backward of HEALNet against a plain explicit-softmax one: time, and peak memory in child processes."""

from __future__ import annotations

import subprocess
import sys

import torch

from napari_renal_fusion.networks import HEALNet

from .healnet_plain import PlainHEALNet
from .side_by_side import Comparison, compare

SLIDE = (2048, 1024)
OMICS = {"omics 1 x 20,000": (1, 20_000), "omics 20,000 x 1": (20_000, 1)}

# What /proc says is of this process alone (Linux); getrusage also counts the process that started it.
_WORK = """
import sys, time
import torch
from benchmarks.healnet import step_of
def memory_mb(what):
    return int(open("/proc/self/status").read().split(what)[1].split()[0]) / 1024
which, trains, batch, *sizes = sys.argv[1:]
imported = memory_mb("VmRSS:")
shapes = [tuple(map(int, one.split("x"))) for one in sizes]
step, parameters = step_of(which, shapes, int(batch))
optimizer = torch.optim.Adam(parameters) if trains == "True" else None
for _ in range(2):  # from the second step on the optimiser's state lies beside the activations
    started = time.perf_counter()
    step()
    if optimizer:
        optimizer.step()
    seconds = time.perf_counter() - started
kept = sum(one.nbytes for one in parameters) * (4 if optimizer else 2) / 2**20
print(memory_mb("VmHWM:"), imported, kept, seconds)
"""


def step_of(which: str, shapes: list[tuple[int, int]], batch: int = 1):
    """A function that runs forward and backward of the library-default network, and its parameters.

    ``shapes`` are (tokens, channels) of each modality; ``which`` is "ours" or "plain".
    """
    torch.manual_seed(0)
    channels = tuple(width for _, width in shapes)
    count = len(shapes)
    tensors = [torch.randn(batch, *shape) for shape in shapes]
    network = HEALNet(n_modalities=count, channel_dims=channels, num_spatial_axes=(1,) * count, out_dims=4)
    if which == "plain":
        network = PlainHEALNet(network)

    def step() -> torch.Tensor:
        network.zero_grad(set_to_none=True)
        output = network(tensors)
        loss = (output if which == "plain" else output.logits).square().sum()
        loss.backward()
        return loss.detach()

    return step, list(network.parameters())


def run() -> list[Comparison]:
    """Time of forward and backward, one patient."""
    found = []
    for name, shape in OMICS.items():
        steps, parameters = zip(*(step_of(which, [shape, SLIDE]) for which in ("ours", "plain")), strict=True)
        losses = [step() for step in steps]
        torch.testing.assert_close(*losses, rtol=1e-4, atol=1e-4)
        for ours, plain in zip(*parameters, strict=True):
            torch.testing.assert_close(ours.grad, plain.grad, rtol=1e-2, atol=1e-4)
        what = f"HEALNet, forward and backward: {name} and slide {SLIDE[0]:,} x {SLIDE[1]:,}"
        found.append(compare(what, ("lean", steps[0]), ("explicit softmax", steps[1])))
    return found


def memory() -> str:
    """Markdown: peak memory of the same work, and of a training step on 20,000 + 20,000 tokens."""
    lines = [
        "Peak resident memory of HEALNet, forward and backward, in a process each:",
        "",
        "| what | lean | explicit softmax | of it program, weights and gradients | explicit / lean of the rest |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, shape in OMICS.items():
        ours, plain = (_measured(which, False, 1, shape, SLIDE) for which in ("ours", "plain"))
        rest = [peak - imported - kept for peak, imported, kept, _ in (ours, plain)]
        lines.append(
            f"| {name} and slide {SLIDE[0]:,} x {SLIDE[1]:,} | {ours[0]:.0f} MB | {plain[0]:.0f} MB | "
            f"{ours[1] + ours[2]:.0f} MB | **{rest[1] / rest[0]:.1f}** |"
        )
    lines.append("")
    for batch in (1, 4):
        peak, _, _, seconds = _measured("ours", True, batch, (20_000, 1), (20_000, 1024))
        lines.append(
            f"A training step (Adam, float32) on 20,000 omics tokens and 20,000 patches x 1,024, batch {batch}: "
            f"**{peak:.0f} MB** resident at most, {seconds:.1f} s."
        )
    return "\n".join(lines)


def _measured(which: str, trains: bool, batch: int, *shapes: tuple[int, int]) -> tuple[float, ...]:
    sizes = [f"{tokens}x{channels}" for tokens, channels in shapes]
    command = [sys.executable, "-c", _WORK, which, str(trains), str(batch), *sizes]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return tuple(map(float, done.stdout.split()))
