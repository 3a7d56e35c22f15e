import pytest

from napari_renal_fusion.cases.magnification import magnification_of, without_magnification


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x400", 400),
        ("PASM_X400_1", 400),
        ("40X", 40),
        ("HE 200倍", 200),
        ("HE×200-3", 200),
        ("HE1 x400", 400),
        ("8000X 02", 8000),
        ("电镜8.0K-1", 8000),
        ("HT7800_x5.0k", 5000),
        ("EM_20,000x", 20000),
        ("放大1.5万倍", 15000),
        ("PAS200x", 200),
        ("IMG_1600x1200", None),
        ("1600 x 1200", None),
        ("HE_10X10", None),
        ("C3x", None),
        ("IgA2x", None),
        ("P1k", None),
        ("IMG_0400", None),
        ("200X_400X", None),
        ("x0", None),
        ("fox", None),
    ],
)
def test_magnification(text, value):
    assert magnification_of(text) == value


def test_taking_it_out_leaves_the_rest():
    assert without_magnification("张伟 HE2 X400-3").split() == ["张伟", "he2", "-3"]
    assert without_magnification("特染3 x400").split() == ["特染3"]
    assert without_magnification("1600x1200 8.0K").split() == ["1600x1200"]
