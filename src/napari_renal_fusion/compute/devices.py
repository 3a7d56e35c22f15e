"""Which device computes, in which precision, and why; torch is imported when it is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..errors import RenalFusionError

DeviceRequest = Literal["auto", "cuda", "mps", "cpu"]


@dataclass(frozen=True)
class DeviceChoice:
    """A torch device name, the precision of the encoders, and the reason in one sentence."""

    device: str
    precision: Literal["float32", "bfloat16"]
    reason: str


def choose_device(request: DeviceRequest | str = "auto") -> DeviceChoice:
    """Choose CUDA, then MPS, then CPU; or what was asked for, if this machine has it.

    Encoders run in bfloat16 only on CUDA cards with native support (compute capability 8.0 and up);
    on processors without AMX it is many times slower than float32. The fusion is always float32.

    Raises
    ------
    RenalFusionError
        ``device_unknown`` or ``device_unavailable`` with the reason that torch gives.
    """
    if request not in ("auto", "cuda", "mps", "cpu"):
        raise RenalFusionError(
            "device_unknown",
            f"There is no device called {request!r}",
            remedy="Choose auto, cuda, mps or cpu.",
        )
    why_not = {}
    if request in ("auto", "cuda"):
        choice, why_not["cuda"] = _cuda()
        if choice:
            return choice
    if request in ("auto", "mps"):
        choice, why_not["mps"] = _mps()
        if choice:
            return choice
    if request in ("auto", "cpu"):
        return _cpu(
            "the processor was asked for"
            if request == "cpu"
            else f"no graphics card can be used: {why_not['cuda']}"
        )
    raise RenalFusionError(
        "device_unavailable",
        f"{request.upper()} cannot be used on this computer: {why_not[request]}",
        remedy="Choose auto or cpu.",
    )


def _cuda() -> tuple[DeviceChoice | None, str]:
    import torch

    if torch.version.cuda is None and torch.version.hip is None:
        return None, "this torch was built without CUDA"
    try:
        if not torch.cuda.is_available():
            return None, "torch finds no usable CUDA card or driver"
        name, capability = torch.cuda.get_device_name(0), torch.cuda.get_device_capability(0)
        torch.zeros(1, device="cuda")  # a card can be listed and still be lost or full
    except RuntimeError as error:
        return None, f"the CUDA card does not answer ({str(error).splitlines()[0]})"
    native = capability >= (8, 0)
    return (
        DeviceChoice(
            "cuda",
            "bfloat16" if native else "float32",
            f"{name}, encoders in {'bfloat16' if native else 'float32'}",
        ),
        "",
    )


def _mps() -> tuple[DeviceChoice | None, str]:
    import torch

    if not torch.backends.mps.is_available():
        return None, "this is not a Mac with Metal"
    return DeviceChoice("mps", "float32", "Apple graphics through Metal, float32"), ""


def _cpu(reason: str) -> DeviceChoice:
    import torch

    threads = torch.get_num_threads()
    return DeviceChoice(
        "cpu", "float32", f"processor with {threads} thread{'s' * (threads != 1)}, because {reason}"
    )
