"""``renal-fusion frequencies``: correct a bundle's answers to how frequent diseases are here."""

from __future__ import annotations

from ..errors import RenalFusionError
from .console import Talk


def run_frequencies(talk: Talk, bundle: str, name: str, given: list[str], remove: bool) -> None:
    """Store, show or remove the disease frequencies to which a bundle's answers are corrected."""
    from ..bundles import Frequencies, load, store_frequencies, stored_frequencies
    from ..inference.reliability import frequency_factors

    if (remove and (given or name)) or bool(given) != bool(name):
        raise RenalFusionError(
            "frequencies_invalid",
            "Frequencies need a name and one number for each class",
            remedy='For example: renal-fusion frequencies demo "Our clinic" --set "IgA nephropathy=0.24" '
            "--set ...; --remove ends the correction.",
        )
    loaded = load(bundle)
    config = loaded.config
    if config.kind == "healnet":
        raise RenalFusionError(
            "frequencies_impossible",
            f"Answers of {config.name}, a HEALNet on omics and slides, are not corrected to disease frequencies",
            path=loaded.folder,
            remedy="Its probabilities are those at the classes' shares in training.",
        )
    if remove:
        store_frequencies(loaded.sha256, None)
    elif given:
        frequencies = Frequencies(name=name[:60], shares=dict(_share(one) for one in given))
        frequency_factors(loaded, frequencies)  # refuses what could not be applied later
        store_frequencies(loaded.sha256, frequencies)
    stored = stored_frequencies(loaded.sha256)
    learnt = dict(zip(config.class_names, config.class_shares, strict=False))
    shares = dict(zip(config.class_names, stored.of(config.class_names), strict=True)) if stored else {}
    if stored:
        talk.say(f"Every answer of {config.title} is corrected to the disease frequencies {stored.name!r}:")
    else:
        talk.say(f"Answers of {config.title} are not corrected; the classes had these shares in training:")
    for class_name, share in (shares or learnt).items():
        beside = f"  ({learnt[class_name]:.1%} in training)" if shares else ""
        talk.say(f"  {class_name[:1].upper()}{class_name[1:]:<33} {share:6.1%}{beside}")
    if not (shares or learnt):
        talk.say("  unknown: this bundle does not say them, so it cannot be corrected")
    talk.result(
        {
            "bundle": config.name,
            "name": stored.name if stored else "",
            "frequencies": shares,
            "in_training": learnt,
        }
    )


def _share(text: str) -> tuple[str, float]:
    name, _, number = text.rpartition("=")
    try:
        value = float(number.rstrip("% ")) / (100 if number.rstrip().endswith("%") else 1)
    except ValueError:
        value = 0.0
    if not name.strip() or value <= 0:
        raise RenalFusionError(
            "frequencies_invalid",
            f"{text!r} is not a class with a number above 0",
            remedy='Write for example "IgA nephropathy=0.24".',
        )
    return name.strip(), value
