"""The examples in the documentation run, and its links lead somewhere."""

import re
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"
SAMPLE = DOCS.parent / "src" / "napari_renal_fusion" / "sample_data" / "cohort"


def test_the_python_examples_run(phantom_case_folder, capsys):
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / "python.md").read_text(), flags=re.S)
    names = {"folder": phantom_case_folder, "table": SAMPLE / "cohort.csv"}
    for code in blocks:
        exec(code, names)
    printed = capsys.readouterr().out
    assert "counted" in printed
    assert "AUC" in printed


def test_every_link_and_picture_exists():
    for page in [*DOCS.glob("*.md"), DOCS.parent / "README.md"]:
        for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} points to {target}, which does not exist"
