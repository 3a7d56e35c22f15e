import tempfile

import pytest

from napari_renal_fusion.cases.case_key import (
    KEY_FILE,
    CaseKey,
    KeyFile,
    KeyImage,
    file_hash,
    find_key,
    has_key,
    write_key,
)
from napari_renal_fusion.errors import RenalFusionError

MKSTEMP = tempfile.mkstemp
KEY = KeyFile(
    source="x",
    cases=(
        CaseKey(code="7K2F", patient_id="张三", images={"OM-1": KeyImage(path="a.jpg", sha256="00", size=3)}),
    ),
)


def test_the_key_lies_with_the_originals(tmp_path, private_home):
    assert not has_key(tmp_path)
    assert find_key(tmp_path) is None
    assert write_key(tmp_path, KEY) == tmp_path / KEY_FILE
    assert has_key(tmp_path)
    assert find_key(tmp_path) == KEY
    assert list(private_home.rglob("*.json")) == []


@pytest.mark.parametrize("refusal", ["wanted elsewhere", "read-only"])
def test_elsewhere_under_a_name_that_says_nothing(tmp_path, private_home, monkeypatch, refusal):
    folder = tmp_path / "张三"
    folder.mkdir()
    if refusal == "read-only":
        refuse_writing_below(folder, monkeypatch)
    place = write_key(folder, KEY, beside=refusal == "read-only")
    assert place.parent == private_home / "config/keys"
    assert "张三" not in place.name
    assert list(folder.iterdir()) == []
    assert find_key(folder) == KEY
    monkeypatch.setattr(tempfile, "mkstemp", MKSTEMP)
    assert write_key(folder, KEY) == place  # never a second key beside it


def test_a_selection_is_recognised_by_any_of_its_files(tmp_path):
    files = [tmp_path / "a.jpg", tmp_path / "b.jpg"]
    images = {f"OM-{n}": KeyImage(path=str(file), sha256="00") for n, file in enumerate(files, start=1)}
    key = KeyFile(cases=(CaseKey(code="7K2F", patient_id="x", images=images),))
    write_key(files, key)
    assert find_key(files) == key
    assert find_key([files[1], tmp_path / "c.jpg"]) == key
    assert find_key([tmp_path / "c.jpg"]) is None


def test_damaged_and_newer_keys_are_one_sentence(tmp_path):
    for text, code in (("{", "key_damaged"), ('{"format": 99, "cases": []}', "key_newer")):
        (tmp_path / KEY_FILE).write_text(text)
        with pytest.raises(RenalFusionError) as caught:
            find_key(tmp_path)
        assert caught.value.code == code
        assert caught.value.remedy


def test_hash_of_a_file(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert file_hash(tmp_path / "a").startswith("ba7816bf")
    with pytest.raises(RenalFusionError):
        file_hash(tmp_path / "none")


def refuse_writing_below(folder, monkeypatch):
    """As a read-only share does; permissions would not stop a test that runs as root."""

    def refuse(*args, **kwargs):
        if str(kwargs.get("dir", "")) == str(folder):
            raise OSError(30, "Read-only file system")
        return MKSTEMP(*args, **kwargs)

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
