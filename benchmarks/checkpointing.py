"""Peak memory of training steps of the published network with and without gradient checkpointing."""

from __future__ import annotations

import subprocess
import sys

_WORK = """
import sys, time
import torch
from napari_renal_fusion.inputs import Batch
from napari_renal_fusion.networks import CMUSNet
from napari_renal_fusion.training import preset
from napari_renal_fusion.training.module import FusionModule, optimizer_of
from napari_renal_fusion.training.trained_parts import choose_trained, training_mode
def memory_mb(what):
    # Of this process alone (Linux); getrusage also counts the process that started it.
    return int(open("/proc/self/status").read().split(what)[1].split()[0]) / 1024
config = preset("paper", gradient_checkpointing=sys.argv[1] == "True")
imported = memory_mb("VmRSS:")
patients, bag = int(sys.argv[2]), int(sys.argv[3])
torch.manual_seed(0)
network = CMUSNet(config.network)
choose_trained(network, "all")
network.set_gradient_checkpointing(config.gradient_checkpointing)
module = FusionModule(network, config, [])
optimizer = optimizer_of(config, list(network.parameters()))
training_mode(network)
one = torch.randn(patients, 3, 224, 224)
step = Batch(one, one.clone(), torch.randn(patients, bag, 3, 224, 224), torch.ones(patients, bag, dtype=torch.bool))
labels = torch.arange(patients) % 3
for _ in range(2):  # from the second step on the optimiser's state lies beside the activations
    started = time.perf_counter()
    loss = module.training_step((step, labels))
    loss.backward()
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    seconds = time.perf_counter() - started
# Counted, because freed memory does not all go back to the system: weights and gradients, and the optimiser's state.
state = [one for each in optimizer.state.values() for one in each.values()]
kept = sum(one.nbytes for one in [*network.parameters(), *network.parameters(), *state])
print(memory_mb("VmHWM:"), imported + kept / 2**20, seconds, float(loss.detach()))
"""


def run(patients: int = 2, bag: int = 6) -> str:
    """A Markdown table; a process of its own for each row. Takes 10 GB of memory without checkpointing."""
    lines = [
        f"Two training steps of the published network (three Swin-B, Adam with amsgrad, float32) with {patients} "
        f"patients of {bag} TEM images, {patients * (bag + 2)} images a step:",
        "",
        "| gradient checkpointing | peak memory | of it program, weights, gradients and optimiser | seconds of the second step |",
        "|---|---:|---:|---:|",
    ]
    found = {on: _measured(on, patients, bag) for on in (False, True)}
    for on, (peak, rest, seconds, _) in found.items():
        lines.append(f"| {'with' if on else 'without'} | {peak:.0f} MB | {rest:.0f} MB | {seconds:.1f} |")
    (peak, rest, seconds, loss), (less, still, longer, same) = found[False], found[True]
    if abs(loss - same) > 1e-3:
        raise AssertionError(f"the two ways do not learn the same: loss {loss} and {same}")
    lines += [
        "",
        f"Checkpointing takes **{less / peak:.2f}** of the memory, {(less - still) / (peak - rest):.2f} of what comes on "
        f"top of weights, gradients and optimiser, and **{longer / seconds:.2f}** of the time.",
    ]
    return "\n".join(lines)


def _measured(checkpointing: bool, patients: int, bag: int) -> tuple[float, ...]:
    command = [sys.executable, "-c", _WORK, str(checkpointing), str(patients), str(bag)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return tuple(map(float, done.stdout.split()))
