"""A second reader for renal biopsies: fuse light, immunofluorescence and electron images, and see why.

Importing this package imports neither torch nor napari; each room is imported where it is used.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("napari-renal-fusion")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0.0.0"
