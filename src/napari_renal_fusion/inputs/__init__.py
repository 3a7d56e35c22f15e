"""From a case to tensors: which images enter, how they are prepared, batches and the token cache."""

from .batch import Batch, bag_order, collate, to_tensor
from .memo import ImageMemo
from .picture_store import PictureStore, StoredPicture
from .pixels import PreparedImage, Preprocessing, prepare_image, to_rgb8
from .rules import SelectionRules, SlotRule
from .select import select, without_unreadable
from .selection import LeftOutImage, SelectedImage, Selection, keyed_images
from .statistics import InputStatistics, describe
from .token_cache import TokenCache
from .token_store import TokenStore, encoder_id

__all__ = [
    "Batch",
    "ImageMemo",
    "InputStatistics",
    "LeftOutImage",
    "PictureStore",
    "PreparedImage",
    "Preprocessing",
    "SelectedImage",
    "Selection",
    "SelectionRules",
    "SlotRule",
    "StoredPicture",
    "TokenCache",
    "TokenStore",
    "bag_order",
    "collate",
    "describe",
    "encoder_id",
    "keyed_images",
    "prepare_image",
    "select",
    "to_rgb8",
    "to_tensor",
    "without_unreadable",
]
