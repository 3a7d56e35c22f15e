"""Which images a bundle may be asked with: whole ones, or single glomeruli cut out as it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..cases import Box, Case, ImageItem, Modality
from ..errors import RenalFusionError
from ..notices import Notice
from .crop_rule import CropRule
from .selection import LeftOutImage, keyed_images

Crops = Mapping[Modality, CropRule]
WHOLE_FIELD = "a whole field; this model reads single glomeruli"


@dataclass(frozen=True)
class Admissible:
    """A case with the images that may enter, and what left it.

    ``refusals`` name each modality of which the case has images, but no glomerulus that the bundle can read.
    """

    case: Case
    left_out: tuple[LeftOutImage, ...] = ()
    refusals: tuple[Notice, ...] = ()


def for_bundle(case: Case, crop: Crops | None) -> Admissible:
    """Keep what a bundle with the crop rules ``crop`` may be asked with.

    Of a modality with a rule these are the chosen glomeruli (items with a ``cut_out``), each with the margin and
    background of the rule; files that show one glomerulus already; and, if the background is kept, a person's
    own crop. Of the others it is everything but the glomeruli: marking them changes no answer of a bundle that
    reads whole images. Keys stay those of the whole case.
    """
    if not crop:
        return Admissible(replace(case, images=tuple(one for one in case.images if one.cut_out is None)))
    kept: list[ImageItem] = []
    left_out: list[LeftOutImage] = []
    problems: dict[Modality, RenalFusionError] = {}
    for key, image in keyed_images(case).items():
        rule, image = crop.get(image.modality), replace(image, image_id=key)
        if rule is None:
            if image.cut_out is None:
                kept.append(image)
        elif image.cut_out is not None:
            try:
                kept.append(cut(image, rule))
            except RenalFusionError as error:
                problems.setdefault(image.modality, error)
                left_out.append(_left_out(key, image, str(error)))
        elif image.is_cut or (image.crop is not None and rule.background == "keep"):
            kept.append(image)
        else:
            left_out.append(_left_out(key, image, WHOLE_FIELD))
    refusals = [
        _refusal(modality, crop[modality], problems.get(modality))
        for modality in crop
        if case.of(modality) and not any(one.modality == modality for one in kept)
    ]
    return Admissible(replace(case, images=tuple(kept)), tuple(left_out), tuple(refusals))


def cut(image: ImageItem, rule: CropRule) -> ImageItem:
    """A chosen glomerulus as a bundle's rule cuts it: its box with the margin, its background as asked.

    The box is in pixels of the whole image, and ends where the image ends when its pixels are read. Nothing is
    resampled here.

    Raises
    ------
    RenalFusionError
        ``crop_uncalibrated``: a margin in um on an image without a pixel size.
    """
    bounds = image.cut_out.bounds
    margin = rule.margin.pixels(bounds, image.pixel_size if rule.margin.unit == "um" else None)
    box = Box(
        bounds.top - margin, bounds.left - margin, bounds.height + 2 * margin, bounds.width + 2 * margin
    )
    out = replace(image.cut_out, background=rule.background, fill=rule.fill)
    return replace(image, crop=box, cut_out=out)


def chosen_glomeruli(case: Case, keys: tuple[str, ...]) -> tuple[str, ...]:
    """Keys that a person chose on the board, where whole images stand, as those of the glomeruli on them.

    The key of a whole image that is not in the case any more becomes that of the first glomerulus on it.
    """
    keyed = keyed_images(case)
    return tuple(
        key if key in keyed else next((one for one in keyed if one.startswith(f"{key}.")), key)
        for key in keys
    )


def _left_out(key: str, image: ImageItem, reason: str) -> LeftOutImage:
    return LeftOutImage(key=key, modality=image.modality, name=image.name, reason=reason)


def _refusal(modality: Modality, rule: CropRule, problem: RenalFusionError | None) -> Notice:
    if problem is not None:
        return Notice(code=problem.code, severity="error", message=str(problem))
    return Notice(
        code="crop_needed",
        severity="error",
        message=f"This model reads single glomeruli, and no glomerulus is outlined on {modality.title} of this case: "
        "a whole field would mean nothing to it. Outline one (Alt+G) and ask again.",
    )
