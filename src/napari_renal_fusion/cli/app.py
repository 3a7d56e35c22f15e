"""The commands of ``renal-fusion``, their options, and how errors end them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ..compute import intended_use
from ..compute.progress import Cancelled
from .console import Talk, as_renal_error, complain

app = typer.Typer(
    help="A second reader for renal biopsies. Research use only.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
bundle_app = typer.Typer(help="Trained models on disk.", no_args_is_help=True)
app.add_typer(bundle_app, name="bundle")
cohort_app = typer.Typer(help="Patients to train on.", no_args_is_help=True)
app.add_typer(cohort_app, name="cohort")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of sentences.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Device = Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")]
Threads = Annotated[int, typer.Option(min=0, help="Processor threads; 0 uses every core.")]
BundleName = Annotated[str, typer.Option("--bundle", help="Name, folder or .zip of a bundle.")]
# What a HEALNet on omics and slides is asked for; docs/healnet.md has the commands.
Modalities = Annotated[
    str, typer.Option(help="HEALNet: rnaseq,mut or omics=rnaseq+mut+age; @features: one token a column.")
]
Slides = Annotated[
    Path | None, typer.Option(help="HEALNet: folder or table of slides or feature files.", show_default=False)
]
Splits = Annotated[str, typer.Option(help="HEALNet: given folds, 'PATH/splits_*.csv' with train and val.")]
Task = Annotated[str, typer.Option(help="HEALNet: survival or classification.")]
Label = Annotated[str, typer.Option(help="HEALNet: column of the class.")]
Outcome = Annotated[str, typer.Option(help="HEALNet: what the time runs to, 'death of any cause'.")]
Population = Annotated[str, typer.Option(help="HEALNet: who the patients are.")]
TimeZero = Annotated[str, typer.Option(help="HEALNet: from when time is counted, 'diagnosis'.")]
TimeUnit = Annotated[str, typer.Option(help="HEALNet: days, weeks, months or years.")]
Neoplastic = Annotated[
    bool | None, typer.Option("--tumour/--no-tumour", help="HEALNet: whether these patients have a tumour.")
]


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the prediction, overlays and report.")] = Path(
        "renal-fusion-demo"
    ),
    window: Annotated[bool, typer.Option(help="Open the workspace if there is a display.")] = True,
    device: Device = "auto",
    json_: Json = False,
    debug: Debug = False,
) -> None:
    """Run the main job on the synthetic sample patient and write everything to --out."""
    from .demo import run_demo

    run_demo(Talk(json_), out, window=window, device=device)


@app.command("open")
def open_(
    path: Annotated[Path | None, typer.Argument(help="Case folder, folder of cases or cohort.csv.")] = None,
    debug: Debug = False,
) -> None:
    """Open the workspace in napari."""
    from .window import open_window

    open_window(path)


@app.command()
def sort(
    paths: Annotated[list[Path], typer.Argument(help="Folder of one biopsy, or its image files.")],
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Correct a file: FILE=IM:IgA, FILE=OM:PASM, FILE=TEM, FILE=- (leave out); repeatable.",
        ),
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Take it over: write case code, key and record.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="With --accept: also write a cohort.csv here.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="List every file, not only the doubtful ones.")] = False,
    key_beside: Annotated[
        bool, typer.Option(help="Keep the key file with the originals, or among this program's settings.")
    ] = True,
    json_: Json = False,
    debug: Debug = False,
) -> None:
    """Say what each file of a messy folder is: biopsy, modality, stain, magnification. Originals stay as they are."""
    from .sort import run_sort

    run_sort(Talk(json_), paths, settings=set_ or (), take=accept, out=out, all_files=all_, beside=key_beside)


@app.command()
def predict(
    cases: Annotated[Path, typer.Argument(help="Case folder, folder of cases or cohort.csv.")],
    out: Annotated[Path, typer.Option(help="Folder for the answers.")],
    bundle: BundleName = "demo",
    device: Device = "auto",
    threads: Threads = 0,
    method: Annotated[
        str,
        typer.Option(
            help="gradcam, gradcam++, layercam, eigencam, hirescam, or attention (whole-panel models)."
        ),
    ] = "gradcam",
    tumour: Annotated[
        bool | None, typer.Option("--tumour/--no-tumour", help="Say whether these cases are tumours.")
    ] = None,
    json_: Json = False,
    debug: Debug = False,
) -> None:
    """Ask a bundle about one case or a whole cohort; a bad case does not stop the others."""
    from .predict import run_predict

    if not run_predict(
        Talk(json_), cases, bundle, out, device=device, threads=threads, method=method, tumour=tumour
    ):
        raise typer.Exit(1)


@app.command()
def report(
    case: Annotated[Path, typer.Argument(help="Case folder.")],
    out: Annotated[Path, typer.Option(help="The report's file name.")] = Path("report.html"),
    bundle: BundleName = "demo",
    device: Device = "auto",
    threads: Threads = 0,
    json_: Json = False,
    debug: Debug = False,
) -> None:
    """Write the report of one case as one self-contained HTML file."""
    from .predict import run_report

    run_report(Talk(json_), case, bundle, out, device=device, threads=threads)


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
def features(
    slides: Annotated[Path, typer.Argument(help="A slide, a case folder, a folder of cases or cohort.csv.")],
    out: Annotated[Path, typer.Option(help="Folder for one HDF5 file a slide.")],
    encoder: Annotated[str, typer.Option(help="Name of a timm model.")] = "resnet50",
    stage: Annotated[int, typer.Option(min=-1, help="Feature stage to cut after; -1 keeps the whole.")] = 3,
    weights: Annotated[Path | None, typer.Option(help="A .safetensors file of timm weights.")] = None,
    um_per_pixel: Annotated[float, typer.Option(help="Scale of the patches; 0.5 is 20x.")] = 0.5,
    patch: Annotated[int, typer.Option(help="Side of a patch in pixels.")] = 224,
    least_tissue: Annotated[float, typer.Option(help="Share of a patch that must be tissue.")] = 0.5,
    pixel_size: Annotated[
        float | None, typer.Option(help="um a pixel of slides that do not say it; remembered.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace features made otherwise.")] = False,
    device: Device = "auto",
    threads: Threads = 0,
    json_: Json = False,
    debug: Debug = False,
) -> None:
    """Features of the patches of slides, as CLAM and TRIDENT store theirs; what is done is not done again."""
    from .features import run_features

    if not run_features(
        Talk(json_),
        slides,
        out,
        encoder={"name": encoder, "stage": None if stage < 0 else stage, "weights": weights},
        grid={"patch": patch, "um_per_pixel": um_per_pixel, "least_tissue": least_tissue},
        pixel_size=pixel_size,
        device=device,
        threads=threads,
        replace_=replace,
    ):
        raise typer.Exit(1)


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


@app.command()
def verify(
    bundle: Annotated[str, typer.Argument(help="Name, folder or .zip of a bundle.")],
    cohort: Annotated[Path, typer.Argument(help="Own signed-out cases: folder of cases or cohort.csv.")],
    device: Device = "auto",
    threads: Threads = 0,
    json_: Json = False,
    debug: Debug = False,
) -> None:
    """Check a bundle on own signed-out cases; the result stands beside every further answer."""
    from .verify import run_verify

    run_verify(Talk(json_), bundle, cohort, device=device, threads=threads)


@app.command()
def frequencies(
    bundle: Annotated[str, typer.Argument(help="Name, folder or .zip of a bundle.")],
    name: Annotated[
        str, typer.Argument(help="What to call these frequencies; it stands beside every answer.")
    ] = "",
    set_: Annotated[
        list[str] | None, typer.Option("--set", help='A class and its share, "IgA nephropathy=0.24"; repeat.')
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="End the correction.")] = False,
    json_: Json = False,
    debug: Debug = False,
) -> None:
    """Correct a bundle's answers to how frequent its diseases are here; without a name, show what applies."""
    from .frequencies import run_frequencies

    run_frequencies(Talk(json_), bundle, name, set_ or [], remove)


@bundle_app.command("check")
def bundle_check(
    bundle: Annotated[str, typer.Argument(help="Name, folder or .zip of a bundle.")],
    json_: Json = False,
    debug: Debug = False,
) -> None:
    """Check a bundle's files and run its self-test."""
    from .doctor import run_bundle_check

    run_bundle_check(Talk(json_), bundle)


@app.command()
def slide(
    path: Annotated[Path, typer.Argument(help="A slide; of a DICOM slide its folder.")],
    um_per_pixel: Annotated[
        float | None, typer.Option(help="Say how many micrometres a pixel of level 0 has; it is remembered.")
    ] = None,
    forget: Annotated[bool, typer.Option("--forget", help="Forget what was said.")] = False,
    json_: Json = False,
    debug: Debug = False,
) -> None:
    """Show a slide's levels and pixel size, and answer when its pixel size is missing or cannot be true."""
    from .slide import run_slide

    run_slide(Talk(json_), path, um_per_pixel=um_per_pixel, forget=forget)


@app.command()
def crop(
    path: Annotated[Path, typer.Argument(help="Case folder, image or slide.")],
    out: Annotated[Path, typer.Option(help="Folder for the crops and crops.csv.")],
    outlines: Annotated[
        Path | None,
        typer.Option(help="GeoJSON, as QuPath exports it; without it what was drawn in a sorted case."),
    ] = None,
    margin: Annotated[
        str, typer.Option(help="Around each outline: 20um, 10% of its longer side, 15px.")
    ] = "10%",
    background: Annotated[str, typer.Option(help="keep, blur or remove.")] = "keep",
    image: Annotated[str, typer.Option(help="Which image of the case: OM-1, IM-2, WSI-1.")] = "",
    um_per_pixel: Annotated[
        float | None, typer.Option(min=1e-5, max=100, help="Say the original's pixel size if it states none.")
    ] = None,
    resolution: Annotated[
        float | None,
        typer.Option(min=0.02, max=20, help="Slides: um a pixel of the crops; else the slide's own."),
    ] = None,
    fill: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="Removed background: 0 black, 1 white; else white for OM, black for IM."
        ),
    ] = None,
    modality: Annotated[str, typer.Option(help="What a single image file is: OM, IM or TEM.")] = "OM",
    format_: Annotated[str, typer.Option("--format", help="tiff (OME-TIFF) or png.")] = "tiff",
    json_: Json = False,
    debug: Debug = False,
) -> None:
    """Cut outlined glomeruli out of an image, a slide or a case, each into a file with its pixel size."""
    from .crop import checked_rule, run_crop

    rule, kind, file_format = checked_rule(margin, background, fill, resolution, modality, format_)
    run_crop(
        Talk(json_), path, out, rule, outlines=outlines, image=image, um_per_pixel=um_per_pixel,
        modality=kind, file_format=file_format,
    )  # fmt: skip


@app.command()
def doctor(json_: Json = False, debug: Debug = False) -> None:
    """Say what this computer has, what works, and what to do about the rest."""
    from .doctor import run_doctor

    if not run_doctor(Talk(json_)):
        raise typer.Exit(1)


def run() -> None:
    """Run the command line; an error is one sentence and exit status 2, a traceback only with --debug."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # a Windows pipe cannot hold every name
    if intended_use.must_be_shown("command line"):
        complain(intended_use.line())
        intended_use.mark_read("command line")
    try:
        app(standalone_mode=True)
    except (KeyboardInterrupt, Cancelled):
        complain("renal-fusion: stopped.")
        sys.exit(130)
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        complain(f"renal-fusion: {as_renal_error(error)}")
        sys.exit(2)
