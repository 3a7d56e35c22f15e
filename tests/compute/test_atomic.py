import errno
import os

import pytest

from napari_renal_fusion.compute import atomic_folder, atomic_path, write_text
from napari_renal_fusion.errors import RenalFusionError


def test_a_failed_write_leaves_the_old_content_and_nothing_else(tmp_path):
    target = tmp_path / "answer.json"
    write_text(target, "old")
    with pytest.raises(ValueError, match="interrupted"):
        interrupt(atomic_path(target))
    assert target.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["answer.json"]


def test_the_temporary_name_keeps_the_suffix_and_permissions_are_ordinary(tmp_path):
    with atomic_path(tmp_path / "a.png") as temporary:
        assert temporary.suffix == ".png"
        temporary.write_bytes(b"x")
    assert (tmp_path / "a.png").stat().st_mode & 0o044 == 0o044 & ~_umask()


def test_a_full_disk_is_named(tmp_path):
    with pytest.raises(RenalFusionError) as raised, atomic_path(tmp_path / "big.bin"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert raised.value.code == "disk_full"
    assert "big.bin" in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_a_target_inside_a_file_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RenalFusionError) as raised:
        write_text(tmp_path / "file" / "inner.txt", "x")
    assert raised.value.code == "folder_not_writable"


def test_a_folder_is_replaced_whole(tmp_path):
    target = tmp_path / "bundle"
    with atomic_folder(target) as folder:
        (folder / "a").write_text("1")
    with atomic_folder(target) as folder:
        (folder / "b").write_text("2")
    assert [one.name for one in target.iterdir()] == ["b"]
    with pytest.raises(ValueError, match="interrupted"):
        interrupt(atomic_folder(target))
    assert [one.name for one in target.iterdir()] == ["b"]
    assert [one.name for one in tmp_path.iterdir()] == ["bundle"]


def interrupt(writing):
    with writing as temporary:
        if temporary.is_dir():
            (temporary / "c").write_text("half")
        else:
            temporary.write_text("half")
        raise ValueError("interrupted")


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask
