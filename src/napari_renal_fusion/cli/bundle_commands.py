"""The commands about trained models: what is installed, what checks them, what is known of them here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .console import Talk
from .options import Debug, Device, GivenBundle, Json, Threads

app = typer.Typer()
bundle_app = typer.Typer(help="Trained models on disk.", no_args_is_help=True)
app.add_typer(bundle_app, name="bundle")


@bundle_app.command("check")
def bundle_check(
    bundle: GivenBundle,
    json_: Json = False,
    debug: Debug = False,
) -> None:
    """Check a bundle's files and run its self-test."""
    from .bundles import run_bundle_check

    run_bundle_check(Talk(json_), bundle)


@bundle_app.command("list")
def bundle_list(json_: Json = False, debug: Debug = False) -> None:
    """List the models that can be chosen in the workspace or given to --bundle."""
    from .bundles import run_bundle_list

    run_bundle_list(Talk(json_))


@bundle_app.command("install")
def bundle_install(
    bundle: Annotated[
        str, typer.Argument(help="Folder or .zip of a bundle, or the folder of a finished training run.")
    ],
    json_: Json = False,
    debug: Debug = False,
) -> None:
    """Check a bundle and put it among the models of this computer; none is replaced."""
    from .bundles import run_bundle_install

    run_bundle_install(Talk(json_), bundle)


@app.command()
def compare(
    run: Annotated[Path, typer.Argument(help="Folder of a finished training run.")],
    bundle: Annotated[str, typer.Argument(help="Name, folder or .zip of the model that is in use.")],
    device: Device = "auto",
    threads: Threads = 0,
    json_: Json = False,
    debug: Debug = False,
) -> None:
    """Ask a model that is in use about the patients of a run, and count which of the two is right."""
    from .compare import run_compare

    run_compare(Talk(json_), run, bundle, device=device, threads=threads)


@app.command()
def verify(
    bundle: GivenBundle,
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
    bundle: GivenBundle,
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
