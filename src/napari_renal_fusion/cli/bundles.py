"""``renal-fusion bundle check``, ``list`` and ``install``: the trained models of this computer."""

from __future__ import annotations

from pathlib import Path

from .console import Talk


def run_bundle_check(talk: Talk, name: str) -> None:
    """Check files, weights and self-test of one bundle."""
    bundle, difference = _checked(name)
    config = bundle.config
    talk.say(f"{config.title}: all checks passed (self-test differs by {difference:.1g}).")
    talk.say(f"  trained on {config.trained_on} images; {config.scope}")
    talk.say(f"  {bundle.folder}, sha256 {bundle.sha256[:16]}")
    talk.result(
        {"name": config.name, "sha256": bundle.sha256, "self_test_difference": difference, "ok": True}
    )


def run_bundle_list(talk: Talk) -> None:
    """Print what can be given to ``--bundle`` and chosen in the workspace."""
    from ..bundles import installed

    infos = installed()
    width = max((len(one.name) for one in infos), default=0)
    for one in infos:
        about = one.problem or f"{one.title}, trained on {one.config.trained_on} images"
        talk.say(f"{'! ' if one.problem else '  '}{one.name:<{width}}  {about}")
    if not infos:
        talk.say("No models are installed: train one, or renal-fusion bundle install BUNDLE.")
    talk.result(
        [{"name": one.name, "title": one.title, "folder": one.path, "problem": one.problem} for one in infos]
    )


def run_bundle_install(talk: Talk, path: str) -> None:
    """Install a bundle, or all bundles of a run, after every check of each has passed."""
    from ..bundles.install import bundles_of, install

    given = bundles_of(path)
    for one in given:
        _checked(one)
    listed = []
    for one in given:
        folder = install(one)
        listed.append({"name": folder.name, "folder": folder})
        talk.say(f"Installed as {folder.name}, in {folder}")
    talk.say(f"Choose it in the workspace, or say --bundle {listed[0]['name']}.")
    talk.result(listed)


def _checked(bundle: Path | str):
    from ..bundles import load
    from ..inference import run_self_test

    loaded = load(bundle)
    return loaded, run_self_test(loaded, loaded.build_network())
