"""Tiny DM3, SER and tagged TIFF files as makers' programs write them, for tests of reading."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import tifffile

_DM_TYPES = {
    "int16": (2, 1),
    "int32": (3, 7),
    "uint16": (4, 10),
    "uint8": (10, 6),
}  # tag type, DataType of the image


def write_dm3(path: Path, pixels: np.ndarray, scale: float, unit: str) -> Path:
    """A DigitalMicrograph 3 file with one image [h, w] of 16 or 32-bit numbers and the sides ``scale`` in ``unit``."""
    height, width = pixels.shape
    side = [("Origin", _number(6, "f", 0.0)), ("Scale", _number(6, "f", scale)), ("Units", _text(unit))]
    tag_type, data_type = _DM_TYPES[pixels.dtype.name]
    brightness = [("Origin", _number(6, "f", 0.0)), ("Scale", _number(6, "f", 1.0)), ("Units", _text(""))]
    image = [
        (
            "ImageData",
            [
                ("Calibrations", [("Brightness", brightness), ("Dimension", [("", side), ("", side)])]),
                ("Data", _array(tag_type, pixels)),
                ("DataType", _number(5, "I", data_type)),
                ("Dimensions", [("", _number(5, "I", width)), ("", _number(5, "I", height))]),
                ("PixelDepth", _number(5, "I", pixels.itemsize)),
            ],
        ),
        ("ImageTags", []),
        ("Name", _text("phantom")),
    ]
    body = _group([("ImageList", [("", image)])])
    path.write_bytes(struct.pack(">3i", 3, len(body) + 8, 1) + body + bytes(8))
    return path


def write_ser(path: Path, pixels: np.ndarray, metres: float) -> Path:
    """A TIA series with one uint16 image [h, w] whose pixels have the side ``metres``."""
    height, width = pixels.shape
    dimension = struct.pack("<iddii", 1, 0.0, 1.0, 0, 6) + b"Number" + struct.pack("<i", 0)
    offsets_at = 30 + len(dimension)
    data_at = offsets_at + 8
    data = struct.pack("<ddiddihii", 0.0, metres, 0, 0.0, metres, 0, 2, width, height)
    data += pixels.astype("<u2").tobytes()
    head = struct.pack("<HHHIIIIII", 0x4949, 0x0197, 0x0210, 0x4122, 0x4152, 1, 1, offsets_at, 1)
    offsets = struct.pack("<II", data_at, data_at + len(data))
    path.write_bytes(head + dimension + offsets + data + struct.pack("<HHI", 0x4152, 0, 0))
    return path


def write_gatan_tiff(path: Path, pixels: np.ndarray, scale: float, unit: str, **options) -> Path:
    """A TIFF as DigitalMicrograph exports it: scale and unit in private tags."""
    texts = {65003: unit, 65004: unit, 65009: str(scale), 65010: str(scale)}
    tags = [(code, 2, 0, text.encode(), True) for code, text in texts.items()]
    tifffile.imwrite(path, pixels, extratags=tags, metadata=None, **options)
    return path


def write_jeol_tiff(path: Path, pixels: np.ndarray, magnification: float, mode: str = "MAG") -> Path:
    """A TIFF as JEOL SightX writes it: XML, and the resolution of the camera's plane, 100 dots an inch."""
    text = (
        '<?xml version="1.0"?><TemReporter><Eos><EosMode>eosTEM</EosMode></Eos><ImageFormingSystem>'
        f"<ModeString>{mode}</ModeString><SelectorValue>{magnification:g}</SelectorValue>"
        "</ImageFormingSystem></TemReporter>"
    )
    tifffile.imwrite(
        path, pixels, description=text, metadata=None, resolution=(100, 100), resolutionunit="INCH"
    )
    return path


def _group(entries: list) -> bytes:
    body = struct.pack(">bbi", 1, 0, len(entries))
    for label, value in entries:
        kind = 20 if isinstance(value, list) else 21
        body += struct.pack(">bh", kind, len(label)) + label.encode("latin1")
        body += _group(value) if kind == 20 else value
    return body


def _number(kind: int, form: str, value: float) -> bytes:
    return b"%%%%" + struct.pack(">ii", 1, kind) + struct.pack(f"<{form}", value)


def _text(text: str) -> bytes:
    return b"%%%%" + struct.pack(">4i", 3, 20, 4, len(text)) + text.encode("utf-16-le")


def _array(kind: int, pixels: np.ndarray) -> bytes:
    little = pixels.astype(pixels.dtype.newbyteorder("<"))
    return b"%%%%" + struct.pack(">4i", 3, 20, kind, pixels.size) + little.tobytes()
