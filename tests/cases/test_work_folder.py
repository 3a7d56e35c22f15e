import pytest

from napari_renal_fusion.cases.work_folder import CODE_SIGNS, WorkFolder
from napari_renal_fusion.compute.settings import Settings, save_settings
from napari_renal_fusion.errors import RenalFusionError


def test_codes_are_short_without_look_alikes_and_never_given_twice(tmp_path):
    work = WorkFolder(tmp_path / "work")
    codes = [work.new_code() for _ in range(60)]
    assert len(set(codes)) == 60
    assert work.codes() == tuple(sorted(codes))
    assert all(len(code) == 4 and set(code) <= set(CODE_SIGNS) and not code.isdigit() for code in codes)
    assert not set("0O1IL5S8BZAEU") & (set(CODE_SIGNS) - {"8"})


@pytest.mark.parametrize("code", ["", "..", "7k2f", "7K2F/x", "张三", "7K2F7K2F"])
def test_nothing_but_a_code_is_a_folder(tmp_path, code):
    with pytest.raises(RenalFusionError) as caught:
        WorkFolder(tmp_path).case(code)
    assert caught.value.code == "case_code_invalid"


def test_the_setting_moves_it_and_broken_settings_do_not_hide_it(private_home, tmp_path):
    assert WorkFolder().root == private_home / "data/work"
    save_settings(Settings(work_folder=str(tmp_path / "elsewhere")))
    assert WorkFolder().root == tmp_path / "elsewhere"
    (private_home / "config/settings.toml").write_text("[")
    assert WorkFolder().root == private_home / "data/work"


def test_purge(tmp_path):
    work = WorkFolder(tmp_path / "work")
    code, other = work.new_code(), work.new_code()
    (work.case(code) / "case.json").write_text("12345")
    assert work.purge(code)
    assert not work.purge(code)
    assert work.codes() == (other,)


def test_a_work_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RenalFusionError) as caught:
        WorkFolder(tmp_path / "file/work").new_code()
    assert caught.value.code == "work_folder_not_writable"
