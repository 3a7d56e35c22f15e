import numpy as np

from napari_renal_fusion.phantoms.fields import Frame, Seeds, band, cells, ellipses, fractal, inside, shrink


def test_streams_have_names():
    first = Seeds(1).rng("a").random(4)
    assert np.array_equal(first, Seeds(1).rng("a").random(4))
    assert not np.array_equal(first, Seeds(1).rng("b").random(4))
    assert np.array_equal(Seeds(1).child("x").rng("y").random(2), Seeds(1).rng("x", "y").random(2))


def test_coverage_is_exact_on_average():
    x, _ = Frame(400, 4, 4.0).grid()
    assert np.isclose(inside(x, 1.0).mean(), 0.5, atol=1e-3)
    for width in (0.6, 1.0, 5.0):
        assert np.isclose(band(x, width, 1.0).mean() * 400, 2 * width, rtol=0.05)


def test_noise_does_not_depend_on_the_size():
    small, large = Frame(120, 80, 100.0), Frame(480, 320, 100.0)
    first, second = (fractal(Seeds(3), frame, 20, 10) for frame in (small, large))
    reduced = second.reshape(80, 4, 120, 4).mean((1, 3))
    assert np.abs(reduced - first).max() < 0.05


def test_cells_find_the_nearest_segment():
    frame = Frame(60, 60, 60.0)
    x, y = frame.grid()
    found = cells(frame, x, y, np.array([[-10.0, 0, 0, 0, 0], [10.0, 0, 0, 0, 0]]), 100.0)
    assert np.array_equal(found.index, (x > 0).astype(int))
    assert found.edge.min() >= 0
    segment = cells(frame, x, y, np.array([[10.0, 0, 5, np.pi / 2, 0]]), 100.0)
    assert np.isclose(segment.nearest[frame.index(10, 4)], 0, atol=1)


def test_ellipse_area():
    frame = Frame(200, 200, 20.0)
    area = (ellipses(frame, np.array([[0, 0, 4.0, 2.0, 0.7]])) > 0).sum() * frame.pixel**2
    assert np.isclose(area, np.pi * 8, rtol=0.02)


def test_shrink_averages():
    pixels = np.array([[0, 200], [100, 100]], np.uint8)
    assert shrink(pixels, (1, 1)) == 100
