"""All images of one synthetic patient, one after the other."""

from __future__ import annotations

from collections.abc import Iterator

from .electron import render_tem
from .fluorescence import render_im
from .light import coloured, drawn_section
from .spec import BiopsySpec, PhantomImage


def count_images(spec: BiopsySpec) -> int:
    """How many images `render_biopsy` yields."""
    return len(spec.om_stains) + len(spec.antibodies) + spec.n_tem


def render_biopsy(spec: BiopsySpec) -> Iterator[PhantomImage]:
    """Every stain, then every antibody, then every electron micrograph; the section is drawn once for all stains."""
    if spec.om_stains:
        section = drawn_section(spec)
        for stain in spec.om_stains:
            yield coloured(spec, stain, section)
        del section
    for antibody in spec.antibodies:
        yield render_im(spec, antibody)
    for index in range(spec.n_tem):
        yield render_tem(spec, index)
