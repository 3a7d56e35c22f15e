"""Do heat maps find what is there? Scores of class activation maps on phantoms with known deposits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from napari_renal_fusion.bundles import Bundle, load
from napari_renal_fusion.cases import Case, Modality
from napari_renal_fusion.compute.places import cache_dir
from napari_renal_fusion.explain import explain
from napari_renal_fusion.explain.faithfulness import cell_shares, localisation_score
from napari_renal_fusion.inference import Engine, predict
from napari_renal_fusion.inputs import keyed_images
from napari_renal_fusion.training import preset, train

from . import pools
from .weights import encoder_weights

METHODS = ("gradcam", "hirescam", "layercam")
_LEAST = 0.002
"""Share of the image that deposits must cover to be looked for."""


def run() -> str:
    """Score the demonstration bundle and a small ensemble on phantoms that neither has seen."""
    lines = [
        "| bundle | image | "
        + " | ".join(METHODS)
        + f" | random weights | centred Gaussian | glomerulus mask | {METHODS[0]} within the glomerulus | images |",
        "|---|---|" + "---:|" * (len(METHODS) + 5),
    ]
    for bundle in (load("demo"), _small()):
        for modality, scores in _scores(bundle).items():
            figures = [f"{np.mean(one):.2f}" if one else "-" for one in scores.values()]
            count = len(scores[METHODS[0]])
            lines.append(f"| {bundle.config.name} | {modality} | " + " | ".join(figures) + f" | {count} |")
            print(lines[-1], flush=True)
    return "\n".join(lines)


def _small() -> Bundle:
    from .reliability import _split

    cohort, _ = _split(pools.cohort(pools.known()), 0)
    config = preset("small", seed=0, encoder_weights=encoder_weights())
    return load(train(cohort, config, cache_dir() / "benchmarks" / "small").bundle)


def _scores(bundle: Bundle) -> dict[Modality, dict[str, list[float]]]:
    """Score by modality and kind of map, one number an image with deposits.

    ``inside`` is the first method's map ranked among the cells of the glomerulus alone: what it knows beyond
    where the glomerulus lies, which is all that the mask knows.
    """
    engine, random_engine, random = Engine(), Engine(), _with_random_weights(bundle)
    kinds = (*METHODS, "random weights", "Gaussian", "glomerulus", "inside")
    found = {one: {kind: [] for kind in kinds} for one in Modality}
    for case in pools.cohort(pools.truth()).cases:
        right = bundle.config.class_names.index(case.label)
        prediction = predict(case, bundle, engine=engine)
        maps = {kind: explain(prediction, right, method=kind) for kind in METHODS}
        maps["random weights"] = explain(predict(case, random, engine=random_engine), right)
        keyed = keyed_images(case)
        for given in maps[METHODS[0]].heat_maps:
            if not given.used:
                continue
            shares = cell_shares(
                _mask(case, keyed[given.key].path, given.modality, "deposits"), given.box, given.raw.shape
            )
            if shares.mean() < _LEAST:
                continue
            scores = found[given.modality]
            for kind, explanation in maps.items():
                other = next(one for one in explanation.heat_maps if one.key == given.key)
                if other.used:
                    scores[kind].append(localisation_score(other.raw, shares))
            scores["Gaussian"].append(localisation_score(_gaussian(given.raw.shape), shares))
            if given.modality != Modality.TEM:
                glomerulus = _mask(case, keyed[given.key].path, given.modality, "glomerulus")
                inside = cell_shares(glomerulus, given.box, given.raw.shape)
                scores["glomerulus"].append(localisation_score(inside, shares))
                cells = inside > 0.5
                if np.ptp(shares[cells]) > _LEAST:
                    scores["inside"].append(localisation_score(given.raw[cells], shares[cells]))
    return found


def _mask(case: Case, image: Path, modality: Modality, what: str) -> np.ndarray:
    folder = image.parent.parent / "truth"
    name = image.name.split(".")[0]
    start = "" if name.startswith(f"{modality.value}_") else f"{modality.value}_"
    return np.asarray(Image.open(folder / f"{start}{name}_{what}.png")) > 0


def _gaussian(shape: tuple[int, int], width: float = 0.25) -> np.ndarray:
    """A bump in the middle of the image, ``width`` of its side wide."""
    y, x = ((np.arange(n) + 0.5) / n - 0.5 for n in shape)
    return np.exp(-(y[:, None] ** 2 + x[None] ** 2) / (2 * width**2))


def _with_random_weights(bundle: Bundle) -> Bundle:
    """The same network before any training; its self-test would rightly refuse, so that is made anew."""
    from dataclasses import replace

    from napari_renal_fusion.bundles.format import MANIFEST
    from napari_renal_fusion.inference import noise_logits

    torch.manual_seed(0)
    network = bundle.build_network()
    for module in network.modules():
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()
    config = bundle.config.model_copy(update={"known": None, "conformal": None})
    test = config.self_test
    logits = noise_logits(network, config, test.seed, test.bag)
    sums = {**config.sha256, MANIFEST: "random"}
    config = config.model_copy(
        update={"self_test": test.model_copy(update={"logits": logits}), "sha256": sums}
    )
    return replace(bundle, config=config, weights=network.state_dict())
