"""The example and the figures of docs/statistics.md."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "statistics.md"


def test_the_example_runs_and_prints_figures_that_make_sense(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.S)
    exec(code, {})
    auc, covered, test = capsys.readouterr().out.splitlines()
    value, low, high = map(float, re.findall(r"\d\.\d+", auc))
    assert 0.9 < low <= value <= high <= 1
    assert 80 <= int(covered.split("%")[0]) <= 100
    assert test.startswith("p = 0.")
