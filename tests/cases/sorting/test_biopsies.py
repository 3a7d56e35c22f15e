import pytest

from napari_renal_fusion.cases.sorting.biopsies import biopsies_of
from napari_renal_fusion.cases.sorting.tokens import Name


def labels(*names):
    return [guess.value for guess in biopsies_of([Name.of(name) for name in names])]


def test_one_accession_number_is_one_biopsy():
    names = [f"S26-01234_HE_{n}.jpg" for n in range(5)] + ["IMG_0001.JPG", "IMG_0002.JPG"]
    guesses = biopsies_of([Name.of(name) for name in names])
    assert {guess.value for guess in guesses} == {"S26-01234"}
    assert all(guess.sure == 1 for guess in guesses)


def test_two_accession_numbers_are_two_biopsies_and_a_nameless_file_is_doubtful():
    names = [f"{number} IgA {n}.jpg" for number in ("2026-1234", "2026-1300") for n in range(3)]
    guesses = biopsies_of([Name.of(name) for name in [*names, "IMG_0001.JPG"]])
    assert [guess.value for guess in guesses] == ["2026-1234"] * 3 + ["2026-1300"] * 3 + ["2026-1234"]
    assert guesses[-1].sure < 0.6 < guesses[0].sure


def test_two_dates_are_two_biopsies_but_times_of_cameras_are_not():
    assert set(
        labels("2026-03-12 HE1.jpg", "20260312 HE2.jpg", "2026年5月2日 HE1.jpg", "20260502 HE3.jpg")
    ) == {
        "2026-03-12",
        "2026-05-02",
    }
    assert set(labels("HE 20260312_101530.jpg", "HE 20260502_111530.jpg", "IMG_20260601.jpg")) == {""}


def test_counters_and_sizes_are_no_accession_numbers():
    assert set(labels(*(f"HE_{n:05d}.jpg" for n in range(12)))) == {""}
    assert set(labels(*(f"2026-{n:04d} HE.jpg" for n in range(12)))) == {""}


def test_folders_that_hold_modalities_are_cases():
    names = [f"{who}/{folder}/{n}.jpg" for who in ("A", "B") for folder in ("光镜", "电镜") for n in range(2)]
    assert labels(*names) == ["a"] * 4 + ["b"] * 4
    assert set(labels("光镜/HE/1.jpg", "光镜/PAS/1.jpg", "电镜/1.jpg")) == {""}


def test_a_nameless_file_goes_with_its_folder():
    names = [
        "x/2026-1234 HE.jpg",
        "x/2026-1234 PAS.jpg",
        "x/IMG_1.jpg",
        "y/2026-1300 HE.jpg",
        "y/2026-1300 PAS.jpg",
    ]
    guesses = biopsies_of([Name.of(name) for name in names])
    assert guesses[2].value == "2026-1234"
    assert guesses[2].sure > 0.6


def test_a_counter_that_begins_anew_for_every_stain_is_no_accession_number():
    assert set(labels(*(f"{stain}_{n:05d}.jpg" for stain in ("HE", "PAS", "IgA") for n in (1, 2, 3)))) == {""}


def test_folders_that_say_nothing_are_patients_and_not_mixed():
    names = [f"{who}/IMG_{n:04d}.JPG" for who in ("王伟", "李芳") for n in range(3)]
    guesses = biopsies_of([Name.of(name) for name in names])
    assert [guess.value for guess in guesses] == ["王伟"] * 3 + ["李芳"] * 3
    assert not any(guess.doubtful for guess in guesses)


@pytest.mark.parametrize(
    "folders",
    [
        ("100CANON", "101CANON"),
        ("HE", "PAS"),
        ("光镜", "其他"),
        ("新建文件夹", "新建文件夹 (2)"),
        ("x200", "x400"),
    ],
)
def test_folders_of_one_patient_stay_together(folders):
    names = [f"{folder}/IMG_{n:04d}.JPG" for folder in folders for n in range(3)]
    assert len(set(labels(*names))) == 1
    assert (
        len(set(labels("王伟/IMG_1.JPG", "李芳/IMG_2.JPG", "IMG_3.JPG"))) == 1
    )  # a loose file: one messy patient
