import pytest

from napari_renal_fusion.cases.modality import Modality
from napari_renal_fusion.cases.names import (
    doubtful_modality,
    is_slide_folder,
    modality_of_file,
    modality_of_folder,
    natural_key,
    readable,
    stain_of,
)

OM, IM, TEM = Modality


@pytest.mark.parametrize(
    ("modality", "names"),
    [
        (OM, ["OM", "om", "LM", "Light", "light microscopy", "光镜", "01 光镜", "OM_1", "OM2", "ＯＭ"]),
        (IM, ["IM", "IF", "Immunofluorescence", "免疫荧光", "荧光", "IF-2023", "3_免疫荧光"]),
        (TEM, ["TEM", "EM", "electron", "Electron microscopy", "电镜", "EM images", "TEM(2)"]),
        (None, ["", "P001", "truth", "IMG", "temp", "item", "EMILY", "LM and EM", "光镜电镜", "WSI"]),
    ],
)
def test_folders(modality, names):
    for name in names:
        assert modality_of_folder(name) is modality, name


def test_slide_folders():
    assert is_slide_folder("WSI")
    assert is_slide_folder("slides 2")
    assert all(is_slide_folder(name) for name in ("切片", "全切片", "03 数字切片", "切片扫描"))
    assert not is_slide_folder("OM")


def test_files():
    assert modality_of_file("IM_0001.jpg") is IM
    assert modality_of_file("电镜 3.tif") is TEM
    assert modality_of_file("light_chain_kappa.jpg") is None
    assert modality_of_file("IMG_0031.JPG") is None


@pytest.mark.parametrize(
    ("stain", "names"),
    [
        ("PASM", ["PASM", "PASM_01", "pasm2", "Jones", "PAM x400", "PAS-M", "银染", "六胺银 3", "silver"]),
        ("PAS", ["PAS", "1_PAS_40x", "pas3"]),
        ("HE", ["HE", "H&E", "h & e", "H-E 2", "HE20x", "01-HE"]),
        ("Masson", ["Masson", "MT_2", "masson trichrome", "马松三色"]),
        (None, ["", "the", "IMG_0031", "PAS PASM", "HE and PAS", "patient 3"]),
    ],
)
def test_stains(stain, names):
    for name in names:
        assert stain_of(name, OM) == stain, name


@pytest.mark.parametrize(
    ("antibody", "names"),
    [
        ("IgA", ["IgA", "IGA_2", "IM_iga", "IgA1", "IgA(++)"]),
        ("IgG", ["IgG", "IgG_1", "IgG 40x"]),
        ("IgM", ["igm"]),
        ("C3", ["C3", "C3_01", "c3c", "IM-C3"]),
        ("C1q", ["C1q", "C1Q 2"]),
        ("C4", ["C4"]),
        ("C4d", ["C4d"]),
        ("Kappa", ["kappa", "Kap", "κ", "light_chain_kappa"]),
        ("Lambda", ["lambda", "LAM_1", "λ", "Λ"]),
        ("Fibrinogen", ["Fib", "FRA", "fibrinogen", "纤维蛋白原"]),
        (None, ["", "IMG_1", "C31", "IgG4", "IgA IgG", "C3 C1q", "alabaster", "fabric", "film"]),
    ],
)
def test_antibodies(antibody, names):
    for name in names:
        assert stain_of(name, IM) == antibody, name


def test_electron_images_have_no_stain():
    assert stain_of("HE IgA", TEM) is None


def test_a_name_that_speaks_of_another_modality():
    assert doubtful_modality("IgA_2.jpg", OM) is IM
    assert doubtful_modality("IM_2.jpg", OM) is IM
    assert doubtful_modality("PAS 1.jpg", IM) is OM
    assert doubtful_modality("PAS 1.jpg", OM) is None
    assert doubtful_modality("IMG_0001.jpg", OM) is None
    assert doubtful_modality("OM_1.tif", TEM) is OM


def test_natural_order():
    names = ["image 10", "image 2", "Image 1", "image", "2", "10", "good2", "good"]
    expected = ["2", "10", "good", "good2", "image", "Image 1", "image 2", "image 10"]
    assert sorted(names, key=natural_key) == expected


def test_names_that_are_not_unicode():
    chinese = "光镜".encode("gb18030").decode("utf-8", "surrogateescape")
    assert readable(chinese) == "光镜"
    assert modality_of_folder(chinese) is OM
    assert readable("κ") == "κ"
    readable(b"\xff\xff\xff".decode("utf-8", "surrogateescape")).encode("utf-8")
