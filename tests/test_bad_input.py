"""Every kind of bad input of the design, from a folder on disk to the files written: one clear word about each."""

import errno
import json
import os
import shutil
import sys

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_renal_fusion.cases import Cohort
from napari_renal_fusion.cli.console import Talk
from napari_renal_fusion.cli.predict import run_predict
from napari_renal_fusion.errors import RenalFusionError

RNG = np.random.default_rng(0)


def grey(shape=(200, 220)):
    return RNG.integers(0, 255, shape, dtype=np.uint8)


@pytest.fixture
def case(tmp_path):
    """A good case of three images, to be spoilt."""
    folder = tmp_path / "病例 one"
    for modality in ("OM", "IM", "TEM"):
        (folder / modality).mkdir(parents=True)
        Image.fromarray(grey((200, 220, 3))).save(folder / modality / "a.png")
    return folder


def ask(folder, out, bundle):
    """Predict as the command does; returns the codes and sentences about the case."""
    run_predict(Talk(as_json=False), folder, str(bundle), out, device="cpu", threads=0, method="gradcam")
    answer = json.loads((out / "prediction.json").read_text())
    return {n["code"]: n["message"] for n in answer["warnings"] + answer["reasons"]}, answer


def nothing_half_written(folder):
    return not [one for one in folder.rglob("*") if one.name.startswith((".writing", ".replaced"))]


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def spoil(path):
    data = bytearray(path.read_bytes())
    data[60:90] = b"\0" * 30
    path.write_bytes(data)


READABLE = {
    "16-bit": lambda f: tifffile.imwrite(f / "b.tif", RNG.integers(0, 4095, (200, 200), dtype=np.uint16)),
    "RGBA": lambda f: Image.fromarray(grey((200, 200, 4)), "RGBA").save(f / "b.png"),
    "CMYK": lambda f: Image.fromarray(grey((200, 200, 4)), "CMYK").save(f / "b.jpg"),
    "palette": lambda f: Image.fromarray(grey()).convert("P").save(f / "b.png"),
    "1-bit": lambda f: Image.fromarray(grey()).convert("1").save(f / "b.png"),
    "multi-page": lambda f: tifffile.imwrite(f / "b.tif", grey((3, 200, 200)), photometric="minisblack"),
    "BigTIFF": lambda f: tifffile.imwrite(f / "b.tif", grey(), bigtiff=True),
    "BMP": lambda f: Image.fromarray(grey()).save(f / "b.bmp"),
}


@pytest.mark.parametrize("kind", READABLE)
def test_unusual_images_are_simply_read(kind, case, tmp_path, tiny_bundle):
    READABLE[kind](case / "TEM")
    codes, answer = ask(case, tmp_path / "out", tiny_bundle)
    assert answer["status"] == "answered"
    assert {i["key"] for i in answer["selection"]["images"]} == {"OM-1", "IM-1", "TEM-1", "TEM-2"}
    expected = ["image_more_pages"] if kind == "multi-page" else []
    assert [code for code in codes if code.startswith("image_")] == expected


UNREADABLE = {
    "truncated": (lambda f: cut(f / "b.png"), "image_truncated"),
    "corrupt": (lambda f: spoil(f / "b.png"), "image_truncated"),
    "empty file": (lambda f: (f / "b.png").write_bytes(b""), "image_empty"),
    "no image": (lambda f: (f / "b.png").write_text("hello"), "image_not_recognised"),
    "one pixel": (lambda f: Image.fromarray(grey((1, 1))).save(f / "b.png"), "image_too_small"),
    "NaN": (
        lambda f: tifffile.imwrite(f / "b.tif", np.full((99, 99), np.nan, np.float32)),
        "image_not_finite",
    ),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_an_unreadable_image_is_left_out_and_named(kind, case, tmp_path, tiny_bundle):
    Image.fromarray(grey()).save(case / "TEM" / "b.png")
    make, code = UNREADABLE[kind]
    if kind == "NaN":
        (case / "TEM" / "b.png").unlink()
    make(case / "TEM")
    codes, answer = ask(case, tmp_path / "out", tiny_bundle)
    assert answer["status"] == "answered"
    assert code in codes, codes
    assert {i["key"] for i in answer["selection"]["images"]} == {"OM-1", "IM-1", "TEM-1"}
    assert "b." in codes[code] or "TEM-2" in codes[code]
    assert nothing_half_written(tmp_path)


def test_all_black_is_told(case, tmp_path, tiny_bundle):
    Image.fromarray(np.zeros((200, 200), np.uint8)).save(case / "TEM" / "b.png")
    assert "image_blank" in ask(case, tmp_path / "out", tiny_bundle)[0]


@pytest.mark.slow
def test_a_hundred_electron_images_and_a_bag_of_one(case, tmp_path, tiny_bundle):
    assert ask(case, tmp_path / "one", tiny_bundle)[1]["status"] == "answered"
    for number in range(99):
        Image.fromarray(grey((64, 64))).save(case / "TEM" / f"n{number}.png")
    codes, answer = ask(case, tmp_path / "out", tiny_bundle)
    assert len(answer["selection"]["images"]) == 102
    assert "bag_size_unseen" in codes


def test_a_fluorescence_image_in_the_light_folder(case, tmp_path):
    """Seen by the demonstration bundle's statistics."""
    from napari_renal_fusion.phantoms import BiopsySpec, Disease, write_biopsy

    spec = BiopsySpec(disease=Disease.IGA_NEPHROPATHY, seed=5, om_size=(768, 512), im_size=(640, 480),
                      tem_size=(512, 512), antibodies=("IgA",), n_tem=3)  # fmt: skip
    folder = write_biopsy(spec, tmp_path / "phantom")
    shutil.rmtree(folder / "OM")
    shutil.copytree(folder / "IM", folder / "OM")
    codes, _ = ask(folder, tmp_path / "out", "demo")
    assert "looks like Immunofluorescence" in codes["wrong_modality"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_table_from_excel(case, tmp_path, tiny_bundle, encoding):
    rows = [f"病人1;{m};{case.name}/{m}/a.png;0,5;um" for m in ("OM", "IM", "TEM")]
    text = "\r\n".join(["Patient_ID;Modality;Path;Pixel_Size;Pixel_Unit", *rows])
    (tmp_path / "cohort.csv").write_bytes(text.encode(encoding))
    _, answer = ask(tmp_path / "cohort.csv", tmp_path / "out", tiny_bundle)
    assert answer["status"] == "answered"
    assert answer["case_id"] == "病人1"


def test_duplicate_ids_and_missing_labels_are_told_together(case, tmp_path):
    good = [f"{case.name}/{modality}/a.png" for modality in ("OM", "IM", "TEM")]
    lines = [
        "patient_id,case_id,modality,path,label",
        f"A,a,OM,{good[0]},",
        f"A,a,OM,{good[0]},",
        f"B,b,IM,{good[1]},x",
        f"C,b,TEM,{good[2]},x",
        "D,d,TEM,absent.png,x",
    ]
    (tmp_path / "cohort.csv").write_text("\n".join(lines), encoding="utf-8")
    problems = Cohort.from_csv(tmp_path / "cohort.csv").problems
    assert {"case_two_patients", "image_twice"} <= {p.code for p in problems}
    assert any(p.row and "absent.png" in p.message for p in problems)


@pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0 or sys.platform != "linux", reason="needs mount rights"
)
def test_a_truly_full_disk(case, tmp_path, tiny_bundle):
    """On a file system of 200 kB, of which nothing half-written remains."""
    import subprocess

    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(disk)], check=False
    ).returncode:
        pytest.skip("cannot mount here")
    try:
        with pytest.raises(RenalFusionError) as raised:
            ask(case, disk / "out", tiny_bundle)
        assert raised.value.code == "disk_full"
        assert nothing_half_written(disk)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, "disk_full"), (errno.EROFS, "folder_not_writable")]
)
def test_a_full_or_read_only_disk(case, tmp_path, tiny_bundle, monkeypatch, number, code):
    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    ask(
        case, tmp_path / "before", tiny_bundle
    )  # the case has its code; now it is the answer that cannot be written
    monkeypatch.setattr("tempfile.mkstemp", refuse)
    with pytest.raises(RenalFusionError) as raised:
        ask(case, tmp_path / "out", tiny_bundle)
    assert raised.value.code == code
    assert str(tmp_path / "out") in str(raised.value)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda t: t / "absent", "case_folder_missing"),
        (lambda t: (t / "empty").mkdir() or t / "empty", "case_folder_empty"),
        (lambda t: (t / "a.png").write_bytes(b"x") and t / "a.png", "case_folder_is_file"),
    ],
)
def test_what_is_no_case(make, code, tmp_path, tiny_bundle):
    with pytest.raises(RenalFusionError) as raised:
        ask(make(tmp_path), tmp_path / "out", tiny_bundle)
    assert raised.value.code == code
    assert not (tmp_path / "out").exists()


SLIDES = {
    "truncated": (lambda f: cut(f), "slide_truncated"),
    "no tissue": (lambda f: slide(f, np.full((600, 700, 3), 243, np.uint8)), "slide_no_tissue"),
    "no pixel size": (lambda f: slide(f, um=None), "slide_pixel_size_missing"),
    "impossible pixel size": (lambda f: slide(f, um=0.005), "slide_pixel_size_absurd"),
    "features of another grid": (lambda f: features(f, f.with_suffix(".h5"), um=2.0), "features_exist"),
    "no features": (lambda f: f.with_suffix(".h5").write_text("hello"), "features_exist"),
}


def slide(path, pixels=None, um=0.5):
    from napari_renal_fusion.phantoms.slide_tiff import levels_of_image, write_pyramid

    pixels = RNG.integers(60, 200, (600, 700, 3), dtype=np.uint8) if pixels is None else pixels
    return write_pyramid(path, levels_of_image(pixels, 128, (1, 4)), um, compression="deflate")


def features(path, out, um=1.0):
    from napari_renal_fusion.cases.slide_item import SlideItem
    from napari_renal_fusion.inputs import FeatureEncoder, PatchGrid, extract_features

    encoder = FeatureEncoder(name="test_resnet", stage=1)
    return extract_features(SlideItem(path), out, encoder, PatchGrid(patch=32, um_per_pixel=um), device="cpu")


@pytest.mark.parametrize("kind", SLIDES)
def test_a_slide_or_its_features_that_cannot_be_used(kind, tmp_path):
    path = slide(tmp_path / "片 one.tiff")
    make, code = SLIDES[kind]
    make(path)
    with pytest.raises(RenalFusionError) as raised:
        features(path, tmp_path / "片 one.h5")
    assert raised.value.code == code
    assert "片 one" in str(raised.value)
    assert nothing_half_written(tmp_path)


@pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0 or sys.platform != "linux", reason="needs mount rights"
)
@pytest.mark.parametrize("share", [0.4, 1.2])
def test_features_on_a_full_disk(share, tmp_path):
    """On a file system that holds some of the parts, and on one that holds them, but not the whole file as well."""
    import subprocess

    path, disk = slide(tmp_path / "a.tiff"), tmp_path / "disk"
    needed = features(path, tmp_path / "a.h5", um=0.25).stat().st_size
    disk.mkdir()
    size = f"size={round(share * needed) // 1024}k"
    if subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(disk)], check=False).returncode:
        pytest.skip("cannot mount here")
    try:
        with pytest.raises(RenalFusionError) as raised:
            features(path, disk / "a.h5", um=0.25)
        assert raised.value.code == "disk_full"
        assert [one.name for one in disk.iterdir()] == [".a.h5.parts"]
        assert nothing_half_written(disk)
    finally:
        subprocess.run(["umount", str(disk)], check=True)
