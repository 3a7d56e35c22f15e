"""What each disease shows in each modality, and how difficulty makes it ambiguous."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from .spec import ANTIBODIES, BiopsySpec, Disease


@dataclass(frozen=True)
class LightFindings:
    """Light microscopy: wall thickness in um, everything else from 0 to 1."""

    wall: float = 0.8
    mesangium: float = 0.12
    cellularity: float = 0.2
    wall_deposits: float = 0.0
    mesangial_deposits: float = 0.0
    spikes: float = 0.0
    amorphous: float = 0.0
    crescent: float = 0.0


@dataclass(frozen=True)
class FluorescenceFindings:
    """One antibody: intensity 0 to 3, then the shares of mesangial, granular wall and linear wall staining."""

    intensity: float = 0.0
    mesangial: float = 0.5
    wall: float = 0.5
    linear: float = 0.0
    mesangium: float = 0.12


@dataclass(frozen=True)
class ElectronFindings:
    """Electron microscopy: membrane thickness in nm, MN stage (0 none), everything else from 0 to 1."""

    membrane: float = 340.0
    effacement: float = 0.12
    subepithelial: float = 0.0
    subendothelial: float = 0.0
    mesangial: float = 0.0
    mesangium: float = 0.3
    stage: float = 0.0
    fibrils: float = 0.0
    rupture: float = 0.0


_LIGHT = {
    Disease.IGA_NEPHROPATHY: LightFindings(0.8, 0.9, 0.6, 0.0, 0.8),
    Disease.LUPUS_NEPHRITIS: LightFindings(2.0, 0.75, 1.0, 0.75, 0.6),
    Disease.MINIMAL_CHANGE: LightFindings(),
    Disease.ANTI_GBM: LightFindings(0.9, 0.15, 0.4, crescent=1.0),
    Disease.AMYLOIDOSIS: LightFindings(1.0, 1.0, 0.05, amorphous=1.0),
}
_MEMBRANOUS_LIGHT = {
    1: LightFindings(1.7, 0.12, 0.2, 0.5),
    2: LightFindings(2.3, 0.15, 0.2, 0.8, spikes=1.0),
    3: LightFindings(3.0, 0.2, 0.2, 0.9, spikes=0.4),
}
_AMBIGUOUS_LIGHT = LightFindings(1.4, 0.45, 0.45, 0.3, 0.3)

_PANELS = {
    Disease.IGA_NEPHROPATHY: (3.0, 0.4, 0.8, 2.0, 0.0, 1.5, 2.0, 0.6),
    Disease.MEMBRANOUS_NEPHROPATHY: (0.2, 3.0, 0.3, 2.0, 0.2, 2.0, 2.0, 0.2),
    Disease.LUPUS_NEPHRITIS: (2.3, 3.0, 2.3, 2.7, 2.6, 2.3, 2.3, 0.8),
    Disease.MINIMAL_CHANGE: (0.0,) * 8,
    Disease.ANTI_GBM: (0.1, 3.0, 0.2, 1.0, 0.0, 2.0, 1.8, 1.0),
    Disease.AMYLOIDOSIS: (0.1, 0.2, 0.2, 0.2, 0.0, 0.2, 0.4, 0.1),
}
"""Mean intensity of each antibody, in the order of ANTIBODIES."""
_AMBIGUOUS_PANEL = (1.3, 1.6, 0.8, 1.5, 0.6, 1.3, 1.4, 0.5)
_PATTERNS = {
    Disease.IGA_NEPHROPATHY: FluorescenceFindings(0, 1.0, 0.0, mesangium=0.85),
    Disease.MEMBRANOUS_NEPHROPATHY: FluorescenceFindings(0, 0.0, 1.0, mesangium=0.12),
    Disease.LUPUS_NEPHRITIS: FluorescenceFindings(0, 0.9, 0.9, mesangium=0.65),
    Disease.MINIMAL_CHANGE: FluorescenceFindings(),
    Disease.ANTI_GBM: FluorescenceFindings(0, 0.0, 0.0, 1.0),
    Disease.AMYLOIDOSIS: FluorescenceFindings(0, 1.0, 0.1, mesangium=0.95),
}
_AMBIGUOUS_PATTERN = FluorescenceFindings(0, 0.6, 0.55, mesangium=0.45)

_ELECTRON = {
    Disease.IGA_NEPHROPATHY: ElectronFindings(mesangial=1.0, mesangium=0.85, effacement=0.25),
    Disease.LUPUS_NEPHRITIS: ElectronFindings(380, 0.6, 0.45, 1.0, 0.8, 0.65, stage=1),
    Disease.MINIMAL_CHANGE: ElectronFindings(effacement=1.0, mesangium=0.2),
    Disease.ANTI_GBM: ElectronFindings(effacement=0.4, rupture=1.0),
    Disease.AMYLOIDOSIS: ElectronFindings(420, 0.5, mesangium=0.9, fibrils=1.0),
}
_MEMBRANOUS_ELECTRON = {
    1: ElectronFindings(350, 0.8, 0.8, mesangium=0.25, stage=1),
    2: ElectronFindings(400, 0.95, 1.0, mesangium=0.25, stage=2),
    3: ElectronFindings(560, 0.95, 1.0, mesangium=0.25, stage=3),
}
_AMBIGUOUS_ELECTRON = ElectronFindings(370, 0.5, 0.12, 0.08, 0.2, 0.45, stage=1)


def _blend(clear, shared, share: float, rng: np.random.Generator, spread: float):
    """``clear`` moved by ``share`` towards ``shared``, each field then varied by a relative ``spread``."""
    values = {}
    for item in fields(clear):
        a, b = getattr(clear, item.name), getattr(shared, item.name)
        values[item.name] = float((a + (b - a) * share) * np.exp(spread * rng.standard_normal()))
    return replace(clear, **values)


def _doubt(spec: BiopsySpec, rng: np.random.Generator) -> float:
    """How far this modality is moved to what the classes share: all the way with a chance of 0.7 difficulty."""
    ambiguous, partly = rng.random(), rng.random()
    return 1.0 if ambiguous < 0.7 * spec.difficulty else 0.6 * spec.difficulty * partly


def light_findings(spec: BiopsySpec) -> LightFindings:
    """What the light micrographs of this patient show."""
    rng = spec.seeds.rng("OM", "findings")
    clear = _MEMBRANOUS_LIGHT[spec.stage or 2] if spec.disease not in _LIGHT else _LIGHT[spec.disease]
    return _blend(clear, _AMBIGUOUS_LIGHT, _doubt(spec, rng), rng, 0.06 + 0.12 * spec.difficulty)


def fluorescence_findings(spec: BiopsySpec, antibody: str) -> FluorescenceFindings:
    """What one antibody of this patient shows; the doubt is shared by the whole panel."""
    doubt = _doubt(spec, spec.seeds.rng("IM", "findings"))
    rng = spec.seeds.rng("IM", antibody, "findings")
    place = ANTIBODIES.index(antibody)
    clear = replace(_PATTERNS[spec.disease], intensity=_PANELS[spec.disease][place])
    shared = replace(_AMBIGUOUS_PATTERN, intensity=_AMBIGUOUS_PANEL[place])
    found = _blend(clear, shared, doubt, rng, 0.08 + 0.12 * spec.difficulty)
    weaker = 1 - 0.35 * spec.difficulty * rng.random()
    graded = np.clip(np.round(2 * found.intensity * weaker) / 2, 0, 3)
    return replace(found, intensity=float(graded))


def electron_findings(spec: BiopsySpec, index: int) -> ElectronFindings:
    """What one electron micrograph shows; with difficulty more fields happen to miss the deposits."""
    doubt = _doubt(spec, spec.seeds.rng("TEM", "findings"))
    rng = spec.seeds.rng("TEM", index, "findings")
    clear = (
        _MEMBRANOUS_ELECTRON[spec.stage or 2] if spec.disease not in _ELECTRON else _ELECTRON[spec.disease]
    )
    found = _blend(clear, _AMBIGUOUS_ELECTRON, doubt, rng, 0.05 + 0.1 * spec.difficulty)
    if rng.random() < 0.5 * spec.difficulty:
        missed = 0.25 * rng.random()
        found = replace(
            found,
            subepithelial=found.subepithelial * missed,
            subendothelial=found.subendothelial * missed,
            mesangial=found.mesangial * missed,
        )
    return found
