"""Arrays inside JSON: as base64 of their bytes, so that a slide's attention crosses to another process in a blink."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, PlainSerializer


def pack(array: np.ndarray) -> dict[str, Any]:
    """``{"dtype", "shape", "data"}`` of an array of numbers, little-endian."""
    array = np.ascontiguousarray(array)
    array = array.astype(array.dtype.newbyteorder("<"), copy=False)
    data = base64.b64encode(array.tobytes()).decode("ascii")
    return {"dtype": array.dtype.str, "shape": list(array.shape), "data": data}


def unpack(value: Mapping[str, Any]) -> np.ndarray:
    """The array that :func:`pack` packed; only numbers are accepted, never objects.

    Raises
    ------
    ValueError
        The type is not one of numbers, or the bytes do not fill the shape.
    """
    kind = np.dtype(value["dtype"])
    if kind.kind not in "fiub":
        raise ValueError(f"an array of {kind} is not an array of numbers")
    return np.frombuffer(base64.b64decode(value["data"]), kind).reshape(value["shape"]).copy()


def _array(dtype: type) -> Any:
    def read(value: Any) -> np.ndarray:
        return np.asarray(unpack(value) if isinstance(value, Mapping) else value, dtype=dtype)

    return Annotated[Any, BeforeValidator(read), PlainSerializer(pack)]


Floats = _array(np.float32)
Integers = _array(np.int64)
