"""From a case to tensors: which images enter, how they are prepared, batches and the token cache."""

from .batch import Batch, bag_order, collate, to_tensor
from .choices import Choice, SlotChoices, slot_choices
from .crop_rule import CropRule, Margin
from .crops import for_bundle
from .memo import ImageMemo
from .panel_batch import PanelBatch, collate_panel
from .patch_grid import PatchGrid
from .picture_store import PictureStore, StoredPicture
from .pixels import PreparedImage, Preprocessing, prepare_image, to_rgb8
from .positive_panel import PositivePanel
from .rules import SelectionRules, SlotRule
from .select import select, without_unreadable
from .selection import LeftOutImage, SelectedImage, Selection, keyed_images
from .slide_feature_files import SlideFeatures, read_features
from .slide_feature_key import FeatureEncoder, FeatureKey, feature_key
from .slide_features import extract_features
from .statistics import InputStatistics, describe
from .token_cache import TokenCache
from .token_store import TokenStore, encoder_id

__all__ = [
    "Batch",
    "Choice",
    "CropRule",
    "FeatureEncoder",
    "FeatureKey",
    "ImageMemo",
    "InputStatistics",
    "LeftOutImage",
    "Margin",
    "PanelBatch",
    "PatchGrid",
    "PictureStore",
    "PositivePanel",
    "PreparedImage",
    "Preprocessing",
    "SelectedImage",
    "Selection",
    "SelectionRules",
    "SlideFeatures",
    "SlotChoices",
    "SlotRule",
    "StoredPicture",
    "TokenCache",
    "TokenStore",
    "bag_order",
    "collate",
    "collate_panel",
    "describe",
    "encoder_id",
    "extract_features",
    "feature_key",
    "for_bundle",
    "keyed_images",
    "prepare_image",
    "read_features",
    "select",
    "slot_choices",
    "to_rgb8",
    "to_tensor",
    "without_unreadable",
]
