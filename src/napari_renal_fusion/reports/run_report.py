"""The report of a training run: one HTML file that needs nothing else, its tables as CSV, its figures as PNG."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..compute.atomic import write_bytes, write_text
from ..compute.progress import Progress
from ..errors import RenalFusionError
from ..figures import class_label, class_letters, percent, to_svg
from ..figures.captioned import RUN_RESEARCH, captioned
from ..figures.charts import fold_title, mean_sd
from ..figures.fold_metrics import metric_title
from ..training.healnet.results import SurvivalResults
from ..training.results import Results
from .exhibits import data_address
from .pictures import encode_png
from .privacy import Scrubber
from .run_cases import VERDICT_TITLES, CaseLine, case_lines
from .run_figures import RunFigure, run_figures
from .run_tables import cases_csv, epochs_csv, metrics_table, results_csv
from .survival_run import survival_summary

if TYPE_CHECKING:
    from ..training.run import Run

REPORT, RESULTS_CSV, CASES_CSV, EPOCHS_CSV, FIGURES = (
    "report.html", "results.csv", "cases.csv", "epochs.csv", "figures",
)  # fmt: skip
PARTS = ("report", "tables", "figures")
"""What can be written: the HTML report, the CSV tables, the figures as PNG."""

_WIDTH = 720


def write_run_report(
    run: Run,
    folder: Path | str,
    *,
    parts: tuple[str, ...] = PARTS,
    progress: Progress | None = None,
) -> list[Path]:
    """Write ``report.html``, ``results.csv``, ``cases.csv``, ``epochs.csv`` and ``figures/*.png`` into ``folder``.

    ``parts`` chooses among :data:`PARTS`. Patients stand under their case ids, never under names, patient
    ids or files.

    Raises
    ------
    RenalFusionError
        ``run_unfinished``: there are no figures yet. Or the folder cannot be written.
    """
    folder, progress = Path(folder), progress or Progress()
    results = finished_results(run)
    epochs = run.epochs()
    figures = run_figures(results, epochs)
    writers: list[tuple[Path, Callable[[Path], None]]] = []
    if "tables" in parts:
        writers += [
            (folder / RESULTS_CSV, lambda path: write_text(path, results_csv(results))),
            (folder / CASES_CSV, lambda path: write_text(path, cases_csv(results))),
            (folder / EPOCHS_CSV, lambda path: write_text(path, epochs_csv(epochs))),
        ]
    if "figures" in parts:
        writers += [
            (folder / FIGURES / f"{key}.png", lambda path, one=one: write_bytes(path, run_figure_png(one)))
            for key, one in figures.items()
        ]
    if "report" in parts:
        writers.append(
            (folder / REPORT, lambda path: write_text(path, render_run_report(run, results, figures)))
        )
    for done, (path, writer) in enumerate(writers):
        progress.update(done / len(writers), f"Writing {path.name}")
        writer(path)
    progress.update(1.0, "Written")
    return [path for path, _ in writers]


def finished_results(run: Run) -> Results:
    """The figures of a finished run.

    Raises
    ------
    RenalFusionError
        ``run_unfinished``.
    """
    results = run.results
    if results is None:
        raise RenalFusionError(
            "run_unfinished",
            f"The run {run.name} is {run.state} and has no figures yet",
            path=run.folder,
            remedy=f"Let it finish, or go on with `renal-fusion resume {run.name}`.",
        )
    return results


def render_run_report(run: Run, results: Results, figures: dict[str, RunFigure]) -> str:
    """The report as HTML text."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("napari_renal_fusion.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("run_report.html.j2").render(_content(run, results, figures))


def _content(run: Run, results: Results, figures: dict[str, RunFigure]) -> dict[str, Any]:
    scrub = Scrubber()
    lines = case_lines(results)
    head, *rows = metrics_table(results)
    remarkable = [line for line in lines if line.verdict != "right"]
    remarkable.sort(key=lambda line: (line.verdict, -line.probability))
    return {
        "research": RUN_RESEARCH,
        "title": run.config.title,
        "name": scrub.text(run.name),
        "summary": summary(results),
        "notes": [scrub.text(note) for note in results.notes],
        "figures": [
            {
                "key": one.key,
                "title": one.title,
                "caption": one.caption,
                "alt": one.alt,
                "source": data_address(to_svg(one.draw(_WIDTH, False)), "image/svg+xml"),
            }
            for one in figures.values()
        ],
        "metrics_head": [head[0], *(fold_title(unit) for unit in head[3:])],
        "metrics_rows": [[row[0], *row[3:]] for row in rows] if len(results.folds) > 1 else [],
        "cases": [_case(line, results) for line in remarkable],
        "letters": ", ".join(
            f"{letter} {class_label(results.class_names, c)}"
            for c, letter in enumerate(class_letters(results.class_names))
        ),
        "case_count": len(lines),
        "test_rows": _test_rows(results),
        "provenance": _provenance(run, results, scrub),
    }


def summary(results: Results) -> list[str]:
    """A few sentences that say what the figures are, the most important first."""
    if isinstance(results, SurvivalResults):
        return survival_summary(results)
    lines = case_lines(results)
    said = []
    if lines:
        right, answered = (
            sum(one.agrees for one in lines),
            [one for one in lines if one.verdict != "no_opinion"],
        )
        said.append(
            f"{right} of {len(lines)} cases were answered with the right class by a model that never saw them."
        )
        if len(answered) < len(lines):
            hits = sum(one.verdict == "right" for one in answered)
            said.append(
                f"Where it may abstain: {hits} right, {len(answered) - hits} wrong, {len(lines) - len(answered)} without an opinion."
            )
    if results.coverage is not None:
        size = "" if results.set_size is None else f" and hold {results.set_size:.2f} classes on average"
        said.append(
            f"Sets of classes contain the right one in {100 * results.coverage:.1f} % (asked: {100 * results.coverage_asked:.0f} %){size}."
        )
    if results.false_refusals is not None:
        said.append(
            f"{100 * results.false_refusals:.1f} % of known patients are refused as fitting none of the classes."
        )
    if results.false_accepts:
        worst = max(results.false_accepts, key=results.false_accepts.__getitem__)
        said.append(
            f"Of a disease left out of the training, at most {100 * results.false_accepts[worst]:.1f} % are taken for a known one ({worst})."
        )
    if results.test:
        said.append(
            f"Independent test set of {len(results.test_cases)} cases: {_main_figures(results.test, {})}."
        )
    for other in results.subsets.values():
        titles = " and ".join(modality.title for modality in other.modalities)
        # A model of its own has units of its own; a network of the whole panel was only asked otherwise.
        own = any("/" in fold.unit for fold in other.folds)
        who = f"The model for {titles} alone" if own else f"The same model asked with {titles} alone"
        said.append(f"{who}: {_main_figures(other.mean, other.sd)}.")
    return said


def _main_figures(mean: Mapping[str, float], sd: Mapping[str, float]) -> str:
    names = [one for one in (("auc", "AUC"), ("accuracy", "accuracy")) if one[0] in mean]
    return ", ".join(f"{title} {mean_sd(mean[name], sd.get(name))} %" for name, title in names)


def case_answer(line: CaseLine, names: tuple[str, ...]) -> str:
    """The answer of one case in words, with its probability."""
    return f"{class_label(names, line.answered)}, {percent(line.probability)}"


def _case(line: CaseLine, results: Results) -> dict[str, str]:
    names = results.class_names
    letters = class_letters(names)
    kept = "–" if line.conformal is None else " ".join(letters[c] for c in line.conformal) or "none"
    return {
        "case_id": line.case_id,
        "true": class_label(names, line.true),
        "answer": case_answer(line, names),
        "verdict": VERDICT_TITLES[line.verdict] + (f": {line.reason}" if line.reason else ""),
        "set": kept,
        "fold": fold_title(line.unit).removeprefix("Fold "),
    }


def _test_rows(results: Results) -> list[tuple[str, str]]:
    if not results.test:
        return []
    rows = [(metric_title(name), f"{100 * value:.1f} %") for name, value in results.test.items()]
    return [("Cases", str(len(results.test_cases))), *rows]


def _provenance(run: Run, results: Results, scrub: Scrubber) -> list[tuple[str, str]]:
    info, config = run.info, run.config
    labels = [one.label for one in results.cases]
    names = results.class_names or ("censored", "with the event")
    counts = ", ".join(f"{class_label(names, c)} {labels.count(c)}" for c in range(len(names)))
    return [
        ("Program", f"napari-renal-fusion {info.program_version}"),
        ("Made on", info.made_on),
        ("Patients", f"{info.patients} patients, {info.cases} cases"),
        ("Cases by class", counts),
        ("Reads", " + ".join(_modality_titles(run, results))),
        ("Preset", config.preset),
        ("Folds", f"{config.folds}, kept together: {config.group_by}"),
        ("Encoder weights", scrub.text(info.encoder_weights)),
        ("Seed", str(config.seed)),
        ("Command", scrub.text(info.command) or "–"),
    ]


def _modality_titles(run: Run, results: Results) -> list[str]:
    """Kinds of images, or the names of the modalities of a run on slides and omics."""
    named = getattr(run.config, "kind", "") == "healnet"
    return list(run.config.names) if named else [modality.title for modality in results.modalities]


def run_figure_png(one: RunFigure) -> bytes:
    """A figure of a run as a PNG that stands alone: with its title, its sentence and "research use only" inside."""
    return encode_png(captioned(one.draw(_WIDTH, False), one.title, (one.caption,), research=RUN_RESEARCH))
