"""The commands of ``renal-fusion``, their options, and how errors end them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ..compute import intended_use
from ..compute.progress import Cancelled
from . import bundle_commands, training_commands
from .console import Talk, as_renal_error, complain
from .options import BundleName, Debug, Device, Json, Threads

app = typer.Typer(
    help="A second reader for renal biopsies. Research use only.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(training_commands.app)
app.add_typer(bundle_commands.app)


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
