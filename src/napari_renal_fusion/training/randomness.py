"""Every random draw of a training is a function of what it is for, never of what was drawn before it.

That makes a resumed run see what an undisturbed one would have seen, draw by draw.
"""

from __future__ import annotations

import hashlib

import numpy as np


def seed_of(*what: object) -> int:
    """A seed in [0, 2**63) that depends on all of ``what`` (numbers and words) and on nothing else."""
    text = "\x1f".join(str(one) for one in what)
    return int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[:8], "big") >> 1


def generator_of(*what: object) -> np.random.Generator:
    """A generator seeded with :func:`seed_of`; numpy keeps its streams between versions and platforms."""
    return np.random.Generator(np.random.PCG64(seed_of(*what)))
