"""The example in the documentation runs."""

import re
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"


def test_the_python_example_runs(phantom_case_folder, capsys):
    (code,) = re.findall(r"```python\n(.*?)```", (DOCS / "python.md").read_text(), flags=re.S)
    exec(code, {"folder": phantom_case_folder})
    assert "counted" in capsys.readouterr().out


def test_every_link_and_picture_exists():
    for page in [*DOCS.glob("*.md"), DOCS.parent / "README.md"]:
        for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} points to {target}, which does not exist"
