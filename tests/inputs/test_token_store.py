import errno
import os

import pytest
import torch

from napari_renal_fusion.inputs import Preprocessing, TokenStore, encoder_id
from napari_renal_fusion.networks import EncoderConfig, TimmEncoder

ONE, TWO = "a" * 64, "b" * 64


@pytest.fixture
def tokens():
    return torch.randn(3, 5, 8, generator=torch.Generator().manual_seed(0))


def files(store):
    return [path for path in store.folder.rglob("*") if path.is_file()]


def test_tokens_come_back_exactly_in_another_process(tmp_path, tokens):
    store = TokenStore(tmp_path, "e" * 64)
    assert store.get(ONE) is None
    assert ONE not in store
    store.put(ONE, tokens.requires_grad_())
    found = TokenStore(tmp_path, "e" * 64).get(ONE)
    assert torch.equal(found, tokens.detach())
    assert found.dtype == torch.float32
    assert not found.requires_grad
    assert ONE in store
    assert store.get(TWO) is None
    assert TokenStore(tmp_path, "f" * 64).get(ONE) is None


def test_changing_what_was_read_changes_no_file(tmp_path, tokens):
    store = TokenStore(tmp_path, "e" * 64)
    store.put(ONE, tokens)
    store.get(ONE).zero_()
    assert torch.equal(store.get(ONE), tokens)


def test_many_open_token_maps_need_no_file_handles(tmp_path, tokens):
    import resource

    store = TokenStore(tmp_path, "e" * 64)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    names = [f"{i:064x}" for i in range(60)]
    for name in names:
        store.put(name, tokens)
    used = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 200  # noqa: PTH112, PTH208
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 30, hard))
    try:
        held = [store.get(name) for name in names]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert all(torch.equal(one, tokens) for one in held)


@pytest.mark.parametrize("damage", ["truncated", "empty", "a bit", "of another picture"])
def test_a_damaged_entry_counts_as_absent_and_is_made_anew(tmp_path, tokens, damage):
    store = TokenStore(tmp_path, "e" * 64)
    store.put(ONE, tokens)
    (path,) = files(store)
    data = bytearray(path.read_bytes())
    if damage == "a bit":
        data[-7] ^= 4
    elif damage == "of another picture":
        store.put(TWO, tokens + 1)
        data = next(one for one in files(store) if one != path).read_bytes()
    else:
        data = data[:-3] if damage == "truncated" else b""
    path.write_bytes(bytes(data))
    assert store.get(ONE) is None
    store.put(ONE, tokens)
    assert torch.equal(store.get(ONE), tokens)


def test_a_full_disk_keeps_tokens_in_memory(tmp_path, tokens, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    store = TokenStore(tmp_path, "e" * 64)
    store.put(ONE, tokens)
    store.put(TWO, tokens * 2)
    assert [one.code for one in store.notices] == ["disk_full"]
    assert torch.equal(store.get(ONE), tokens)
    assert torch.equal(store.get(TWO), tokens * 2)
    assert files(store) == []


def test_the_id_changes_with_everything_that_decides_the_tokens():
    config = EncoderConfig(name="resnet18", kwargs={"layers": [1, 1, 1, 1], "channels": [8, 8, 8, 8]})
    torch.manual_seed(0)
    encoder, plain = TimmEncoder(config), Preprocessing()
    first = encoder_id(encoder, plain)
    assert encoder_id(encoder, plain) == first
    same = TimmEncoder(config)
    same.load_state_dict(encoder.state_dict())
    assert encoder_id(same, plain) == first
    other = {
        first,
        encoder_id(encoder, Preprocessing(mean=(0, 0, 0))),
        encoder_id(encoder, plain, "bfloat16"),
    }
    with torch.no_grad():
        same.backbone.bn1.running_mean[3] += 1e-6
    other.add(encoder_id(same, plain))
    assert len(other) == 4
