import numpy as np
import pytest

from napari_renal_fusion.phantoms import (
    ANTIBODIES,
    KNOWN,
    STAINS,
    UNKNOWN,
    is_phantom,
    render_biopsy,
    render_im,
    render_om,
    render_tem,
)

from .conftest import area_mean


def test_every_image_is_stamped_and_the_size_asked_for(spec):
    images = list(render_biopsy(spec("lupus_nephritis", om_stains=STAINS, outliers=("defocus",))))
    assert [i.modality for i in images] == ["OM"] * 4 + ["IM"] * 8 + ["TEM"] * 3
    assert [i.stain for i in images] == [*STAINS, *ANTIBODIES, None, None, None]
    for image in images:
        assert is_phantom(image.pixels)
        assert image.pixels.dtype == np.uint8
        assert all(m.shape == image.pixels.shape[:2] and m.dtype == bool for m in image.truth.values())
    assert images[0].pixels.shape == (360, 540, 3)
    assert images[-1].pixels.shape == (400, 400)
    assert images[-1].outlier == "defocus"


def test_the_same_description_draws_the_same_pixels(spec):
    for draw in (render_om, lambda s: render_im(s, "IgA"), lambda s: render_tem(s, 1)):
        first, again, other = draw(spec()), draw(spec()), draw(spec(seed=6))
        assert np.array_equal(first.pixels, again.pixels)
        assert np.abs(first.pixels.astype(int) - other.pixels).mean() > 1


def test_an_image_does_not_depend_on_the_others(spec):
    alone = render_tem(spec(), 1).pixels
    assert np.array_equal(alone, render_tem(spec(n_tem=9, outliers=("defocus",)), 1).pixels)
    images = list(render_biopsy(spec(om_stains=("HE", "PASM"), antibodies=("C3",), n_tem=0)))
    assert np.array_equal(images[1].pixels, render_om(spec()).pixels)
    assert np.array_equal(images[2].pixels, render_im(spec(), "C3").pixels)


def test_small_and_large_show_the_same_picture(spec):
    pairs = []
    for times in (1, 2):
        here = spec(
            "lupus_nephritis",
            difficulty=0.3,
            om_size=(768 * times, 512 * times),
            im_size=(640 * times, 480 * times),
            tem_size=(512 * times, 512 * times),
        )
        drawn = render_om(here), render_im(here, "IgG"), render_tem(here, 0)
        pairs.append([area_mean(image.pixels, 224) for image in drawn])
    for small, large in zip(*pairs, strict=True):
        assert np.abs(small - large).mean() < 2.5


@pytest.mark.slow
def test_full_size_shows_the_same_picture(spec):
    small, large = (render_om(spec(om_size=size)).pixels for size in ((768, 512), (3072, 2048)))
    assert np.abs(area_mean(small, 224) - area_mean(large, 224)).mean() < 2.5


@pytest.mark.parametrize("disease", [*KNOWN, *UNKNOWN])
def test_every_disease_draws(spec, disease):
    for image in render_biopsy(spec(disease, antibodies=("IgG",), n_tem=1)):
        assert image.pixels.std() > 2
