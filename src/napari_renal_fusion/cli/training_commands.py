"""The commands that check patients, train, and compare trainings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .console import Talk
from .options import (
    Debug,
    Json,
    Label,
    Modalities,
    Neoplastic,
    Outcome,
    Population,
    Slides,
    Splits,
    Task,
    Threads,
    TimeUnit,
    TimeZero,
)

app = typer.Typer()
cohort_app = typer.Typer(help="Patients to train on.", no_args_is_help=True)
app.add_typer(cohort_app, name="cohort")


@app.command()
def train(
    cohort: Annotated[Path | None, typer.Argument(help="Folder of cases or cohort.csv.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Run folder, with the bundle in its folder `bundle`; else among your runs."),
    ] = None,
    phantoms: Annotated[int, typer.Option(min=0, help="Train on this many synthetic patients instead.")] = 0,
    difficulty: Annotated[float, typer.Option(min=0, max=1, help="How hard the phantoms are.")] = 0.2,
    preset: Annotated[
        str, typer.Option(help="paper, small, panel or demo; small, or demo with --phantoms.")
    ] = "",
    seed: Annotated[int, typer.Option(min=0, help="Decides every random draw.")] = 0,
    epochs: Annotated[int, typer.Option(min=0, help="Epochs; 0 keeps the preset's number.")] = 0,
    folds: Annotated[int | None, typer.Option(min=0, help="Folds; 0 trains one model only.")] = None,
    repeats: Annotated[int | None, typer.Option(min=1, help="How often the folds are drawn anew.")] = None,
    test_fraction: Annotated[
        float | None, typer.Option(help="Share of patients kept as an independent test set.")
    ] = None,
    final: Annotated[str | None, typer.Option(help="ensemble, refit or none.")] = None,
    encoder_weights: Annotated[
        str | None, typer.Option(help="random, a bundle, or a .safetensors file of timm weights.")
    ] = None,
    folds_from: Annotated[Path | None, typer.Option(help="folds.json of another run.")] = None,
    subset: Annotated[
        list[str] | None, typer.Option(help="A further model for missing images, such as OM+IM; repeatable.")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="Any other field, such as batch=8; repeatable.")
    ] = None,
    modalities: Modalities = "",
    slides: Slides = None,
    splits: Splits = "",
    task: Task = "survival",
    label: Label = "label",
    outcome: Outcome = "",
    population: Population = "",
    time_zero: TimeZero = "",
    time_unit: TimeUnit = "months",
    neoplastic: Neoplastic = None,
    threads: Threads = 0,
    json_: Json = False,
    debug: Debug = False,
) -> None:
    """Train a bundle on a cohort, on phantoms, or (preset healnet) on a table of omics and slides.

    The same command goes on where it was stopped.
    """
    if preset == "healnet" or modalities or slides:
        from .train_healnet import run_train_healnet, survival_fields

        changes = {"seed": seed, "epochs": epochs or None, "folds": folds, "final": final, "task": task}
        changes |= survival_fields(task, label, outcome, population, time_zero, time_unit, neoplastic)
        run_train_healnet(
            Talk(json_),
            cohort,
            out,
            modalities=modalities,
            slides=slides,
            splits=splits,
            folds_from=folds_from,
            encoder_weights=encoder_weights,
            changes={name: value for name, value in changes.items() if value is not None},
            settings=set_ or (),
            threads=threads,
        )
        return
    from .train import run_train

    given = {
        "seed": seed,
        "epochs": epochs or None,
        "folds": folds,
        "repeats": repeats,
        "test_fraction": test_fraction,
        "final": final or ("refit" if folds == 0 else None),
        "encoder_weights": encoder_weights,
    }
    run_train(
        Talk(json_),
        cohort,
        out,
        phantoms=phantoms,
        difficulty=difficulty,
        preset_name=preset,
        changes={name: value for name, value in given.items() if value is not None},
        settings=set_ or (),
        subsets=subset or (),
        folds_from=folds_from,
        threads=threads,
    )


@app.command()
def resume(
    run: Annotated[Path, typer.Argument(help="Folder of a run.")],
    threads: Threads = 0,
    json_: Json = False,
    debug: Debug = False,
) -> None:
    """Go on with a run that was stopped, killed or failed; at most its current epoch is done again."""
    from .train import run_resume

    run_resume(Talk(json_), run, threads)


@app.command()
def runs(
    root: Annotated[Path | None, typer.Argument(help="Folder with run folders; else your own runs.")] = None,
    json_: Json = False,
    debug: Debug = False,
) -> None:
    """List trainings with their state and figures, and in what their configurations differ."""
    from .runs import run_runs

    run_runs(Talk(json_), root)


@app.command("run-report")
def run_report_(
    run: Annotated[Path, typer.Argument(help="Folder of a finished training run.")],
    out: Annotated[Path, typer.Option(help="Folder for report.html, the CSV tables and the figures.")],
    json_: Json = False,
    debug: Debug = False,
) -> None:
    """Write the figures of a training run as one self-contained HTML file, CSV tables and PNG pictures."""
    from .run_report import run_run_report

    run_run_report(Talk(json_), run, out)


@app.command()
def study(
    name: Annotated[
        str,
        typer.Argument(help="ablation, full-ablation, modalities, panel, encoders or missing-modalities."),
    ],
    cohort: Annotated[Path | None, typer.Argument(help="Folder of cases or cohort.csv.")] = None,
    out: Annotated[Path, typer.Option(help="Folder of the study: its runs, table and figure.")] = Path(
        "study"
    ),
    phantoms: Annotated[int, typer.Option(min=0, help="Use this many synthetic patients instead.")] = 0,
    difficulty: Annotated[float, typer.Option(min=0, max=1, help="How hard the phantoms are.")] = 0.5,
    staging: Annotated[
        bool, typer.Option("--staging", help="Phantoms of membranous nephropathy, labelled by stage.")
    ] = False,
    preset: Annotated[str, typer.Option(help="paper, small, panel or demo.")] = "small",
    seed: Annotated[int, typer.Option(min=0, help="Decides every random draw.")] = 0,
    epochs: Annotated[int, typer.Option(min=0, help="Epochs; 0 keeps the preset's number.")] = 0,
    folds: Annotated[int, typer.Option(min=0, help="Folds; 0 keeps the preset's number.")] = 0,
    encoder_weights: Annotated[
        list[str] | None,
        typer.Option(help="random, a bundle, or a .safetensors file; repeat it for the study of encoders."),
    ] = None,
    folds_from: Annotated[Path | None, typer.Option(help="folds.json of another run.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="Any other field, such as batch=8; repeatable.")
    ] = None,
    modalities: Modalities = "",
    slides: Slides = None,
    splits: Splits = "",
    task: Task = "survival",
    label: Label = "label",
    outcome: Outcome = "",
    population: Population = "",
    time_zero: TimeZero = "",
    time_unit: TimeUnit = "months",
    neoplastic: Neoplastic = None,
    threads: Threads = 0,
    json_: Json = False,
    debug: Debug = False,
) -> None:
    """Compare trainings on the same folds, as the paper's tables do; the same command goes on where it was.

    missing-modalities asks the models of a HEALNet run (or of one that it trains) with modalities left out.
    """
    if name == "missing-modalities":
        from .study_healnet import run_missing_modalities
        from .train_healnet import survival_fields

        changes = {"seed": seed, "epochs": epochs or None, "folds": folds or None, "task": task}
        changes |= survival_fields(task, label, outcome, population, time_zero, time_unit, neoplastic)
        run_missing_modalities(
            Talk(json_),
            cohort,
            out,
            modalities=modalities,
            slides=slides,
            splits=splits,
            folds_from=folds_from,
            encoder_weights=(encoder_weights or [None])[0],
            changes={field: value for field, value in changes.items() if value is not None},
            settings=set_ or (),
            threads=threads,
        )
        return
    from .study import run_study_command

    given = {"seed": seed, "epochs": epochs or None, "folds": folds or None, "threads": threads or None}
    run_study_command(
        Talk(json_),
        name,
        cohort,
        out,
        phantoms=phantoms,
        difficulty=difficulty,
        staging=staging,
        preset_name=preset,
        changes={field: value for field, value in given.items() if value is not None},
        settings=set_ or (),
        weights=tuple(encoder_weights or ()),
        folds_from=folds_from,
    )


@cohort_app.command("check")
def cohort_check(
    cohort: Annotated[Path, typer.Argument(help="Folder of cases or cohort.csv.")],
    preset: Annotated[
        str, typer.Option(help="Training that is meant: paper, small, panel or demo.")
    ] = "small",
    folds: Annotated[int, typer.Option(min=-1, help="Folds; -1 keeps the preset's number.")] = -1,
    encoder_weights: Annotated[
        str, typer.Option(help="random, a bundle, or a .safetensors file; empty keeps the preset's.")
    ] = "",
    class_: Annotated[
        list[str] | None, typer.Option("--class", help="A label that may occur; repeat it for each class.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Also write the table, as .html or .csv.")] = None,
    json_: Json = False,
    debug: Debug = False,
) -> None:
    """Check patients before training: classes, copies, leaks, labels, shortcuts; exit status 1 on errors."""
    from .cohort import run_cohort_check

    if not run_cohort_check(
        Talk(json_),
        cohort,
        preset_name=preset,
        folds=folds,
        encoder_weights=encoder_weights,
        class_names=tuple(class_ or ()),
        out=out,
    ):
        raise typer.Exit(1)
