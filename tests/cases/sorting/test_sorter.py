import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_renal_fusion.cases import Modality
from napari_renal_fusion.cases.sorting import Correction, sort_files, sorter
from napari_renal_fusion.errors import RenalFusionError

from .pictures import electron, fluorescence, light

OM, IM, TEM = Modality
PIXELS = {OM: light("HE"), IM: fluorescence(), TEM: electron()}


@pytest.fixture
def folder(tmp_path):
    def make(**files):
        root = tmp_path / "patient"
        for name, modality in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(PIXELS[modality]).save(path)
        return root

    return make


def summary(sorting):
    return {file.name: (file.modality.value, file.stain.value) for file in sorting.files}


def test_camera_names_are_told_by_pixels(folder):
    sorting = sort_files(folder(**{"IMG_0001.JPG": OM, "IMG_0002.png": IM, "IMG_0003.tif": TEM}))
    assert [file.modality.value for file in sorting.files] == [OM, IM, TEM]
    assert all(file.modality.by == "pixels" for file in sorting.files)
    assert [file.doubtful for file in sorting.files] == [True, True, False]  # no stain, no antibody
    assert all(file.why for file in sorting.files)


def test_folders_tell_and_the_nearest_stain_counts(folder):
    sorting = sort_files(
        folder(**{"光镜/六胺银/1.jpg": OM, "免疫荧光/IgA/1.jpg": IM, "免疫荧光/2.jpg": IM, "电镜/1.tif": TEM})
    )
    assert summary(sorting) == {
        "光镜/六胺银/1.jpg": (OM, "PASM"),
        "免疫荧光/IgA/1.jpg": (IM, "IgA"),
        "免疫荧光/2.jpg": (IM, None),
        "电镜/1.tif": (TEM, None),
    }
    assert [file.name for file in sorting.doubtful] == ["免疫荧光/2.jpg"]


def test_name_against_folder_is_doubtful_and_first(folder):
    sorting = sort_files(folder(**{"OM/IgA 1.jpg": IM, "OM/HE.jpg": OM, "OM/PAS.jpg": OM}))
    first = sorting.ordered()[0]
    assert first.name == "OM/IgA 1.jpg"
    assert first.doubtful
    assert "but" in first.why


def test_a_name_against_the_pixels_is_doubtful(folder):
    file = sort_files(folder(**{"IgG.jpg": TEM, "IgA.jpg": IM})).get("IgG.jpg")
    assert file.doubtful


def test_what_is_no_image_is_listed_and_left(folder):
    root = folder(**{"HE.jpg": OM})
    for name in ("Thumbs.db", "a.avi", "报告.pdf", "b.xlsx", ".hidden", "notes.txt", "slide.kfb"):
        (root / name).write_bytes(b"x")
    (root / "empty.jpg").touch()
    (root / "broken.jpg").write_bytes(b"\xff\xd8\xffnothing")
    sorting = sort_files(root)
    assert {other.name: other.what for other in sorting.others} == {
        "Thumbs.db": "a file of the system",
        "a.avi": "a video",
        "报告.pdf": "a PDF document",
        "b.xlsx": "a table",
        "notes.txt": "a text",
        "slide.kfb": "a whole slide",
        "empty.jpg": "an empty file (0 bytes)",
    }
    broken = sorting.get("broken.jpg")
    assert broken.doubtful
    assert "damaged" in broken.why


def test_a_selection_of_files_is_sorted_like_a_folder(folder):
    root = folder(**{"HE.jpg": OM, "IgA.jpg": IM, "x/IMG_1.png": TEM})
    sorting = sort_files([root / "IgA.jpg", root / "x/IMG_1.png", root / "HE.jpg"])
    assert sorting.root is None
    assert summary(sorting) == {"HE.jpg": (OM, "HE"), "IgA.jpg": (IM, "IgA"), "IMG_1.png": (TEM, None)}


def test_refusals(tmp_path):
    for path, code in ((tmp_path / "none", "sort_missing"), (tmp_path, "sort_nothing")):
        with pytest.raises(RenalFusionError) as caught:
            sort_files(path)
        assert caught.value.code == code
        assert caught.value.remedy


def test_a_large_file_whose_name_has_settled_it_is_not_decoded(tmp_path, monkeypatch):
    tifffile.imwrite(
        tmp_path / "PASM.tif", np.zeros((2048, 3072, 3), np.uint8), photometric="rgb", compression="zlib"
    )
    tifffile.imwrite(
        tmp_path / "IMG_1.tif", np.kron(light("HE"), np.ones((16, 16, 1), np.uint8)), photometric="rgb"
    )
    decoded = []
    real = sorter.small_picture
    monkeypatch.setattr(sorter, "small_picture", lambda path: (decoded.append(path.name), real(path))[1])
    sorting = sort_files(tmp_path)
    assert decoded == ["IMG_1.tif"]
    assert sorting.get("PASM.tif").stain.value == "PASM"


def test_originals_stay_untouched_in_a_folder_that_cannot_be_written(folder):
    root = folder(**{"HE.jpg": OM, "IMG_1.JPG": IM})
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in root.iterdir()}
    root.chmod(0o555)
    try:
        sort_files(root).correct({"IMG_1.JPG": Correction(stain="IgA")})
    finally:
        root.chmod(0o755)
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in root.iterdir()} == before


def test_corrections_win_can_be_changed_and_know_their_file(folder):
    sorting = sort_files(folder(**{"IMG_1.JPG": IM, "IMG_2.JPG": OM}))
    sorting = sorting.correct({"IMG_1.JPG": Correction(modality=IM, stain="IgG", magnification=400.0)})
    file = sorting.get("IMG_1.JPG")
    assert (file.stain.value, file.magnification.value, file.sure) == ("IgG", 400.0, 1.0)
    sorting = sorting.correct({"IMG_1.JPG": Correction(modality=TEM)})
    assert sorting.get("IMG_1.JPG").stain.value is None  # the antibody went with the modality
    sorting = sorting.correct({"IMG_1.JPG": Correction(left_out=True)})
    assert list(sorting.groups()[""]) == [OM]
    with pytest.raises(KeyError):
        sorting.correct({"other.jpg": Correction(left_out=True)})


def test_two_patients_in_one_folder(folder):
    names = [f"{who} {stain}.jpg" for who in ("2026-1234", "2026-1300") for stain in ("HE", "PAS", "PASM")]
    sorting = sort_files(folder(**dict.fromkeys(names, OM)))
    assert sorting.biopsies == ("2026-1234", "2026-1300")
    sorting = sorting.correct({names[0]: Correction(biopsy="2026-1300")})
    assert sum(len(files) for files in sorting.groups()["2026-1300"][OM].values()) == 4


def test_progress_is_told_and_may_stop(folder):
    root = folder(**{f"IMG_{n}.JPG": OM for n in range(4)})
    told = []
    sort_files(root, tell=lambda share, text: told.append(share))
    assert told[-1] == 1.0

    def stop(share, text):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sort_files(root, tell=stop)


def test_an_english_name_that_is_a_stain(folder):
    """He Wei's folder: what all names share says nothing where the rest speaks."""
    names = [f"He_Wei_{stain}.jpg" for stain in ("IgA", "IgG", "IgM", "C3", "C1q")]
    sorting = sort_files(folder(**dict.fromkeys(names, IM)))
    assert [file.stain.value for file in sorting.files] == ["C1q", "C3", "IgA", "IgG", "IgM"]
    assert not sorting.doubtful
