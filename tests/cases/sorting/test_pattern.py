"""What a laboratory teaches: one correction a word, none for the next case, and no name of a patient in the file."""

import pytest

from napari_renal_fusion.cases import Modality
from napari_renal_fusion.cases.sorting import (
    Correction,
    LabPattern,
    load_pattern,
    save_pattern,
    sort_files,
)
from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.phantoms import write_messy
from napari_renal_fusion.phantoms.messy import LABORATORIES

from .driver import corrected, wrong
from .pictures import light, pictures

OM, IM, TEM = Modality


@pytest.fixture(scope="module")
def drawn():
    return pictures()


@pytest.mark.parametrize("laboratory", LABORATORIES)
def test_at_most_five_corrections_then_none(tmp_path, drawn, laboratory):
    first = write_messy(tmp_path, 1, laboratory, pictures=drawn)
    assert len(first.files) == 60
    sorting, count = corrected(sort_files(first.folder), first)
    assert 1 <= count <= 5
    assert {other.name for other in sorting.others} == {
        file.path.name for file in first.files if not file.modality
    }
    pattern = sorting.learned()
    for seed in (2, 3):
        second = write_messy(tmp_path, seed, laboratory, pictures=drawn, named_by_patient=seed == 2)
        again = sort_files(second.folder, pattern)
        assert wrong(again, second) == []
        assert again.doubtful == ()


def test_the_pattern_holds_no_name_and_no_readable_word(tmp_path, drawn):
    """Names planted in file names, in the folder and above it, on all files, on some, and on one modality only."""
    from PIL import Image

    root = tmp_path / "王芳"
    root.mkdir()
    planted = ("王芳", "wangfang", "smith", "李娜", "2026-77123")
    names = [f"王芳{stain}{n}.jpg" for stain in ("特染", "HE", "IgA") for n in range(3)]
    names += [f"wangfang_zz_{n}.jpg" for n in range(3)] + [f"smith-2026-77123-qq-{n}.jpg" for n in range(3)]
    names += [f"李娜特染{n}.jpg" for n in range(2)]
    for name in names:
        Image.fromarray(light("HE")).save(root / name)
    sorting = sort_files(root)
    changes = {
        "王芳特染0.jpg": Correction(modality=OM, stain="PASM"),
        "wangfang_zz_0.jpg": Correction(modality=OM, stain="Masson"),
        "smith-2026-77123-qq-0.jpg": Correction(modality=OM, stain="PAS"),
        "李娜特染0.jpg": Correction(modality=OM, stain="PASM"),
    }
    sorting = sorting.correct(changes)
    pattern = sorting.learned()
    text = pattern.model_dump_json()
    for name in (*planted, "特染", "zz", "qq"):
        assert name not in text
    save_pattern(pattern)
    assert load_pattern() == pattern
    # nor does it know the names: a folder full of them says nothing
    other = tmp_path / "other"
    other.mkdir()
    for name in ("王芳1.jpg", "wangfang-1.jpg", "x 2026-77123 y.jpg"):
        Image.fromarray(light("HE", (200, 104))).save(other / name)
    assert all(file.stain.value is None for file in sort_files(other, pattern).files)
    # but the words are known beside another patient's name
    Image.fromarray(light("HE", (200, 104))).save(other / "赵敏特染9.jpg")
    assert sort_files(other, pattern).get("赵敏特染9.jpg").stain.value == "PASM"


def test_a_correction_of_one_file_reaches_the_others_at_once(tmp_path):
    write(tmp_path, [f"周{word}{n}.jpg" for word in ("红片", "HE", "PAS") for n in range(4)])
    sorting = sort_files(tmp_path).correct({"周红片2.jpg": Correction(modality=OM, stain="Masson")})
    assert {sorting.get(f"周红片{n}.jpg").stain.value for n in range(4)} == {"Masson"}
    assert sorting.get("周红片0.jpg").stain.by == "laboratory"
    assert "laboratory" in sorting.get("周红片0.jpg").why


def test_a_later_correction_unlearns(tmp_path):
    write(tmp_path, [f"{word}-{n}.jpg" for word in ("红片", "HE", "PAS") for n in range(3)])
    pattern = sort_files(tmp_path).correct({"红片-0.jpg": Correction(modality=OM, stain="Masson")}).learned()
    assert sort_files(tmp_path, pattern).get("红片-1.jpg").stain.value == "Masson"
    sorting = sort_files(tmp_path, pattern).correct({"红片-0.jpg": Correction(modality=OM, stain="PASM")})
    assert sorting.get("红片-1.jpg").stain.value == "PASM"
    assert sort_files(tmp_path, sorting.learned()).get("红片-2.jpg").stain.value == "PASM"


def test_a_number_at_a_place_may_mean_a_stain(tmp_path):
    names = [f"case_{code}_{n:03d}.jpg" for code in ("01", "02", "03") for n in range(3)]
    write(tmp_path / "a", names)
    changes = {
        f"case_{code}_000.jpg": Correction(modality=OM, stain=stain)
        for code, stain in (("01", "HE"), ("02", "PAS"), ("03", "PASM"))
    }
    pattern = sort_files(tmp_path / "a").correct(changes).learned()
    write(
        tmp_path / "b",
        [f"case_{code}_{n:03d}.jpg" for code in ("03", "01") for n in range(2)],
        size=(200, 104),
    )
    found = [file.stain.value for file in sort_files(tmp_path / "b", pattern).files]
    assert found == ["HE", "HE", "PASM", "PASM"]


def test_confirming_what_the_dictionary_knew_teaches_nothing(tmp_path):
    write(tmp_path, [f"HE x200 {n}.jpg" for n in range(2)] + [f"HE x400 {n}.jpg" for n in range(2)])
    sorting = sort_files(tmp_path)
    told = {"HE x200 0.jpg": Correction(modality=OM, stain="HE", magnification=200.0)}
    assert sorting.correct(told).learned().words == {}


def test_a_damaged_pattern_is_one_sentence(private_home):
    assert load_pattern().words == {}
    path = private_home / "config/patterns.json"
    path.parent.mkdir(parents=True)
    path.write_text("{")
    with pytest.raises(RenalFusionError) as caught:
        load_pattern()
    assert caught.value.code == "pattern_damaged"


def test_two_laboratories_hash_differently():
    assert LabPattern().salt != LabPattern().salt


def write(folder, names, size=(192, 128)):
    from PIL import Image

    folder.mkdir(exist_ok=True)
    for name in names:
        Image.fromarray(light("HE", size)).save(folder / name)


@pytest.mark.slow
def test_with_drawn_phantoms(tmp_path):
    from napari_renal_fusion.phantoms import messy_pictures

    real = messy_pictures(1)
    first = write_messy(tmp_path, 1, pictures=real)
    sorting, count = corrected(sort_files(first.folder), first)
    assert count <= 5
    second = write_messy(tmp_path, 2, pictures=real)
    assert wrong(sort_files(second.folder, sorting.learned()), second) == []
