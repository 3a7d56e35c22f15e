"""``renal-fusion study missing-modalities``: a HEALNet's models asked with modalities left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import RenalFusionError
from ..training import Run
from ..training.run import INFO
from .console import Talk, complain
from .train_healnet import healnet_config, patients_and_folds, with_encoder


def run_missing_modalities(
    talk: Talk,
    path: Path | None,
    out: Path,
    *,
    modalities: str,
    slides: Path | None,
    splits: str,
    folds_from: Path | None,
    encoder_weights: str | None,
    changes: Mapping[str, Any],
    settings: Sequence[str],
    threads: int,
) -> None:
    """Measure a finished run in ``path``, or train one of that table under ``out/run`` first; write the table."""
    from ..studies import write_tables
    from ..studies.missing_modalities import missing_modalities
    from ..studies.table import cells, note
    from ..training.healnet.creation import train_healnet

    with talk.progress() as progress:
        if path is not None and (path / INFO).is_file():
            run = Run.open(path)
            command = "renal-fusion study missing-modalities RUN --out STUDY"
        else:
            if path is not None and path.is_dir():
                raise RenalFusionError(
                    "run_missing",
                    f"There is no run in {path}",
                    path=path,
                    remedy="Give the folder of a finished HEALNet run, or a table with --modalities.",
                )
            changes = with_encoder({**changes, "threads": threads or 0, "final": "none"}, encoder_weights)
            config = healnet_config(modalities, slides is not None, changes, settings)
            with progress.part(0.0, 0.1):
                table, folds, notes = patients_and_folds(path, config, slides, splits, folds_from, progress)
            for one in (*table.notes, *notes):
                complain(f"warning: {one}")
            command = f"renal-fusion study missing-modalities TABLE --task {config.task} --seed {config.seed}"
            with progress.part(0.1, 0.8):
                run = train_healnet(
                    table, config, out / "run", command=command, folds=folds, progress=progress
                )
        with progress.part(0.8, 1.0):
            table = missing_modalities(run, command=command, progress=progress)
    files = write_tables(table, out)
    rows = cells(table)
    talk.table(rows, left=len(table.study.columns))
    talk.say(note(table))
    talk.say(f"Written to {out}: {', '.join(one.name for one in files)}.")
    talk.result({"out": out, "rows": rows})
