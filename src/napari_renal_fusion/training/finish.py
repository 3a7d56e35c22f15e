"""After the last unit: figures of the run and its bundles, from the files of the units alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..bundles.conformal import no_set_reason, out_of_fold_sets
from ..bundles.known import KnownPatients, bundle_distances
from ..cases import Modality
from ..cases.anonymous import patient_names
from ..compute.atomic import write_text
from ..compute.progress import Progress
from .calibration import fit_temperature, softmax
from .config import TrainingConfig
from .folds import REFIT
from .groups import patient_keys
from .initial import EncoderSource
from .judging import UNSEEN, Fitted, Judged, judge, with_unseen
from .metrics import (
    bootstrap_intervals,
    classification_metrics,
    expected_calibration_error,
    mean_and_sd,
)
from .outcome import Outputs, load_outcome
from .removal import complete, only, only_outputs, sets_of
from .results import CaseOutcome, FoldMetrics, Results
from .run import RESULTS, UNITS, Run
from .run_bundle import write_bundle
from .units import Unit, subset_name

if TYPE_CHECKING:
    from .patients import TrainingCase


def finish(
    run: Run,
    units: Sequence[Unit],
    cases: dict[str, TrainingCase],
    frozen: bool,
    source: EncoderSource,
    notes: Sequence[str],
    progress: Progress,
    unseen: Mapping[int, Outputs] | None = None,
) -> None:
    """Write the bundles and, last, ``results.json``; it can be done again at any time from the units' files.

    ``unseen`` are answers of networks that never saw a class, by its index: the honest rate of false accepts.
    """
    loaded = [load_outcome(run.folder / UNITS / unit.name) for unit in units]
    fitted = [Fitted(unit, *one) for unit, one in zip(units, loaded, strict=True)]
    groups = [("", run.config)]
    groups += [(subset_name(one), run.config.restricted_to(one)) for one in run.config.subsets]
    results: dict[str, Results] = {}
    for number, (subset, config) in enumerate(groups):
        own = [one for one in fitted if one.unit.name == f"{subset}/{one.unit.fold.name}".lstrip("/")]
        with progress.part(number / len(groups), (number + 1) / len(groups)):
            progress.update(0.0, f"Calibrating {subset or 'the model'}")
            final = _final_members(own, config)
            judged = judge(complete(final, config), run, config, cases)
            if not subset and unseen and judged.fits_none:
                judged = _with_unseen(judged, unseen, sets_of(config.network.modalities)[-1], run, config)
            measured = _results(own, judged, cases, run, config, notes if not subset else ())
            without = _without(own, final, cases, run, config, unseen)
            results |= {shown: figures for shown, (_, figures) in without.items()}
            if config.final != "none":
                progress.update(0.4, "Writing the bundle")
                said = write_bundle(run, subset, config, judged, measured, cases, frozen, source, without)
                measured = measured.model_copy(update={"notes": (*measured.notes, *said)})
            results[subset] = measured
    whole = results.pop("").model_copy(update={"subsets": results})
    write_text(run.folder / RESULTS, whole.model_dump_json(indent=1))
    progress.update(1.0, "Done")


def _without(
    own: Sequence[Fitted],
    final: Sequence[Fitted],
    cases: dict[str, TrainingCase],
    run: Run,
    config: TrainingConfig,
    unseen: Mapping[int, Outputs] | None,
) -> dict[str, tuple[Judged, Results]]:
    """Calibration and figures of the answers from some modalities alone, by their names (``OM-IM``).

    Only of a network that reads the whole panel; a set of modalities that too few cases have is left out.
    """
    found: dict[str, tuple[Judged, Results]] = {}
    if not config.network.whole_panel:
        return found
    for shown in sets_of(config.network.modalities)[:-1]:
        members, folds = ([only(one, shown) for one in given] for given in (final, own))
        if any(one is None for one in (*members, *folds)):
            continue
        judged = judge(members, run, config, cases)
        if unseen and judged.fits_none:
            judged = _with_unseen(judged, unseen, shown, run, config)
        figures = _results(folds, judged, cases, run, config, ())
        # What the final model says of the independent set is measured on all its images, once.
        update = {"modalities": shown, "test": {}, "test_cases": ()}
        found[subset_name(shown)] = judged, figures.model_copy(update=update)
    return found


def _with_unseen(
    judged: Judged,
    unseen: Mapping[int, Outputs],
    shown: tuple[Modality, ...],
    run: Run,
    config: TrainingConfig,
) -> Judged:
    """:func:`with_unseen`, of answers from the modalities ``shown`` for a network that reads the whole panel."""
    if config.network.whole_panel:
        asked = {index: only_outputs(outputs, shown) for index, outputs in unseen.items()}
        unseen = {index: outputs for index, outputs in asked.items() if outputs is not None}
        if not unseen:
            return judged
    return with_unseen(judged, unseen, run.info.class_names)


def _final_members(own: Sequence[Fitted], config: TrainingConfig) -> list[Fitted]:
    refit = [one for one in own if one.unit.fold.name == REFIT]
    return refit if config.final == "refit" else [one for one in own if one not in refit]


def _fold_members(own: Sequence[Fitted]) -> list[Fitted]:
    """Whose answers are the run's figures: the folds, or a refit that stands alone."""
    return [one for one in own if one.unit.fold.name != REFIT] or list(own)


def _results(
    own: Sequence[Fitted],
    judged: Judged,
    cases: dict[str, TrainingCase],
    run: Run,
    config: TrainingConfig,
    notes: Sequence[str],
) -> Results:
    members = _fold_members(own)
    labels = np.concatenate([one.test.labels for one in members])
    logits = np.concatenate([one.test.logits for one in members])
    ids = [case for one in members for case in one.test.case_ids]
    member_of = np.concatenate([np.full(len(one.test.labels), k) for k, one in enumerate(members)])
    keys = patient_keys(tuple(cases.values()))
    patients = [keys[case] for case in ids]
    names = _patient_names(cases)
    probabilities = softmax(logits, judged.temperature)
    sets = out_of_fold_sets(labels, probabilities, member_of, config.coverage, patients)
    distances = _own_distances(members, judged)
    mean, sd = mean_and_sd([one.outcome.metrics for one in members])
    said = list(notes)
    if judged.conformal is None:
        said.append(no_set_reason(judged.patients))
    if judged.fits_none is None:
        said.append("Too few patients to say that one fits none of the classes.")
    elif UNSEEN not in judged.fits_none.known.fitted_on and judged.fits_none.known.false_accepts:
        said.append(
            "The shares of left-out classes that would be accepted come from networks that had seen the class; "
            "of a disease that no network saw, more would be accepted."
        )
    known = judged.fits_none.known if judged.fits_none else None
    test, test_cases = _independent(judged, cases, run, config)
    return Results(
        class_names=run.info.class_names,
        modalities=config.rules.modalities,
        folds=tuple(
            FoldMetrics(
                unit=one.unit.name,
                patients=len({keys[case] for case in one.test.case_ids}),
                metrics=one.outcome.metrics,
            )
            for one in members
        ),
        mean=mean,
        sd=sd,
        interval=bootstrap_intervals(labels, softmax(logits), patients, seed=config.seed),
        cases=tuple(
            CaseOutcome(
                case_id=case,
                patient_id=names[cases[case].patient_id],
                unit=members[member_of[row]].unit.name,
                label=int(labels[row]),
                logits=tuple(map(float, logits[row])),
                probabilities=tuple(map(float, probabilities[row])),
                conformal=None if sets is None else sets[row],
                distance=distances.get((members[member_of[row]].unit.name, case)),
                fits_none=_beyond(distances.get((members[member_of[row]].unit.name, case)), known),
            )
            for row, case in enumerate(ids)
        ),
        temperature=judged.temperature,
        ece=expected_calibration_error(
            labels, cross_fitted_probabilities(labels, logits, member_of, patients, judged.temperature)
        ),
        coverage_asked=config.coverage,
        coverage=None
        if sets is None or len(members) == 1  # compared with its own patients it is what was asked
        else float(np.mean([label in one for label, one in zip(labels, sets, strict=True)])),
        set_size=None if sets is None else float(np.mean([len(one) for one in sets])),
        false_refusals=known.false_refusals if known and known.refusals_measured else None,
        false_accepts=known.false_accepts if known else {},
        distance_limit=known.limit if known else None,
        abstain_below=judged.abstain_below,
        test=test,
        test_cases=test_cases,
        notes=tuple(said),
    )


def cross_fitted_probabilities(
    labels: np.ndarray, logits: np.ndarray, member_of: np.ndarray, patients: Sequence[str], alone: float
) -> np.ndarray:
    """Probabilities [n, C] in which no case had a part in the temperature that it is given.

    ``logits`` [n, C] of ``patients`` [n], each by the member ``member_of`` [n]: each member's cases get the
    temperature of the other members' patients; those of a single member the temperature ``alone``.
    """
    patients = np.asarray(patients)
    probabilities = softmax(logits, alone)
    if len(np.unique(member_of)) > 1:
        for k in np.unique(member_of):
            own = member_of == k
            others = ~own & ~np.isin(patients, patients[own])
            # Repeats of two folds: the others may hold no other patient than these.
            if others.any():
                probabilities[own] = softmax(logits[own], fit_temperature(logits[others], labels[others]))
    return probabilities


def _own_distances(members: Sequence[Fitted], judged: Judged) -> dict[tuple[str, str], float]:
    """Distances of the test patients to the member that never saw them, by unit and case.

    Empty where the limit is another's; a case without one lacks a modality that the distance is made of.
    """
    if judged.fits_none is None or [one.unit.name for one in members] != [
        one.unit.name for one in judged.members
    ]:
        return {}
    return {
        (one.unit.name, case): float(distance)
        for one, own in zip(judged.members, judged.fits_none.distances, strict=True)
        for case, distance in zip(one.test.case_ids, own, strict=True)
    }


def _patient_names(cases: dict[str, TrainingCase]) -> dict[str, str]:
    """What each patient is called in ``results.json``."""
    return patient_names({one: case.patient_id for one, case in cases.items()}, {one: one for one in cases})


def _beyond(distance: float | None, known: KnownPatients | None) -> bool | None:
    return None if distance is None or known is None else distance > known.limit


def _independent(
    judged: Judged, cases: dict[str, TrainingCase], run: Run, config: TrainingConfig
) -> tuple[dict[str, float], tuple[CaseOutcome, ...]]:
    """What the final model says of the independent test set, which nothing else has seen."""
    given = [one.outputs.parts["independent"] for one in judged.members]
    if not run.folds.test:
        return {}, ()
    logits = np.stack([one.logits for one in given])
    each = softmax(logits, judged.temperature)
    mean = logits.mean(axis=0)
    probabilities = softmax(mean, judged.temperature)
    sets = judged.conformal.sets(each) if judged.conformal else None
    # Both were fitted on complete patients.
    whole = [all(cases[case].pictures[one] for one in config.rules.modalities) for case in given[0].case_ids]
    far = None
    if judged.fits_none:
        far = bundle_distances(judged.fits_none.statistics, np.stack([one.features for one in given]))
    names = _patient_names(cases)
    outcomes = tuple(
        CaseOutcome(
            case_id=case,
            patient_id=names[cases[case].patient_id],
            unit="final",
            label=int(given[0].labels[row]),
            logits=tuple(map(float, mean[row])),
            probabilities=tuple(map(float, probabilities[row])),
            conformal=None if sets is None or not whole[row] else sets[row],
            distance=None if far is None or not whole[row] else float(far[row]),
            fits_none=None
            if far is None or not whole[row]
            else bool(far[row] > judged.fits_none.known.limit),
        )
        for row, case in enumerate(given[0].case_ids)
    )
    return classification_metrics(given[0].labels, probabilities), outcomes
