"""The out-of-memory ladder: smaller batches, then the processor, then a clear error; other errors pass unchanged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ..errors import RenalFusionError

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_batches(
    items: Sequence[Item],
    work: Callable[[Sequence[Item]], Sequence[Result]],
    batch: int,
    *,
    on_smaller: Callable[[int], None] | None = None,
) -> list[Result]:
    """Apply ``work`` to ``items`` in batches; halve the batch whenever memory, and only memory, runs out.

    Raises
    ------
    RenalFusionError
        ``out_of_memory`` if even a batch of one does not fit. Any other error passes unchanged.
    """
    results: list[Result] = []
    while len(results) < len(items):
        try:
            results += work(items[len(results) : len(results) + batch])
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            release_memory()
            if batch == 1:
                raise RenalFusionError(
                    "out_of_memory",
                    f"One image alone does not fit into memory ({_first_line(error)})",
                    remedy="Close other programs, or choose the device cpu, or a smaller model.",
                ) from error
            batch = max(1, batch // 2)
            if on_smaller:
                on_smaller(batch)
    return results


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error truly is a lack of memory (CUDA, MPS or the processor's)."""
    import torch

    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    text = str(error)
    return "DefaultCPUAllocator: can't allocate memory" in text or "MPS backend out of memory" in text


def is_device_lost(error: BaseException) -> bool:
    """Whether a graphics card stopped answering (pulled, reset, driver gone) while it was in use."""
    text = str(error)
    return (
        isinstance(error, RuntimeError)
        and not is_out_of_memory(error)
        and (type(error).__name__ == "AcceleratorError" or "CUDA error" in text or "HIP error" in text)
    )


def release_memory() -> None:
    """Give cached graphics memory back to the card."""
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
