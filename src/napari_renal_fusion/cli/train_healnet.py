"""``renal-fusion train TABLE --preset healnet``: a HEALNet on omics and slides, for survival or for classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..compute.progress import Progress
from ..errors import RenalFusionError
from ..training.healnet import HEALNetTrainingConfig, PatientTable, healnet_preset, modality_specs
from .console import Talk, complain
from .train import _put, _work


def run_train_healnet(
    talk: Talk,
    table_path: Path | None,
    out: Path | None,
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
    """Make a run, or go on with the same one in ``out``, and follow it to its end."""
    from ..training.healnet.creation import create_or_open_healnet
    from ..training.run_list import new_folder

    changes = with_encoder(changes, encoder_weights)
    config = healnet_config(modalities, slides is not None, changes, settings)
    out = out or new_folder(config.name)
    with talk.progress() as progress:
        table, folds, notes = patients_and_folds(table_path, config, slides, splits, folds_from, progress)
        run = create_or_open_healnet(table, config, out, command=_command(config, bool(splits)), folds=folds)
    for note in (*table.notes, *notes):
        complain(f"warning: {note}")
    _work(talk, run, threads)


def with_encoder(changes: Mapping[str, Any], weights: str | None) -> dict[str, Any]:
    """The changes with the file of the encoder's weights, if one is given."""
    if weights in (None, "", "random"):
        return dict(changes)
    return {**changes, "encoder": {"weights": str(Path(weights).absolute())}}


def survival_fields(
    task: str,
    label: str,
    outcome: str,
    population: str,
    time_zero: str,
    time_unit: str,
    neoplastic: bool | None,
) -> dict[str, Any]:
    """The fields of the configuration that say what is predicted."""
    if task == "classification":
        return {"label_column": label}
    return {
        "outcome": outcome,
        "population": population,
        "time_zero": time_zero,
        "time_unit": time_unit,
        "neoplastic": neoplastic,
    }


def healnet_config(
    modalities: str, with_slides: bool, changes: Mapping[str, Any], settings: Sequence[str]
) -> HEALNetTrainingConfig:
    """The preset ``healnet`` with options and ``key=value`` settings (``modalities.0.layout`` is written as option).

    Raises
    ------
    RenalFusionError
        ``modalities_invalid`` or ``config_invalid`` with the field and what is wrong with its value.
    """
    if not modalities and not with_slides:
        raise RenalFusionError(
            "modalities_invalid",
            "No modality is named",
            remedy="Write for example --modalities rnaseq,mut, or give --slides FOLDER.",
        )
    values: dict[str, Any] = dict(changes)
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise _invalid(f"--set {setting} has no =")
        if "." in key:
            values.setdefault(key.strip().split(".")[0], {})
        _put(values, key.strip(), text.strip())
    layout, scale, limit = (
        values.pop(name, usual) for name, usual in (("layout", "one_token"), ("scale", True), ("limit", 3.0))
    )
    if layout not in ("one_token", "token_per_feature"):
        raise _invalid(f"layout is one_token or token_per_feature, not {layout}")
    if limit is not None and not (isinstance(limit, (int, float)) and limit >= 0):
        raise _invalid(f"limit is a number of standard deviations, or 0 for none, not {limit}")
    specs = modality_specs(
        modalities, slides=with_slides, layout=layout, scale=bool(scale), limit=limit or None
    )
    try:
        return healnet_preset(specs, **values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        raise _invalid(f"{where}: {reason}" if where else reason) from error


def patients_and_folds(
    path: Path | None,
    config: HEALNetTrainingConfig,
    slides: Path | None,
    splits: str,
    folds_from: Path | None,
    progress: Progress,
):
    """The patients of a table with their slides, given folds (None: to be drawn), and sentences about them."""
    from ..training import Folds
    from ..training.healnet.patients import read_patients
    from ..training.healnet.splits import read_splits

    if path is None:
        raise RenalFusionError(
            "train_needs_table",
            "A HEALNet on omics needs a table of patients",
            remedy="Give a CSV with one row a patient, its outcome and its omics.",
        )
    progress.update(0.0, "Reading the patients")
    table: PatientTable = read_patients(path, config, slides=slides)
    if folds_from is not None:
        return table, Folds.load(folds_from), ()
    if splits:
        folds, notes = read_splits(splits, table, config)
        return table, folds, notes
    return table, None, ()


def _command(config: HEALNetTrainingConfig, given: bool) -> str:
    """The command as a model card shows it: without paths, which may be names of people."""
    omics = ",".join(
        one.name + (f"={'+'.join(one.parts)}" if one.parts else "")
        for one in config.modalities
        if one.kind == "omics"
    )
    parts = ["renal-fusion train TABLE --preset healnet"]
    parts += [f"--modalities {omics}"] if omics else []
    parts += ["--slides SLIDES"] if any(one.kind == "slide" for one in config.modalities) else []
    parts += ["--splits SPLITS"] if given else [f"--folds {config.folds}"]
    return " ".join([*parts, f"--task {config.task} --seed {config.seed} --epochs {config.epochs} --out RUN"])


def _invalid(problem: str) -> RenalFusionError:
    return RenalFusionError(
        "config_invalid",
        problem,
        remedy="`renal-fusion train --help` names the options; config.json of a run names every field.",
    )
