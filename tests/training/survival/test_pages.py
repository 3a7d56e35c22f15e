"""The examples of docs/survival.md and docs/omics.md."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[3] / "docs"


def run(name, capsys, **names):
    (code,) = re.findall(r"```python\n(.*?)```", (DOCS / name).read_text(), flags=re.S)
    exec(code, names)
    return capsys.readouterr().out.splitlines()


def test_the_example_of_survival_prints_figures_that_make_sense(capsys):
    index, test, brier = run("survival.md", capsys)
    value, low, high = map(float, re.findall(r"\d\.\d+", index))
    assert 0.5 < low < value < high <= 1
    assert re.fullmatch(r"log-rank p (<|=) 0\.\d{3}", test)
    assert 0.1 < float(brier.split()[-1]) < 0.3


def test_the_example_of_omics_reads_a_table(capsys, tmp_path):
    rows = ["case_id,age,is_female,A_rnaseq,B_rnaseq,survival_months,censorship"]
    rows += [f"P{i},{50 + i},{i % 2},{i},{i * i},{i + 1},{i % 2}" for i in range(5)]
    path = tmp_path / "table.csv"
    path.write_text("\n".join(rows) + "\n")
    printed = run("omics.md", capsys, path=path)
    assert printed[0] == "Columns survival_months, censorship belong to no modality."
    assert printed[-1] == "5 patients, 3 events, 2 values"
