import pytest
import torch

from napari_renal_fusion.compute.memory import in_batches, is_device_lost
from napari_renal_fusion.errors import RenalFusionError


def test_the_batch_is_halved_until_it_fits_and_order_is_kept():
    sizes, told = [], []

    def work(items):
        sizes.append(len(items))
        if len(items) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB")
        return [item * 10 for item in items]

    assert in_batches(range(7), work, 8, on_smaller=told.append) == [0, 10, 20, 30, 40, 50, 60]
    assert sizes == [7, 4, 2, 2, 2, 1]
    assert told == [4, 2]


def test_one_image_too_large_is_a_clear_error_with_the_true_cause():
    def work(items):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes")

    with pytest.raises(RenalFusionError) as raised:
        in_batches([1], work, 4)
    assert raised.value.code == "out_of_memory"
    assert "99 bytes" in str(raised.value)


def test_any_other_error_is_not_blamed_on_memory():
    def work(items):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes"):
        in_batches([1, 2], work, 2)


def test_a_lost_card_is_recognised_and_a_programming_error_is_not():
    assert is_device_lost(RuntimeError("CUDA error: unspecified launch failure"))
    assert not is_device_lost(RuntimeError("expected scalar type Float"))
    assert not is_device_lost(torch.OutOfMemoryError("CUDA out of memory"))
