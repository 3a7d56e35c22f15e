"""Work through a run in this process: prepare, encode, fit every unit, finish; every step can be repeated."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from ..cases import Cohort
from ..compute.devices import DeviceChoice, choose_device
from ..compute.progress import Cancelled, Progress
from ..errors import RenalFusionError
from . import checkpoint, process
from .checkpoint import LAST
from .events import EventLog
from .initial import EncoderSource, encoder_source, initial_network
from .run import UNITS, Run
from .telling import RunProgress, WithTable, is_first, silent, write_table
from .units import Unit, units_of

if TYPE_CHECKING:
    from .data import TokensOfCases
    from .fit import Fitted
    from .outcome import Outcome
    from .patients import TrainingCase

_PREPARED, _ENCODED, _FITTED, _LEFT_OUT = 0.05, 0.15, 0.9, 0.96


def execute(run: Run, *, progress: Progress | None = None, threads: int = 0) -> None:
    """Fit what is not fitted yet, then finish; the same code serves a child process and a caller's own.

    Raises
    ------
    RenalFusionError
        Why the run failed; the same sentence is in ``events.jsonl``, and the run can be resumed.
    Cancelled
        If ``progress`` was cancelled or the file ``stop`` appeared.
    """
    import torch

    run.refuse_if_running()
    first = is_first()
    before = torch.get_num_threads()
    log = EventLog(run.folder, repair=False, clean=run.names.text)
    try:
        if first:
            process.claim(run.folder, os.getpid())
            log = EventLog(run.folder, clean=run.names.text)
        _execute(run, log, RunProgress(run.folder, log, progress), threads)
    except (Cancelled, KeyboardInterrupt):
        if first:
            _tell_last(log, "stopped")
        raise
    except Exception as error:
        told = _told(error)
        if first:
            _tell_last(log, "failed", code=told.code, message=str(told))
        if told is error:
            raise
        raise told from error
    finally:
        torch.set_num_threads(before)
        if first:
            with contextlib.suppress(OSError):  # a disk that went away must not hide why the run failed
                process.release(run.folder)


def _tell_last(log: EventLog, event: str, **values) -> None:
    """Write how the run ended if the disk lets us; the error itself is more important."""
    with contextlib.suppress(OSError, RenalFusionError):
        log.write_last(event, **values)


def _execute(run: Run, log: EventLog, progress: RunProgress, threads: int) -> None:
    from .finish import finish

    tell = log.write if is_first() else silent
    if run.results is not None:
        if not any(one["event"] == "finished" for one in run.events()[0]):
            _tell_finished(run, tell)
        return
    config = run.config
    count = _fix_threads(run, threads)
    choice, other = _device(run)
    if getattr(config, "kind", "") == "healnet":
        from .healnet.execute import unit_names, work

        names = unit_names(run)
        resumed = any((run.folder / UNITS).glob("**/*"))
        tell(
            "started", pid=os.getpid(), device=choice.device, device_reason=choice.reason, threads=count,
            resumed=resumed, units=names,
        )  # fmt: skip
        if other:
            tell("warning", code="device_changed", message=other)
        work(run, tell, progress, choice)
        _tell_finished(run, tell)
        return
    source = _unchanged_source(run)
    units = units_of(config, run.folds)
    resumed = any((run.folder / UNITS).glob(f"**/*{LAST}")) or any((run.folder / UNITS).glob("**/*.json"))
    tell(
        "started", pid=os.getpid(), device=choice.device, device_reason=choice.reason, threads=count,
        resumed=resumed, units=[unit.name for unit in units],
    )  # fmt: skip
    if other:
        tell("warning", code="device_changed", message=other)
    with progress.part(0.0, _PREPARED):
        cases, notes = _prepared(run, progress, count)
    # Also those of earlier starts: the units that they fitted stay.
    notes += tuple(dict.fromkeys(one["message"] for one in run.events()[0] if one["event"] == "warning"))
    tokens = None
    if config.freeze_encoders:
        from .tokens import encode_cases

        with progress.part(_PREPARED, _ENCODED):
            network = initial_network(config, units[0].name, source)
            tokens = encode_cases(network, list(cases.values()), config, choice, progress)
            del network
    outcomes: list[Outcome] = []
    told = {one["unit"] for one in run.events()[0] if one["event"] == "unit_finished"}
    first = _ENCODED if tokens is not None else _PREPARED
    for index, unit in enumerate(units):
        with progress.part(
            first + (_FITTED - first) * index / len(units),
            first + (_FITTED - first) * (index + 1) / len(units),
        ):
            outcome = _finished_unit(run, unit)
            if outcome is None:
                tell("unit_started", unit=unit.name, index=index, count=len(units), epochs=unit.epochs)
                outcome = _fit_and_answer(
                    run, unit, cases, tokens, choice, source, progress, WithTable(run, tell, outcomes)
                )
                told.discard(unit.name)
            if outcome is None:  # another process answers and writes
                continue
            if unit.name not in told:
                tell("unit_finished", unit=unit.name, metrics=outcome.metrics, epoch_used=outcome.epoch_used)
            outcomes.append(outcome)
    if not is_first():
        return
    write_table(run, [(one.unit, one.history) for one in outcomes])
    unseen = None
    if tokens is not None and config.final != "none":
        from .left_out import fit_left_out, left_out_units

        with progress.part(_FITTED, _LEFT_OUT):
            unseen = fit_left_out(
                left_out_units(units, run.folds.labels, run.folds.train_only), run.folder / UNITS, cases, tokens,
                choice, source, progress,
            )  # fmt: skip
    with progress.part(_LEFT_OUT, 1.0):
        finish(run, units, cases, tokens is not None, source, notes, progress, unseen)
    _tell_finished(run, tell)


def _fit_and_answer(
    run: Run,
    unit: Unit,
    cases: dict[str, TrainingCase],
    tokens: TokensOfCases | None,
    choice: DeviceChoice,
    source: EncoderSource,
    progress: Progress,
    tell: WithTable,
) -> Outcome | None:
    from ..bundles import rounded_to_half
    from .calibration import softmax
    from .fit import Workplace, fit_unit
    from .metrics import classification_metrics
    from .outcome import answer, save_outcome

    started = time.monotonic()
    folder = run.folder / UNITS / unit.name
    fold = unit.fold
    parts = {
        "train": [cases[one] for one in fold.train],
        "validation": [cases[one] for one in fold.validation],
        "test": [cases[one] for one in fold.test],
        "independent": [cases[one] for one in run.folds.test],
    }
    network = initial_network(unit.config, unit.name, source)
    tell.seen = [
        one for one in run.epochs() if one["unit"] == unit.name
    ]  # those of an epoch that is done again are replaced
    with progress.part(0.0, 0.97):
        place = Workplace(folder, choice, progress, tell, tokens)
        fitted: Fitted = fit_unit(unit, network, parts["train"], parts["validation"], place)
    if not is_first():
        return None
    if unit.config.half_precision_weights:
        network.load_state_dict(rounded_to_half(network.state_dict()))
    with progress.part(0.97, 1.0):
        # After fine-tuning the stored tokens are no longer what the encoders give.
        stored = None if unit.config.finetune_epochs else tokens
        outputs = answer(network, parts, unit.config, choice, stored, progress)
    test = outputs.parts["test"]
    outcome = save_outcome(
        folder,
        unit.name,
        outputs,
        classification_metrics(test.labels, softmax(test.logits)),
        fitted.epoch_used,
        time.monotonic() - started,
        fitted.history,
    )
    for path in folder.glob(f"*{LAST}"):  # optimiser states are large and nobody needs them now
        path.unlink(missing_ok=True)
    return outcome


def _finished_unit(run: Run, unit: Unit) -> Outcome | None:
    """The outcome of a unit that is done and whole; None if it has to be fitted (again)."""
    from .checkpoint import BEST
    from .outcome import OUTCOME, load_outcome

    folder = run.folder / UNITS / unit.name
    loaded = load_outcome(folder)
    weights = sorted(folder.glob(f"*{BEST}"))
    if loaded and weights and all(checkpoint.load(one) is not None for one in weights):
        return loaded[0]
    (folder / OUTCOME).unlink(missing_ok=True)
    return None


def _prepared(run: Run, progress: Progress, threads: int) -> tuple[dict[str, TrainingCase], tuple[str, ...]]:
    from .inputs_kept import refuse_other_inputs
    from .patients import prepare

    cohort: Cohort = run.cohort
    errors = [one.message for one in cohort.problems if one.severity == "error"]
    if errors or {case.case_id for case in cohort.cases} != set(run.folds.groups):
        raise RenalFusionError(
            "cohort_changed",
            "The images of the run are no longer what they were: "
            + (" ".join(errors[:10]) or "cases are missing."),
            path=run.folder,
            remedy="Put the files back where they were, then resume.",
        )
    prepared, notices = prepare(
        replace(cohort, class_names=run.info.class_names), run.config, progress, threads=threads
    )
    refuse_other_inputs(run.folder, prepared, write=is_first())
    notes = tuple(run.names.text(one.message) for one in notices if one.severity != "info")
    return {one.case_id: one for one in prepared}, notes


def _device(run: Run) -> tuple[DeviceChoice, str]:
    """The device of the first start, and a sentence if that one is gone: digits depend on who computes."""
    began, asked = run.info, run.config.precision
    if not began.device:
        choice = choose_device(run.config.device)
        choice = choice if asked == "auto" else replace(choice, precision=asked)
        if is_first():
            run.fix(device=choice.device, precision=choice.precision)
        return choice, ""
    try:
        same = choose_device(began.device)
    except RenalFusionError as error:
        choice = choose_device("auto")
        choice = choice if asked == "auto" else replace(choice, precision=asked)
        return choice, (
            f"The run began on {began.device} and goes on on {choice.device}, so it cannot be repeated to the "
            f"last digit. {error.problem}."
        )
    return replace(same, precision=began.precision or same.precision), ""


def _fix_threads(run: Run, asked: int) -> int:
    """The number of threads of the first start: sums depend on how they are divided."""
    import torch

    count = run.info.threads or asked or run.config.threads or os.cpu_count() or 1
    if not run.info.threads and is_first():
        run.fix(threads=count)
    torch.set_num_threads(count)
    return count


def _unchanged_source(run: Run) -> EncoderSource:
    source = encoder_source(run.config)
    if source.sha256 != run.info.encoder_sha256:
        raise RenalFusionError(
            "encoder_weights_changed",
            f"The encoder weights {source.name} are not those the run began with",
            path=source.file,
            remedy="Put the old file back, or start a new run.",
        )
    return source


def _tell_finished(run: Run, tell) -> None:
    names = [one.name for one in run.bundles]
    tell("finished", bundle=names[0] if names else None, bundles=names)


def _told(error: Exception) -> RenalFusionError:
    """The error as a person reads it."""
    if isinstance(error, RenalFusionError):
        return error
    from ..compute.memory import is_out_of_memory

    if is_out_of_memory(error):
        return RenalFusionError(
            "out_of_memory", "The memory is too small for this training",
            remedy="Close other programs, or take fewer patients a step.",
        )  # fmt: skip
    first = (str(error) or type(error).__name__).splitlines()[0]
    return RenalFusionError(
        "unexpected_error", f"Something unexpected went wrong: {type(error).__name__}: {first}",
        remedy="The traceback is in child.log of the run; please report it.",
    )  # fmt: skip
