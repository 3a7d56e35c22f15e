"""Options that several commands share, so that they read the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of sentences.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Device = Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")]
Threads = Annotated[int, typer.Option(min=0, help="Processor threads; 0 uses every core.")]
BundleName = Annotated[str, typer.Option("--bundle", help="Name, folder or .zip of a bundle.")]
GivenBundle = Annotated[str, typer.Argument(help="Name, folder or .zip of a bundle.")]
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
