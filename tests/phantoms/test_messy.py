"""Messy folders: 60 files, the truth about each, the same from the same seed, nothing said by the folder's layout."""

import numpy as np
import pytest
from PIL import Image

from napari_renal_fusion.phantoms import is_phantom, write_messy
from napari_renal_fusion.phantoms.messy import LABORATORIES

from ..cases.sorting.pictures import pictures


@pytest.mark.parametrize("laboratory", LABORATORIES)
def test_sixty_files_flat_and_every_image_its_own(tmp_path, laboratory):
    case = write_messy(tmp_path, 4, laboratory, pictures=pictures())
    assert len(case.files) == 60 == len(list(case.folder.iterdir()))
    counts = [sum(file.modality == modality for file in case.files) for modality in ("OM", "IM", "TEM", "")]
    assert counts == [16, 24, 16, 4]
    contents = {file.path.read_bytes() for file in case.images}
    assert len(contents) == 56
    assert all(is_phantom(np.asarray(Image.open(file.path))) for file in case.images)


def test_the_same_seed_writes_the_same(tmp_path):
    drawn = pictures()
    first, again = (write_messy(tmp_path / name, 4, pictures=drawn) for name in "ab")
    other = write_messy(tmp_path, 5, pictures=drawn)
    assert [file.path.name for file in first.files] == [file.path.name for file in again.files]
    assert all(
        one.path.read_bytes() == two.path.read_bytes()
        for one, two in zip(first.files, again.files, strict=True)
    )
    assert other.accession != first.accession
