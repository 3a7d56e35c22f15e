"""What a model does with glomeruli, in a sentence."""

from __future__ import annotations

from ...bundles import BundleConfig
from ...bundles.healnet_format import HEALNetBundleConfig
from ...cases import Modality
from ...inputs import CropRule

_WHOLE = "The chosen model reads whole images: outlines do not change its answer."
_BACKGROUND = {
    "keep": "their surroundings kept",
    "blur": "their surroundings blurred",
    "remove": "their surroundings removed",
}
_KINDS = {Modality.OM: "light", Modality.IM: "fluorescence"}


def rule_in_words(config: BundleConfig | HEALNetBundleConfig) -> str:
    """How the bundle cuts glomeruli out, and which answer is whose; "" for a model that reads no images."""
    if isinstance(config, HEALNetBundleConfig):
        return ""
    if not config.crop:
        return _WHOLE
    kinds = " and ".join(_KINDS[modality] for modality in config.crop)
    rules = {cut_in_words(rule) for rule in config.crop.values()}
    how = "; or ".join(sorted(rules))
    return (
        f"The chosen model reads single glomeruli of {kinds} images, {how}. It is asked with each one that is ticked "
        "under Model: the first gives the patient's answer, all of them its range."
    )


def cut_in_words(rule: CropRule) -> str:
    """``with 10 % around them, their surroundings removed``."""
    margin = rule.margin
    amount = {
        "share": f"{100 * margin.value:g} %",
        "um": f"{margin.value:g} µm",
        "px": f"{margin.value:g} pixels",
    }
    return f"with {amount[margin.unit]} around them, {_BACKGROUND[rule.background]}"
