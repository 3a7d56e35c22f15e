"""What the agreement page says in words."""

from __future__ import annotations

from ...readings import Agreement, ReadCase, Share

EMPTY = (
    "No case has been read first and revealed yet. Enter your own reading in the reader, reveal the model's opinion, "
    "and the numbers stand here."
)
COLUMNS = ("Case", "You, before", "Sure", "Model", "Then", "You, after", "Final diagnosis")
_DECIDED = {"keep": "kept", "change": "changed", "unsure": "unsure", "": "no decision"}


def headline(shown: Agreement) -> str:
    """How many cases, and how many are left out for what reason."""
    said = f"<b>{_cases(len(shown.cases))} read first</b>"
    if shown.not_counted:
        said += f", {shown.not_counted} not counted: an opinion had been shown before"
    return f"{said}."


def sentences(shown: Agreement) -> list[str]:
    """Agreement, kappa, decisions, changes and refusals, a sentence each."""
    kappa = shown.kappa
    said = [f"Same disease as the model: {_share(shown.agreed)}."]
    if shown.agreed_within.of != shown.agreed.of:
        said.append(f"Where your disease is one of the model's: {_share(shown.agreed_within)}.")
    said.append(
        f"Cohen's kappa {kappa.value:.2f} (95 % interval {kappa.interval[0]:.2f} to {kappa.interval[1]:.2f})."
        if kappa is not None
        else "Kappa: not defined yet, it needs two cases and two diseases."
    )
    counts = shown.decisions
    said.append(
        ", ".join(f"{counts[name]} {_DECIDED[name]}" for name in counts if counts[name]).capitalize() + "."
    )
    known = len(shown.with_final)
    if known:
        said.append(
            f"Changed to right {shown.to_right}, to wrong {shown.to_wrong}, of {_cases(known)} with a final diagnosis."
        )
    else:
        said.append("Changes to right and to wrong are counted once final diagnoses are entered.")
    reasons = ", ".join(f"{code.replace('_', ' ')} {number}" for code, number in shown.reasons.items())
    said.append(f"No opinion: {_share(shown.no_opinion)}" + (f" ({reasons})." if reasons else "."))
    if len(shown.cases) < 20:
        said.append("With fewer than 20 cases all intervals are rough.")
    return said


def row_of(case: ReadCase) -> tuple[str, ...]:
    """One line of the table."""
    model = case.model or ("no opinion" if case.status != "answered" else "no disease named")
    return (
        case.code,
        case.own,
        case.confidence,
        model,
        _DECIDED[case.decision],
        case.after,
        case.final or "not known yet",
    )


def _share(share: Share) -> str:
    if share.value is None:
        return "none yet"
    low, high = share.interval
    return f"{share.count} of {share.of} ({100 * share.value:.0f} %; {100 * low:.0f} to {100 * high:.0f} %)"


def _cases(number: int) -> str:
    return f"{number} case" if number == 1 else f"{number} cases"
