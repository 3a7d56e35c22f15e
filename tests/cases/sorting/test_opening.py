"""What a person points at: opened, or named as something to sort."""

import shutil

import pytest
from PIL import Image

from napari_renal_fusion.cases.sorting import accept, open_or_sort, sort_files, sort_source
from napari_renal_fusion.errors import RenalFusionError

from .pictures import electron, fluorescence, light


def save(pixels, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def messy(tmp_path):
    folder = tmp_path / "张三"
    for number, name in enumerate(("张三 HE.jpg", "IMG_1.jpg", "IMG_2.jpg", "张三 荧光 IgA.jpg")):
        save(light("HE") if number < 3 else fluorescence(), folder / name)
    return folder


def test_a_messy_folder_is_to_sort_and_once_sorted_opens(messy):
    opening = open_or_sort(messy)
    assert (opening.cohort, opening.to_sort) == (None, messy)
    assert opening.why
    (case,) = accept(sort_source(messy))
    opening = open_or_sort(messy)
    assert (opening.cohort.cases, opening.to_sort, opening.why) == ((case,), None, "")


def test_new_files_in_a_sorted_folder_open_it_and_are_to_sort(messy):
    (case,) = accept(sort_source(messy))
    new = [save(electron(n), messy / f"T{n}.tif") for n in range(2)]
    for given in (messy, new, new[0]):
        opening = open_or_sort(given)
        assert [one.code for one in opening.cohort.cases] == [case.code]
        assert opening.to_sort == messy
        assert (
            opening.why
            == "2 image files are new in this folder since it was sorted. Sort it again to take them up."
        )


def test_names_that_say_some_modalities_do_not_make_a_case_of_a_mess(messy):
    save(electron(), messy / "电镜/1.tif")
    assert open_or_sort(messy).cohort is None
    ordered = messy.parent / "ordered"
    for part, pixels in (("OM", light("HE")), ("IM", fluorescence()), ("TEM", electron())):
        for number in range(3):
            save(pixels, ordered / part / f"{number}.png")
    assert len(open_or_sort(ordered).cohort.cases) == 1
    save(light("HE"), ordered / "stray.png")  # one stray file is no mess: it is left out with a notice
    opening = open_or_sort(ordered)
    assert opening.to_sort is None
    assert len(opening.cohort.cases[0].images) == 9


def test_selections_of_files(messy):
    files = sorted(messy.iterdir())
    opening = open_or_sort(files[:3])
    assert (opening.cohort, opening.to_sort) == (None, tuple(files[:3]))
    (case,) = accept(sort_source(files[:3]))
    assert open_or_sort(files[:3]).cohort.cases == (case,)
    assert open_or_sort(files).to_sort == tuple(files)  # one more than was sorted


def test_nothing_to_sort_says_what_open_cases_says(tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts/a.txt").write_text("x")
    for path, code in ((tmp_path / "texts", "case_folder"), (tmp_path / "gone", "case_folder_missing")):
        with pytest.raises(RenalFusionError) as caught:
            open_or_sort(path)
        assert caught.value.code.startswith(code)


def test_a_sorting_tells_what_it_sees_as_it_goes(messy):
    begun, seen = [], []
    sorting = sort_files(messy, begun=begun.append, seen=lambda path, look: seen.append((path, look)))
    assert [file.name for file in begun[0].files] == [file.name for file in sorting.files]
    assert {path for path, _ in seen} == {file.path for file in sorting.files}
    assert all(look.thumbnail.ndim == 3 for _, look in seen)
    (messy / "IMG_2.jpg").write_bytes(b"\xff\xd8\xff broken")
    seen.clear()
    sort_files(messy, seen=lambda path, look: seen.append((path, look)))
    assert isinstance(dict(seen)[messy / "IMG_2.jpg"], str)
    shutil.rmtree(messy)


def test_whoever_stops_a_sorting_does_not_wait_for_the_rest(messy):
    class Stop(Exception):
        pass

    def stop(fraction, message):
        raise Stop

    with pytest.raises(Stop):
        sort_files(messy, tell=stop)
