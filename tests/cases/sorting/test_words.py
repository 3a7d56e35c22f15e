import pytest

from napari_renal_fusion.cases import Modality
from napari_renal_fusion.cases.sorting.tokens import Name, constant_words, without
from napari_renal_fusion.cases.sorting.words import said_by

OM, IM, TEM = Modality


@pytest.mark.parametrize(
    ("name", "modality", "stain"),
    [
        ("张三 HE×200.jpg", OM, "HE"),
        ("六胺银 400倍.jpg", OM, "PASM"),
        ("银染-2.jpg", OM, "PASM"),
        ("PAM_1.tif", OM, "PASM"),
        ("S26-01234_Jones_40x.jpg", OM, "PASM"),
        ("PAS-M x400.jpg", OM, "PASM"),
        ("Masson三色.jpg", OM, "Masson"),
        ("Kap轻链.jpg", IM, "Kappa"),
        ("κ.jpg", IM, "Kappa"),
        ("Λ 2.jpg", IM, "Lambda"),
        ("lam-1.jpg", IM, "Lambda"),
        ("纤维蛋白原.jpg", IM, "Fibrinogen"),
        ("荧光-Alb.jpg", IM, "Albumin"),
        ("免疫荧光 C3.jpg", IM, "C3"),
        ("C1Q 2+.jpg", IM, "C1q"),
        ("Ig A.jpg", IM, "IgA"),
        ("IF_07.jpg", IM, None),
        ("电镜照片01.tif", TEM, None),
        ("EM 8000X 02.tif", TEM, None),
        ("JEM_0003.tif", TEM, None),
        ("C4d 免疫组化.jpg", OM, "C4d (IHC)"),
        ("IMG_0031.JPG", None, None),
        ("张三.jpg", None, None),
        ("IgAN患者.jpg", None, None),
    ],
)
def test_names(name, modality, stain):
    said = said_by(Name.of(name).stem, "name")
    assert (said.modality.value, said.stain.value) == (modality, stain)
    assert (said.modality.sure > 0.7) == (modality is not None)


def test_a_contradiction_is_no_guess():
    said = said_by("he iga", "name")
    assert said.modality.value is None
    assert "HE" in said.torn
    assert "IgA" in said.torn
    assert said_by("om 电镜 3", "name").torn


@pytest.mark.parametrize(
    "name",
    [
        "IMG_0031.JPG",
        "DSC_0001.jpg",
        "P1010001.JPG",
        "微信图片_20260312.jpg",
        "0031.JPG",
        "Snap-12 (2).tif",
        "图像 3.png",
    ],
)
def test_camera_names_carry_nothing(name):
    assert Name.of(name).from_camera


@pytest.mark.parametrize("name", ["张三.jpg", "HE 1.jpg", "IgA.jpg", "K2.jpg"])
def test_other_names_do(name):
    assert not Name.of(name).from_camera


def test_what_all_names_share_is_found_and_taken_out():
    names = [Name.of(f"何伟{stain}{n}.jpg") for stain in ("HE", "银染", "IgA") for n in range(3)]
    shared = constant_words(names)
    assert "何伟" in shared
    assert without("何伟银染2", shared).split() == ["银染2"]
    latin = [Name.of(f"he_wei_{stain}.jpg") for stain in ("iga", "igg", "c3", "c1q", "pas")]
    assert {"he", "wei"} <= constant_words(latin)
    assert "he" not in without("he_wei_iga", constant_words(latin))
