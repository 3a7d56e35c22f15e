"""The words that stand in every report and overlay."""

from __future__ import annotations

from ..cases import ImageItem
from ..inference.prediction import Prediction

METHOD_TITLES = {
    "gradcam": "Grad-CAM",
    "gradcam++": "Grad-CAM++",
    "layercam": "LayerCAM",
    "eigencam": "EigenCAM (the same for every class)",
    "hirescam": "HiResCAM",
    "attention": "Mean attention (the same for every class)",
}

COUNTED = {"typicality": "How much it counted", "attention": "Share of attention"}
"""What the weights of electron images are called, by :attr:`BagRecord.weighs_by`."""

KINDS = {"omics": "omics", "slide": "slide"}

STATUS_TITLES = {"answered": "Answered", "abstained": "No opinion", "refused": "No opinion"}

TRAINED_ON = {
    "synthetic": "This model was trained on synthetic images only.",
    "real": "This model was trained on real biopsies.",
}

PLUMBING = (
    "Plumbing test: a model trained on synthetic images met images that are not synthetic. Classes have "
    "numbers instead of names, and the numbers only show that the program works."
)


def opinion_shown(prediction: Prediction) -> bool:
    """Whether probabilities and maps may be shown: not for a refusal, except as a nameless plumbing test."""
    return bool(prediction.probabilities) and (prediction.status != "refused" or not prediction.names_shown)


def risk_shown(prediction: Prediction) -> bool:
    """Whether a risk and its curve may be shown; the same rule for a survival model."""
    return prediction.survival is not None and (prediction.status != "refused" or not prediction.names_shown)


def image_label(item: ImageItem | None, key: str) -> str:
    """Stain or antibody if known, else the key; never the file's name, which may name a patient."""
    return (item.stain if item is not None else None) or key


def key_with_stain(item: ImageItem | None, key: str) -> str:
    """Key and stain, such as OM-1 · PASM, or the key alone."""
    label = image_label(item, key)
    return key if label == key else f"{key} · {label}"


def in_sentence(name: str) -> str:
    """A class name inside a sentence: "Lupus nephritis" becomes "lupus nephritis", "IgA ..." stays."""
    first = name.split()[0] if name.split() else ""
    return name[:1].lower() + name[1:] if first[1:].islower() and not first.startswith("Ig") else name
