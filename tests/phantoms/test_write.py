import csv
import json

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_renal_fusion.errors import RenalFusionError
from napari_renal_fusion.phantoms import (
    is_phantom,
    render_tem,
    sample,
    save_image,
    write_biopsy,
    write_cohort,
)

TINY = {"om_size": (192, 128), "im_size": (160, 120), "tem_size": (128, 128)}


@pytest.fixture
def tiny(spec):
    return spec("lupus_nephritis", antibodies=("IgG",), n_tem=1, **TINY)


def physical(path):
    with tifffile.TiffFile(path) as file:
        pixels = tifffile.xml2dict(file.ome_metadata)["OME"]["Image"]["Pixels"]
        return file.asarray(), pixels["PhysicalSizeX"], pixels["PhysicalSizeXUnit"]


@pytest.mark.parametrize("compression", ["deflate", "jpeg"])
def test_ome_tiff_states_its_scale(tiny, tmp_path, compression):
    folder = write_biopsy(tiny, tmp_path / "case", truth=True, compression=compression)
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.ome.tif"))
    assert names == [
        "IM/IgG.ome.tif",
        "OM/PASM.ome.tif",
        "TEM/TEM_01.ome.tif",
    ]
    pixels, value, unit = physical(folder / "OM/PASM.ome.tif")
    assert pixels.shape == (128, 192, 3)
    assert is_phantom(pixels)
    assert np.isclose(value, 246 / 128)
    assert unit == "µm"
    pixels, value, unit = physical(folder / "TEM/TEM_01.ome.tif")
    assert pixels.shape == (128, 128)
    assert np.isclose(value, 80)
    assert unit == "nm"
    assert np.array_equal(np.asarray(Image.open(folder / "truth/TEM_01_deposits.png")),
                          render_tem(tiny, 0).truth["deposits"])  # fmt: skip
    if compression == "deflate":
        assert np.array_equal(pixels, render_tem(tiny, 0).pixels)


def test_png_and_jpeg(tiny, tmp_path):
    image = render_tem(tiny, 0)
    save_image(image, tmp_path / "a.png")
    read = Image.open(tmp_path / "a.png")
    assert np.isclose(25.4e6 / read.info["dpi"][0], 80, rtol=1e-3)
    assert np.array_equal(np.asarray(read), image.pixels)
    save_image(image, tmp_path / "a.jpg")
    assert is_phantom(np.asarray(Image.open(tmp_path / "a.jpg")))
    with pytest.raises(RenalFusionError, match="cannot be written"):
        save_image(image, tmp_path / "a.bmp")


def test_cohort_table(tmp_path):
    table = write_cohort(tmp_path / "cohort", 3, 4, n_tem=(1, 2), antibodies=("IgA",), **TINY)
    rows = list(csv.DictReader(table.open(encoding="utf-8")))
    assert {r["patient_id"] for r in rows} == {"P001", "P002", "P003"}
    assert {r["label"] for r in rows} == {"IgA nephropathy", "membranous nephropathy", "lupus nephritis"}
    for row in rows:
        assert (table.parent / row["path"]).is_file()
        assert "\\" not in row["path"]
        _, value, unit = physical(table.parent / row["path"])
        assert np.isclose(float(row["pixel_size"]), value, rtol=1e-4)
        assert (row["pixel_unit"], unit) in {("um", "µm"), ("nm", "nm")}
        assert bool(row["intensity"]) == (row["modality"] == "IM")


def test_nothing_is_overwritten_and_a_failure_leaves_nothing(tiny, tmp_path):
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "mine.txt").write_text("mine")
    with pytest.raises(RenalFusionError, match="not an empty folder"):
        write_biopsy(tiny, tmp_path / "case")

    def stop(fraction, message):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_biopsy(tiny, tmp_path / "other", progress=stop)
    assert [p.name for p in tmp_path.iterdir()] == ["case"]


def test_sample_is_drawn_once(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(sample, "SAMPLE", tiny)
    heard = []
    folder = sample.sample_patient(tmp_path, lambda fraction, message: heard.append(fraction))
    assert heard[-1] == 1.0
    assert heard == sorted(heard)
    before = (folder / "OM/PASM.ome.tif").stat().st_mtime_ns
    assert sample.sample_patient(tmp_path) == folder
    assert (folder / "OM/PASM.ome.tif").stat().st_mtime_ns == before
    (folder / "OM/PASM.ome.tif").unlink()
    assert (sample.sample_patient(tmp_path) / "OM/PASM.ome.tif").is_file()
    manifest = json.loads((folder / "phantom.json").read_text())
    (folder / "phantom.json").write_text(json.dumps({**manifest, "version": 0}))
    sample.sample_patient(tmp_path)
    assert json.loads((folder / "phantom.json").read_text())["version"] == manifest["version"]
