"""The sentences and names that stand in more than one place on screen."""

from __future__ import annotations

from ..cases import Case, Modality, PixelSize
from ..explain.explanation import HeatMap
from ..figures import NOT_SEGMENTATION, cell_text

RESEARCH_USE = "Research use only"
SEALED = "Sealed until you have entered your own reading and reveal it."
SET_ASIDE = "set aside: unlike the others (not: unimportant)"
SLIDE_TITLE = "Slide (WSI)"
SHORT_TITLES = {Modality.OM: "Light", Modality.IM: "IF", Modality.TEM: "Electron"}
METHOD_TITLES = {
    "gradcam": "Grad-CAM",
    "gradcam++": "Grad-CAM++",
    "layercam": "LayerCAM",
    "eigencam": "EigenCAM",
    "hirescam": "HiResCAM",
    "attention": "Mean attention",
}
TRAINED_ON = {
    "synthetic": "Trained on synthetic images only.",
    "real": "Trained on real biopsies.",
}
SET_MEANS = (
    "The diseases that cannot be told apart for this patient: in {asked} of 100 patients like those that the "
    "model was calibrated on, the right one is among them. The others are grey."
)


def what_it_holds(case: Case) -> str:
    """``Light 1 · IF 8 · Electron 5``, with the slides if there are any; a case of slides says only those."""
    counts = [f"{SHORT_TITLES[one]} {len(case.of(one))}" for one in Modality]
    slides = [f"Slides {len(case.slides)}"] if case.slides else []
    return " · ".join(slides if slides and not case.images else [*counts, *slides])


def cell_size(heat_map: HeatMap, pixel_size: PixelSize | None) -> str:
    """Width and height of one cell of a map: ``cell 44 × 29 µm``, or in pixels if uncalibrated."""
    text = cell_text(heat_map.placement.scale, pixel_size.um if pixel_size else None)
    return f"cell {text}" + ("" if pixel_size else " (uncalibrated)")


def heat_map_title(class_name: str, method: str, cell: str) -> str:
    """The two lines that lie on the image."""
    if method == "attention":
        return f"Where the model looked, for every class alike {NOT_SEGMENTATION}\n{METHOD_TITLES[method]} · {cell}"
    return f"Heat map for {lower_first(class_name)} {NOT_SEGMENTATION}\n{METHOD_TITLES[method]} · {cell}"


def lower_first(name: str) -> str:
    """``Membranous nephropathy`` inside a sentence; ``IgA nephropathy`` stays as it is."""
    return name[0].lower() + name[1:] if name[1:2].islower() and not name.startswith("Ig") else name


def duration(seconds: float | None) -> str:
    """Time remaining for people."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"about {max(1, round(seconds))} s left"
    if seconds < 5400:
        return f"about {round(seconds / 60)} min left"
    return f"about {seconds / 3600:.1f} h left"
