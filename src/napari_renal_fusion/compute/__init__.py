"""How this machine works: progress and cancel, atomic files, places, settings, devices and memory."""

from .atomic import atomic_folder, atomic_path, write_bytes, write_text
from .progress import Cancelled, Progress, Step

__all__ = ["Cancelled", "Progress", "Step", "atomic_folder", "atomic_path", "write_bytes", "write_text"]
