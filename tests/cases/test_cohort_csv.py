import datetime as dt
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_renal_fusion.cases import Box, Case, Cohort, ImageItem, Modality, PixelSize
from napari_renal_fusion.cases.cohort_csv import write_cohort_csv
from napari_renal_fusion.errors import RenalFusionError

HEADER = "patient_id,modality,path"


@pytest.fixture
def table(tmp_path):
    """Write a table beside a few image files (never opened) and read it."""
    for name in ("a.jpg", "b.jpg", "c.jpg", "图 1.tif", "s.svs"):
        (tmp_path / "images").mkdir(exist_ok=True)
        (tmp_path / "images" / name).write_bytes(b"not opened")

    def read(text: str | bytes, encoding: str = "utf-8") -> Cohort:
        path = tmp_path / "cohort.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return Cohort.from_csv(path)

    return read


def found(cohort: Cohort) -> list[tuple[str, int | None]]:
    assert all(problem.path is not None for problem in cohort.problems)
    return [(problem.code, problem.row) for problem in cohort.problems]


def test_a_full_row(table, tmp_path):
    cohort = table(
        "patient_id,case_id,biopsy_date,modality,path,stain,magnification,pixel_size,pixel_unit,label,"
        "label_source,intensity,page,crop_top,crop_left,crop_height,crop_width,hospital,scanner\n"
        "P1,B1,2024-03-05,OM,images/a.jpg,Jones,x400,0.25,um,IgAN,board,,,10,20.5,100,120,St Mary,NanoZoomer\n"
        "P1,B1,2024-03-05,IF,images/b.jpg,iga,40×,,,IgAN,,++,0,,,,,,\n"
        "P1,B1,,电镜,images/图 1.tif,,8000,2,nm,,,,3,,,,,,\n"
    )
    assert cohort.problems == ()
    (case,) = cohort.cases
    assert (case.patient_id, case.case_id, case.biopsy_date) == ("P1", "B1", dt.date(2024, 3, 5))
    assert (case.label, case.label_source) == ("IgAN", "board")
    assert case.hospital == "St Mary"
    assert [image.scanner for image in case.images] == ["NanoZoomer", None, None]
    assert cohort.class_names == ("IgAN",)
    assert cohort.source == tmp_path / "cohort.csv"
    light, antibody, electron = case.images
    assert light.path == tmp_path / "images/a.jpg"
    assert (light.modality, light.stain, light.magnification) == (Modality.OM, "PASM", 400)
    assert light.pixel_size == PixelSize(value=0.25, unit="um", source="cohort.csv")
    assert light.crop == Box(10, 20.5, 100, 120)
    assert (antibody.stain, antibody.intensity, antibody.magnification) == ("IgA", 2, 40)
    assert (electron.page, electron.pixel_size.value, electron.pixel_size.unit) == (3, 2, "nm")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_what_excel_writes(table, encoding, delimiter, end):
    lines = [
        [" Patient ID ", "MODALITY", "Path", "pixel_size", "Pixel-Unit", "label", ""],
        ["张三", "光镜", '"images/图 1.tif"', '"0,25"', "μm", '"IgA nephropathy, ""old"""', ""],
        ["", "", "", "", "", "", ""],
        ["P2", "tem", "images/b.jpg", '"2,5"', "纳米", "", ""],
    ]
    cohort = table(end.join(delimiter.join(line) for line in lines) + end, encoding)
    assert cohort.problems == ()
    first, second = cohort.cases
    assert (first.patient_id, first.case_id, first.label) == ("张三", "张三", 'IgA nephropathy, "old"')
    assert first.images[0].pixel_size.value == 0.25
    assert second.images[0].pixel_size == PixelSize(value=2.5, unit="nm", source="cohort.csv")


def test_excels_separator_hint_and_western_micro_sign(table):
    text = "sep=;\r\npatient_id;modality;path;pixel_size;pixel_unit\r\nP1;OM;images/a.jpg;0,5;\xb5m\r\n"
    cohort = table(text, "cp1252")
    assert cohort.problems == ()
    assert cohort.cases[0].images[0].pixel_size.um == 0.5


def test_windows_paths_and_composed_letters(table, tmp_path):
    (tmp_path / "images" / "e\u0301.jpg").write_bytes(b"x")
    cohort = table(
        f"{HEADER}\nP1,OM,images\\a.jpg\nP1,OM,images/\u00e9.jpg\nP1,TEM,{tmp_path / 'images/b.jpg'}\n"
    )
    assert cohort.problems == ()
    assert len(cohort.cases[0].images) == 3


def test_every_problem_at_once_with_its_row(table):
    cohort = table(
        "patient_id,case_id,modality,path,label,pixel_size,pixel_unit,magnification,intensity,page,biopsy_date,"
        "crop_top,crop_left,crop_height,crop_width,weather\n"
        "P1,B1,OM,images/a.jpg,IgAN,,,,,,,,,,,sun\n"  # 2: fine
        "P1,B1,OM,images/gone.jpg,,,,,,,,,,,,\n"
        "P1,B1,XYZ,images/b.jpg,,,,,,,,,,,,\n"
        "P1,B1,OM,images/a.jpg,,,,,,,,,,,,\n"
        "P2,B1,OM,images/b.jpg,,,,,,,,,,,,\n"
        "P1,B1,TEM,images/b.jpg,MN,many,nm,,,,,,,,,\n"
        "P2,B2,IM,images/b.jpg,,,,,,,,,,,,\n"
        "P3,,TEM,images/c.jpg,,-2,nm,big,9,,2024-02-30,,,,,\n"
        "P4,,TEM,images/图 1.tif,,2,parsec,,,,03/04/2024,,,,,\n"
        "P5,,OM,images/s.svs,,,,,,,,,,,,\n"
        ",,OM,images/a.jpg,,,,,,,,,,,,\n"
    )
    assert found(cohort) == [
        ("cohort_column_unknown", 1),
        ("image_missing", 3),
        ("modality_unknown", 4),
        ("image_twice", 5),
        ("case_two_patients", 6),
        ("number_unknown", 7),
        ("image_two_cases", 8),
        ("date_unknown", 9),
        ("number_unknown", 9),
        ("number_unknown", 9),
        ("number_unknown", 9),
        ("date_unknown", 10),
        ("pixel_unit_unknown", 10),
        ("image_format_unsupported", 11),
        ("cohort_value_missing", 12),
        ("case_two_labels", 7),
        ("case_without_images", 8),
        ("case_without_images", 11),
    ]
    images = {case.case_id: [image.path.name for image in case.images] for case in cohort.cases}
    assert images == {"B1": ["a.jpg", "b.jpg"], "B2": [], "P3": ["c.jpg"], "P4": ["图 1.tif"], "P5": []}
    assert cohort.cases[0].label is None
    assert cohort.class_names == ()
    in_cases = [notice for case in cohort.cases for notice in case.notices]
    assert set(in_cases) == {p for p in cohort.problems if p.row != 1 and p.code != "cohort_value_missing"}


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ("page=-1", "number_unknown"),
        ("page=1.5", "number_unknown"),
        ("crop_top=1", "crop_incomplete"),
        ("crop_top=1;crop_left=1;crop_height=-5;crop_width=5", "number_unknown"),
        ("crop_top=1;crop_left=1;crop_height=5;crop_width=", "crop_incomplete"),
    ],
)
def test_a_wrong_page_or_crop_leaves_the_image_out(table, cells, code):
    names, values = zip(*(cell.split("=") for cell in cells.split(";")), strict=True)
    cohort = table(f"{HEADER},{','.join(names)}\nP1,OM,images/a.jpg,{','.join(values)}\n")
    assert found(cohort) == [(code, 2), ("case_without_images", 2)]
    assert cohort.cases[0].images == ()


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ("magnification", "1e3", 1000),
        ("magnification", "１００", 100),
        ("magnification", "1_000", None),
        ("magnification", "nan", None),
        ("magnification", "1e999", None),
        ("magnification", '"1,000"', None),  # a thousand, or one?
        ("magnification", '"12,5"', 12.5),
        ("intensity", "neg", 0),
        ("intensity", "±", 0.5),
        ("intensity", "+++", 3),
        ("intensity", "2+", 2),
        ("intensity", "++++", None),
    ],
)
def test_numbers_as_people_write_them(table, column, text, value):
    cohort = table(f"{HEADER},{column}\nP1,IM,images/a.jpg,{text}\n")
    assert getattr(cohort.cases[0].images[0], column) == value
    assert found(cohort) == ([] if value is not None else [("number_unknown", 2)])


@pytest.mark.parametrize(
    "text", ["2024-03-05", "2024/3/5", "2024.03.05", "5.3.2024", "20240305", "2024年3月5日"]
)
def test_dates(table, text):
    cohort = table(
        f"{HEADER},biopsy_date\nP1,OM,images/a.jpg,{text} \nP1,OM,images/b.jpg,2024-03-05 00:00:00\n"
    )
    assert cohort.problems == ()
    assert cohort.cases[0].biopsy_date == dt.date(2024, 3, 5)


def test_pixel_sizes_that_cannot_be(table):
    cohort = table(f"{HEADER},pixel_size,pixel_unit\nP1,OM,images/a.jpg,250,um\nP1,OM,images/b.jpg,1,\n")
    assert found(cohort) == [("pixel_size_implausible", 2), ("pixel_unit_unknown", 3)]
    assert [image.stated_pixel_size for image in cohort.cases[0].images] == [None, None]


def test_several_crops_and_pages_of_one_file_are_several_images(table):
    cohort = table(
        f"{HEADER},page,crop_top,crop_left,crop_height,crop_width\n"
        "P1,OM,images/a.jpg,,0,0,50,50\nP1,OM,images/a.jpg,,50,0,50,50\nP1,OM,images/a.jpg,1,,,,\n"
    )
    assert cohort.problems == ()
    assert len(cohort.cases[0].images) == 3


def test_one_file_as_two_modalities(table):
    cohort = table(f"{HEADER}\nP1,OM,images/a.jpg\nP1,IM,images/a.jpg\nP1,WSI,images/a.jpg\n")
    assert found(cohort) == [("image_two_modalities", 3), ("image_two_modalities", 4)]


def test_two_dates_of_one_case(table):
    cohort = table(f"{HEADER},biopsy_date\nP1,OM,images/a.jpg,2024-01-01\nP1,OM,images/b.jpg,2024-01-02\n")
    assert found(cohort) == [("case_two_dates", 3)]
    assert cohort.cases[0].biopsy_date is None


def test_two_hospitals_of_one_case(table):
    cohort = table(f"{HEADER},hospital\nP1,OM,images/a.jpg,North\nP1,OM,images/b.jpg,South\n")
    assert found(cohort) == [("case_two_hospitals", 3)]
    assert cohort.cases[0].hospital is None


@pytest.mark.parametrize(
    ("source", "after"),
    [
        ("after model", True),
        ("AFTER_MODEL", True),
        ("pathologist; after seeing the model's opinion", True),
        ("board, model seen", True),
        ("model-assisted", True),
        ("AI", True),
        ("看过模型后修改", True),
        ("board", False),
        ("", False),
        ("before model", False),
        ("not after model", False),
        ("board, before the model's answer was seen", False),
        ("report after second biopsy", False),
    ],
)
def test_a_label_entered_after_seeing_a_model(table, source, after):
    cell = f'"{source}"'
    cohort = table(f"{HEADER},label,label_source\nP1,OM,images/a.jpg,A,{cell}\n")
    assert cohort.cases[0].labelled_after_model is after


def test_the_stain_is_guessed_only_without_a_column(table, tmp_path):
    (tmp_path / "images/IgA.jpg").write_bytes(b"x")
    assert table(f"{HEADER}\nP1,IM,images/IgA.jpg\n").cases[0].images[0].stain == "IgA"
    assert table(f"{HEADER},stain\nP1,IM,images/IgA.jpg,\n").cases[0].images[0].stain is None
    assert table(f"{HEADER},stain\nP1,IM,images/IgA.jpg,anti-X\n").cases[0].images[0].stain == "anti-X"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "cohort_empty"),
        (b"patient_id,modality,path\r\n,,\r\n", "cohort_empty"),
        (b"patient,modality,path\r\nP1,OM,a.jpg\r\n", "cohort_columns_missing"),
        (b"patient_id,path,modality,path\r\nP1,a.jpg,OM,b.jpg\r\n", "cohort_columns_repeated"),
        (b"PK\x03\x04 workbook", "cohort_unreadable"),
        (b"\x00\x01\x02\xff\xff\xff", "cohort_unreadable"),
        (b"patient_id,modality,path\n" + b'"' + b"x" * 200_000, "cohort_unreadable"),
    ],
)
def test_an_unusable_table_is_one_error(table, data, code):
    with pytest.raises(RenalFusionError) as caught:
        table(data)
    assert caught.value.code == code
    assert "cohort.csv" in str(caught.value)
    assert caught.value.remedy


def test_missing_table_and_folder(tmp_path):
    for path, code in ((tmp_path / "none.csv", "cohort_missing"), (tmp_path, "cohort_unreadable")):
        with pytest.raises(RenalFusionError) as caught:
            Cohort.from_csv(path)
        assert caught.value.code == code


@pytest.fixture
def cohort(tmp_path) -> Cohort:
    inside, outside = tmp_path / "data" / "图 1.tif", tmp_path / "b, c.jpg"
    for path in (inside, outside):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    images = (
        ImageItem(
            inside,
            Modality.OM,
            stain="PASM",
            magnification=400.0,
            page=2,
            stated_pixel_size=PixelSize(value=0.1 + 0.2, unit="um", source="cohort.csv"),
            crop=Box(-1.5, 0.0, 100.25, 1 / 3),
        ),
        ImageItem(outside, Modality.IM, stain="IgA", intensity=0.5, scanner="Leica, 2"),
    )
    case = Case(
        "B1",
        "患者, 1",
        images,
        dt.date(2024, 3, 5),
        label="IgA nephropathy",
        label_source="board, after model",
        hospital="第一医院",
    )
    return Cohort((case,), class_names=("IgA nephropathy",))


def test_a_written_table_reads_back_the_same(cohort, tmp_path):
    path = tmp_path / "data" / "cohort.csv"
    write_cohort_csv(cohort, path)
    read = Cohort.from_csv(path)
    assert read.cases == cohort.cases
    assert read.class_names == cohort.class_names
    assert read.problems == ()
    text = path.read_bytes()
    assert text.startswith(b"\xef\xbb\xbf")
    assert ",图 1.tif,".encode() in text


def test_a_failed_write_leaves_the_old_table_and_no_scraps(cohort, tmp_path, monkeypatch):
    path = tmp_path / "data" / "cohort.csv"
    path.write_text("old")

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RenalFusionError, match="No space left") as caught:
        write_cohort_csv(cohort, path)
    assert caught.value.code == "cohort_not_written"
    assert path.read_text() == "old"
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["cohort.csv", "图 1.tif"]
    with pytest.raises(RenalFusionError):
        write_cohort_csv(cohort, tmp_path / "nowhere" / "cohort.csv")


def test_pixels_without_a_file_are_not_written(tmp_path):
    item = ImageItem(Path("layer"), Modality.OM, pixels=np.zeros((40, 40), np.uint8))
    with pytest.raises(RenalFusionError) as caught:
        write_cohort_csv(Cohort((Case("c", "p", (item,)),)), tmp_path / "a.csv")
    assert caught.value.code == "cohort_image_unsaved"


def test_a_file_that_shows_one_glomerulus_cut_out_is_said_to(table, tmp_path):
    cohort = table(
        f"{HEADER},cut_out\nP1,OM,images/a.jpg,yes\nP1,OM,images/b.jpg,\nP2,OM,images/c.jpg,maybe\n"
    )
    assert [image.is_cut for case in cohort.cases for image in case.images][:2] == [True, False]
    assert found(cohort) == [("yes_or_no", 4)]
    write_cohort_csv(cohort, tmp_path / "again.csv")
    again = Cohort.from_csv(tmp_path / "again.csv")
    assert [image.is_cut for image in again.cases[0].images] == [True, False]


def test_what_a_person_said_of_a_legend_survives_the_table(tmp_path):
    images = []
    for number, rows in enumerate((None, 0, 7)):
        path = tmp_path / f"{number}.png"
        Image.fromarray(np.full((64, 64), 90, np.uint8)).save(path)
        images.append(ImageItem(path, Modality.TEM, legend=rows))
    write_cohort_csv(Cohort((Case("B1", "Ann", tuple(images)),)), tmp_path / "cohort.csv")
    (case,) = Cohort.from_csv(tmp_path / "cohort.csv").cases
    assert [image.legend for image in case.images] == [None, 0, 7]
