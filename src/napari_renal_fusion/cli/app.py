"""The commands of ``renal-fusion``, their options, and how errors end them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

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

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of sentences.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Device = Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")]
Threads = Annotated[int, typer.Option(min=0, help="Processor threads; 0 uses every core.")]
BundleName = Annotated[str, typer.Option("--bundle", help="Name, folder or .zip of a bundle.")]


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
def predict(
    cases: Annotated[Path, typer.Argument(help="Case folder, folder of cases or cohort.csv.")],
    out: Annotated[Path, typer.Option(help="Folder for the answers.")],
    bundle: BundleName = "demo",
    device: Device = "auto",
    threads: Threads = 0,
    method: Annotated[
        str, typer.Option(help="gradcam, gradcam++, layercam, eigencam or hirescam.")
    ] = "gradcam",
    json_: Json = False,
    debug: Debug = False,
) -> None:
    """Ask a bundle about one case or a whole cohort; a bad case does not stop the others."""
    from .predict import run_predict

    if not run_predict(Talk(json_), cases, bundle, out, device=device, threads=threads, method=method):
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
    out: Annotated[Path, typer.Option(help="Run folder; the bundle ends up in its folder `bundle`.")],
    cohort: Annotated[Path | None, typer.Argument(help="Folder of cases or cohort.csv.")] = None,
    phantoms: Annotated[int, typer.Option(min=0, help="Train on this many synthetic patients instead.")] = 0,
    preset: Annotated[str, typer.Option(help="paper or demo.")] = "demo",
    seed: Annotated[int, typer.Option(min=0, help="Decides every random draw.")] = 0,
    epochs: Annotated[int, typer.Option(min=0, help="Epochs; 0 keeps the preset's number.")] = 0,
    threads: Threads = 0,
    json_: Json = False,
    debug: Debug = False,
) -> None:
    """Train a CMUS-Net bundle on a cohort, or on phantoms."""
    from .train import run_train

    run_train(
        Talk(json_),
        cohort,
        out,
        phantoms=phantoms,
        preset_name=preset,
        seed=seed,
        epochs=epochs,
        threads=threads,
    )


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
def doctor(json_: Json = False, debug: Debug = False) -> None:
    """Say what this computer has, what works, and what to do about the rest."""
    from .doctor import run_doctor

    if not run_doctor(Talk(json_)):
        raise typer.Exit(1)


def run() -> None:
    """Run the command line; an error is one sentence and exit status 2, a traceback only with --debug."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # a Windows pipe cannot hold every name
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
