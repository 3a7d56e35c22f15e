"""Tables of omics: as Excel, R and TCGA write them, and every way in which they can be wrong."""

import zipfile

import numpy as np
import pytest

from napari_renal_fusion.cases import (
    Case,
    Cohort,
    open_cases,
    read_omics_table,
    survival_outcomes,
    with_omics,
)
from napari_renal_fusion.cases.omics import read_omics_row
from napari_renal_fusion.errors import RenalFusionError

TEXT = """,case_id,slide_id,age,survival_months,censorship,TP53_rnaseq,VHL_rnaseq,VHL_mut
0,P1,a.svs,53,7.03,1,-0.5,1.25,1
1,P2,b.svs,71,75.5,0,0.25,,0
2,P1,c.svs,53.0,7.03,1,-0.50,1.25,1
3,P3,d.svs,,NA,,3,2e-1,NA
"""


@pytest.fixture
def write(tmp_path):
    def write(text, name="omics table.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return write


def refusal(call, *args, **how):
    with pytest.raises(RenalFusionError) as caught:
        call(*args, **how)
    assert "\n" not in str(caught.value)
    assert caught.value.remedy
    return caught.value.code, str(caught.value)


def check(table):
    assert table.patients == ("P1", "P2", "P3")
    assert set(table.blocks) == {"rnaseq", "mut"}
    rna = table.blocks["rnaseq"]
    assert rna.columns == ("TP53_rnaseq", "VHL_rnaseq")
    assert rna.values.dtype == np.float32
    np.testing.assert_array_equal(rna.values, np.float32([[-0.5, 1.25], [0.25, np.nan], [3, 0.2]]))
    np.testing.assert_array_equal(table.blocks["mut"].present, [True, True, False])


def test_rows_of_one_patient_become_one_and_columns_find_their_modality(write):
    table = read_omics_table(write(TEXT))
    check(table)
    assert table.other["slide_id"] == ("a.svs; c.svs", "b.svs", "d.svs")
    codes = [problem.code for problem in table.problems]
    assert codes == ["omics_modality_missing", "omics_columns_ungrouped"]
    assert "Row 5: patient P3 has no value of mut" in table.problems[0].message


def test_the_row_of_a_patient_holds_every_number(write):
    row = read_omics_table(write(TEXT)).row("P2")
    assert row.blocks["rnaseq"] == {"TP53_rnaseq": 0.25}
    assert row.blocks["mut"] == {"VHL_mut": 0.0}
    assert row.blocks[""] == {"age": 71.0, "survival_months": 75.5, "censorship": 0.0}
    with pytest.raises(KeyError):
        read_omics_table(write(TEXT)).row("P9")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.replace("P1", "病人1").encode("gb18030"),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace(".", "§").replace(",", ";").replace("§", ",").encode(),
        lambda text: ("sep=;\r\n" + text.replace(",", ";")).encode(),
        lambda text: text.replace(",", "\t").encode(),
        lambda text: text.rstrip("\n").encode(),
    ],
)
def test_tables_as_programs_write_them(write, change):
    data = change(TEXT)
    if b";" in data[:20] and b"sep" not in data:
        data = data.replace(b"a,svs", b"a.svs")
    table = read_omics_table(write(data))
    if table.patients[0] == "P1":
        check(table)
    else:
        assert table.patients[0] == "病人1"


def test_a_zip_whose_file_has_any_name_is_read_as_tcga_has_it(tmp_path):
    path = tmp_path / "tcga_clean.csv.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("./tcga_clean.csv.zip", TEXT)
        archive.writestr("__MACOSX/._x", b"\0\0")
    check(read_omics_table(path))
    path.write_bytes(path.read_bytes()[:-200])
    assert refusal(read_omics_table, path)[0] == "omics_unreadable"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", TEXT)
        archive.writestr("b.csv", TEXT)
    code, text = refusal(read_omics_table, path)
    assert (code, "2 files" in text) == ("omics_unreadable", True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "x")
        archive.writestr("xl/workbook.xml", "x")
    assert "Excel workbook" in refusal(read_omics_table, path)[1]


def test_groups_may_be_endings_beginnings_and_columns(write):
    path = write(TEXT)
    table = read_omics_table(path, groups={"rna": "_rnaseq", "clinical": ("age", "VHL_mut")})
    assert {name: block.columns for name, block in table.blocks.items()} == {
        "rna": ("TP53_rnaseq", "VHL_rnaseq"),
        "clinical": ("age", "VHL_mut"),
    }
    assert np.isnan(table.blocks["clinical"].values[2]).all()
    assert read_omics_table(path, groups={"p53": "TP53_"}).blocks["p53"].columns == ("TP53_rnaseq",)
    assert refusal(read_omics_table, path, groups={"protein": "_rppa"})[0] == "omics_group_empty"
    assert refusal(read_omics_table, path, groups={"a": "_mut", "b": "VHL_"})[0] == "omics_column_twice"
    assert refusal(read_omics_table, path, key="barcode")[0] == "omics_key_missing"
    assert read_omics_table(path, key="slide_id").patients == ("a.svs", "b.svs", "c.svs", "d.svs")


BAD = {
    "text among numbers": (
        TEXT.replace("0.25,,0", "high,,0"),
        "omics_number_unknown",
        ("Row 3", "TP53_rnaseq", "'high'"),
    ),
    "a number too large": (
        TEXT.replace("0.25,,0", "1e300,,0"),
        "omics_number_unknown",
        ("Row 3", "too large"),
    ),
    "infinity": (TEXT.replace("0.25,,0", "inf,,0"), "omics_number_unknown", ("Row 3", "'inf'")),
    "a thousand or one": (
        TEXT.replace("0.25,,0", '"1,000",,0'),
        "omics_number_unknown",
        ("Row 3", "thousand"),
    ),
    "differing rows of a patient": (
        TEXT.replace("-0.50", "-0.51"),
        "omics_duplicate_differs",
        ("row 2", "row 4", "P1", "TP53_rnaseq"),
    ),
    "differing ages of a patient": (
        TEXT.replace("53.0", "54"),
        "omics_duplicate_differs",
        ("age", "53", "54"),
    ),
    "no patient": (TEXT.replace("1,P2", "1,"), "omics_key_empty", ("Row 3", "case_id")),
    "nothing known": (TEXT.replace("_rnaseq", "").replace("_mut", "2"), "omics_no_groups", ("_rnaseq",)),
    "transposed": ("gene,TCGA-1,TCGA-2\nTP53,1,2\n", "omics_key_missing", ("transpose",)),
    "all NaN": (
        TEXT.replace(",1\n", ",\n").replace(",0\n", ",NaN\n"),
        "omics_block_empty",
        ("has a value of mut",),
    ),
    "a column twice": (
        TEXT.replace("VHL_rnaseq", "TP53_rnaseq"),
        "omics_columns_repeated",
        ("TP53_rnaseq", "7, 8"),
    ),
    "a separator in a cell": (TEXT.replace("b.svs", "b,svs"), "omics_row_long", ("Row 3",)),
    "cut off": (TEXT[: TEXT.index("2e-1")], "omics_truncated", ("row 5",)),
    "header only": (TEXT.split("\n")[0] + "\n", "omics_empty", ()),
    "empty": ("", "omics_empty", ()),
    "not text": (b"\xff\x00\x81\x00\xff", "omics_unreadable", ()),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_tables_are_refused_with_row_and_column(kind, write):
    content, code, said = BAD[kind]
    found, text = refusal(read_omics_table, write(content))
    assert found == code
    assert all(one in text for one in said), text


def test_a_missing_file_is_named(tmp_path):
    code, text = refusal(read_omics_table, tmp_path / "nothing.csv")
    assert (code, "nothing.csv" in text) == ("omics_missing", True)


def test_empty_columns_and_short_rows_are_told(write):
    table = read_omics_table(
        write(TEXT.replace("1.25", "").replace("2e-1", "").replace(",0.25,,0\n", ",0.25\n"))
    )
    told = {problem.code: problem.message for problem in table.problems}
    assert told["omics_column_empty"] == "Column VHL_rnaseq of rnaseq has no value in any row."
    assert told["omics_row_short"].startswith("Row 3 has 7 of 9 cells")
    assert np.isnan(table.blocks["mut"].values[1, 0])


def test_outcomes(write):
    outcomes = survival_outcomes(read_omics_table(write(TEXT)))
    assert {name: (one.time, one.event) for name, one in outcomes.items()} == {
        "P1": (7.03, False),
        "P2": (75.5, True),
    }
    bad = read_omics_table(write(TEXT.replace("75.5,0", "75.5,2")))
    code, text = refusal(survival_outcomes, bad)
    assert (code, "P2" in text, "'2'" in text) == ("survival_censoring_wrong", True, True)
    bad = read_omics_table(write(TEXT.replace("75.5,0", "-1,0")))
    assert refusal(survival_outcomes, bad)[0] == "survival_time_wrong"
    bad = read_omics_table(write(TEXT.replace("75.5,0", ",0")))
    assert "is empty" in refusal(survival_outcomes, bad)[1]
    assert refusal(survival_outcomes, bad, time="days")[0] == "survival_column_missing"


def test_a_case_folder_holds_its_row(tmp_path):
    folder = tmp_path / "P7"
    folder.mkdir()
    (folder / "omics.csv").write_text("age;TP53_rnaseq\n61;0,5\n")
    case = Case.from_folder(folder)
    assert case.omics.patient_id == "P7"
    assert case.omics.blocks == {"rnaseq": {"TP53_rnaseq": 0.5}, "": {"age": 61.0}}
    (folder / "omics.csv").write_text("patient_id,TP53_rnaseq\nP6,0\nP7,1\n")
    assert Case.from_folder(folder).omics.blocks["rnaseq"] == {"TP53_rnaseq": 1.0}
    (folder / "omics.csv").write_text("age,TP53_rnaseq\n61,0\n62,1\n")
    (cohort,) = [open_cases(folder)]
    assert cohort.cases[0].omics is None
    assert [problem.code for problem in cohort.problems] == ["omics_patient_missing", "case_folder_empty"]
    (folder / "omics.csv").write_text("patient_id,TP53_rnaseq\nP6,0\nP5,1\n")
    assert refusal(read_omics_row, folder / "omics.csv", "P7")[0] == "omics_patient_missing"


def test_a_cohort_is_given_its_rows(write):
    table = read_omics_table(write(TEXT))
    cohort = Cohort((Case("c1", "P2"), Case("P3", "x"), Case("c3", "nobody")))
    given = with_omics(cohort, table)
    assert [case.omics and case.omics.patient_id for case in given.cases] == ["P2", "P3", None]
    assert given.problems[-1].message.endswith("has no row of c3.")
    assert given.problems[-1].severity == "info"
    assert with_omics(Cohort((Case("a", "b"),)), table).problems[-1].severity == "error"


def test_a_table_may_be_asked_for_no_modality_at_all(tmp_path):
    path = tmp_path / "clinical.csv"
    path.write_text("patient_id,age,slide_id\nA,61,a1\nB,48,b1\n", encoding="utf-8")
    table = read_omics_table(path, groups={})
    assert (table.patients, dict(table.blocks)) == (("A", "B"), {})
    assert table.row("A").blocks == {"": {"age": 61.0}}
