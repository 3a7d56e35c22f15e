"""Pictures and folders that several tests of cases use."""

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def colours() -> np.ndarray:
    """A smooth colour picture without symmetry, [40, 56, 3]: JPEG keeps it within a few grey levels."""
    rows, columns = np.mgrid[0:40, 0:56]
    return np.stack([rows * 6, columns * 4, 255 - rows * 3 - columns], axis=-1).astype(np.uint8)


@pytest.fixture
def grey(colours) -> np.ndarray:
    """A smooth grey picture without symmetry, [40, 56]."""
    return np.ascontiguousarray(colours[..., 0] // 2 + colours[..., 1] // 2)


@pytest.fixture
def picture(tmp_path, colours):
    """Write a valid picture to a path below tmp_path."""

    def write(name: str):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(colours).save(path)
        return path

    return write
