"""What each modality must show: where deposits lie, colours, legends, outliers."""

import numpy as np
import pytest

from napari_renal_fusion.phantoms import (
    ANTIBODIES,
    STAINS,
    fluorescence_findings,
    legend_rows,
    render_im,
    render_om,
    render_tem,
)

POSITIVE = {
    "iga_nephropathy": {"IgA", "C3"},
    "membranous_nephropathy": {"IgG", "C3"},
    "lupus_nephritis": {"IgG", "IgA", "IgM", "C3", "C1q"},
}


def shares(image):
    """Mesangial and wall part of the picture covered by deposits."""
    return image.truth["mesangial"].mean(), image.truth["wall"].mean()


@pytest.mark.parametrize("disease", POSITIVE)
@pytest.mark.parametrize("modality", ["OM", "IM", "TEM"])
def test_deposits_lie_where_the_disease_says(spec, disease, modality):
    for seed in (1, 2):
        here = spec(disease, seed=seed)
        antibody = "IgA" if disease == "iga_nephropathy" else "IgG"
        draws = {
            "OM": lambda s: [render_om(s)],
            "IM": lambda s, a=antibody: [render_im(s, a)],
            "TEM": lambda s: [render_tem(s, i) for i in range(3)],
        }
        images = draws[modality](here)
        mesangial, wall = np.mean([shares(image) for image in images], axis=0)
        expected = {
            "iga_nephropathy": (True, False),
            "membranous_nephropathy": (False, True),
            "lupus_nephritis": (True, True),
        }[disease]
        assert (mesangial > 0.002, wall > 0.002) == expected
        for image in images:
            assert np.array_equal(image.truth["deposits"], image.truth["mesangial"] | image.truth["wall"])


def test_light_and_fluorescence_deposits_lie_in_the_glomerulus(spec):
    for image in (render_om(spec("lupus_nephritis")), render_im(spec("lupus_nephritis"), "C1q")):
        assert 0.08 < image.truth["glomerulus"].mean() < 0.5
        assert not (image.truth["deposits"] & ~image.truth["glomerulus"]).any()


@pytest.mark.parametrize("disease", POSITIVE)
def test_panel(spec, disease):
    strong = {a for a in ANTIBODIES if fluorescence_findings(spec(disease), a).intensity >= 1.5} - {
        "kappa",
        "lambda",
    }
    assert strong == POSITIVE[disease]


def test_negative_antibodies_are_dark_and_have_no_truth(spec):
    image = render_im(spec("minimal_change"), "IgG")
    assert image.intensity == 0
    assert not image.truth["deposits"].any()
    assert image.pixels[image.truth["glomerulus"]].mean() < 12
    bright = render_im(spec("membranous_nephropathy"), "IgG")
    assert bright.pixels[bright.truth["deposits"], 1].mean() > 90


def test_fluorescence_is_green(spec):
    pixels = render_im(spec(), "IgA").pixels[40:].astype(float)
    assert pixels[..., 1].mean() > 3 * pixels[..., 0].mean()
    assert pixels[..., 1].mean() > 3 * pixels[..., 2].mean()


def test_stains_colour_the_same_section(spec):
    images = [render_om(spec(), stain) for stain in STAINS]
    for image in images[1:]:
        assert np.array_equal(image.truth["glomerulus"], images[0].truth["glomerulus"])
        assert np.abs(image.pixels.astype(int) - images[0].pixels).mean() > 8


def test_fields_are_constant_and_pixels_scale(spec):
    small, large = render_om(spec()), render_om(spec(om_size=(1080, 720)))
    assert small.pixel_size == (246 / 360, "um")
    assert large.pixel_size == (246 / 720, "um")
    assert render_tem(spec(), 0).pixel_size == (10240 / 400, "nm")


def test_membranes_of_membranous_nephropathy_hold_more_with_each_stage(spec):
    walls = [render_tem(spec("membranous_nephropathy", stage=s), 0).truth["wall"].mean() for s in (1, 2, 3)]
    assert 0.003 < walls[0] < walls[1]
    assert walls[2] > walls[0]


def test_legend_strip(spec):
    assert legend_rows(2048) == 108
    image = render_tem(spec("lupus_nephritis"), 0)
    rows = legend_rows(400)
    strip = image.pixels[-rows:]
    assert np.median(strip) < 30
    assert strip.max() > 150
    assert image.pixels[: -rows - 2].mean() > 80
    assert not image.truth["deposits"][-rows:].any()


@pytest.mark.parametrize("kind", ["other_tissue", "defocus", "wrong_magnification"])
def test_outliers_look_unlike_the_others(spec, kind):
    here = spec(outliers=(kind,))
    odd, usual = render_tem(here, 2), render_tem(here, 1)
    assert odd.outlier == kind
    assert usual.outlier is None
    assert not odd.truth["deposits"].any() or kind == "wrong_magnification"
    sharpness = [np.abs(np.diff(i.pixels[40:370].astype(float), axis=1)).mean() for i in (odd, usual)]
    if kind == "defocus":
        assert sharpness[0] < 0.8 * sharpness[1]
    elif kind == "wrong_magnification":
        assert odd.pixel_size[0] > 4 * usual.pixel_size[0] or odd.pixel_size[0] < usual.pixel_size[0] / 4


def test_difficulty_weakens_the_evidence(spec):
    def contrast(difficulty):
        specs = [spec("membranous_nephropathy", seed=seed, difficulty=difficulty) for seed in range(6)]
        return np.mean([shares(render_tem(one, 0))[1] for one in specs])

    assert contrast(1.0) < 0.7 * contrast(0.0)
