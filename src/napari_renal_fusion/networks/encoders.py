"""One adapter that makes any timm model with a spatial feature map give tokens on a grid."""

from __future__ import annotations

import timm
import torch
from torch import Tensor, nn

from .config import EncoderConfig
from .errors import NetworkInputError


class TimmEncoder(nn.Module):
    """A timm backbone without its classifier: images [K, 3, H, W] -> token maps [K, h, w, d].

    Weights are random at construction; nothing is ever downloaded. Class tokens are dropped, a convolutional
    map is transposed, and CrossViT answers through its small-patch branch.

    Parameters
    ----------
    config
        Name, keyword arguments and input size; a plain string is the name.

    Attributes
    ----------
    input_size
        (height, width) in pixels that ``forward`` expects.
    mean, std
        Three numbers each: how the images have to be normalised, as timm records it for the model.
    width
        Number of channels d of a token.
    feature_map
        An identity through which the [K, h, w, d] map leaves: the layer to hook for a CAM at the output.

    Raises
    ------
    ValueError
        timm does not know the name, or the keyword arguments do not fit.
    """

    def __init__(self, config: EncoderConfig | str):
        super().__init__()
        self.config = EncoderConfig(name=config) if isinstance(config, str) else config
        self.backbone = _build(self.config)
        recorded = self.backbone.pretrained_cfg
        self.input_size: tuple[int, int] = self.config.input_size or tuple(recorded["input_size"][-2:])
        self.mean: tuple[float, ...] = tuple(recorded["mean"])
        self.std: tuple[float, ...] = tuple(recorded["std"])
        widths = self.backbone.embed_dim if _has_branches(self.backbone) else [self.backbone.num_features]
        self.width = int(widths[0])
        self.feature_map = nn.Identity()

    def forward(self, images: Tensor) -> Tensor:
        """Token maps [K, h, w, d] of normalised images [K, 3, H, W].

        Raises
        ------
        NetworkInputError
            The images are not [K, 3, *input_size], or the backbone has no spatial feature map.
        """
        if images.ndim != 4 or tuple(images.shape[1:]) != (3, *self.input_size):
            raise NetworkInputError(
                f"{self.config.name} needs images [K, 3, {self.input_size[0]}, {self.input_size[1]}], "
                f"not {list(images.shape)}"
            )
        features = self.backbone.forward_features(images)
        if _has_branches(self.backbone):
            # Index 0 is the branch with the smaller patches, so the finer grid.
            patches = self.backbone.patch_embed[0]
            grid = tuple(s // p for s, p in zip(patches.img_size, patches.patch_size, strict=True))
            features = _on_grid(features[0], grid, prefix_tokens=1, name=self.config.name)
        elif features.ndim == 3:
            grid = getattr(getattr(self.backbone, "patch_embed", None), "grid_size", None)
            prefix_tokens = getattr(self.backbone, "num_prefix_tokens", 0)
            features = _on_grid(features, grid, prefix_tokens, name=self.config.name)
        elif features.ndim == 4 and getattr(self.backbone, "output_fmt", "NCHW") != "NHWC":
            features = features.permute(0, 2, 3, 1)
        if features.ndim != 4 or features.shape[-1] != self.width:
            raise NetworkInputError(f"{self.config.name} has no spatial feature map that can be used")
        return self.feature_map(features)


def _build(config: EncoderConfig) -> nn.Module:
    name = config.name.split(".")[0]
    if not timm.is_model(name):
        raise ValueError(f"timm has no model named {config.name!r}")
    kwargs = dict(config.kwargs)
    recorded = timm.get_pretrained_cfg(config.name, allow_unregistered=True)
    if config.input_size is not None and recorded is not None and recorded.fixed_input_size:
        kwargs["img_size"] = list(config.input_size)
    try:
        backbone = timm.create_model(config.name, pretrained=False, num_classes=0, **kwargs)
    except (TypeError, RuntimeError, AssertionError) as error:
        raise ValueError(f"timm cannot build {config.name!r} with {kwargs}: {error}") from error
    # VGG keeps its fully connected layers (103 million weights) although forward_features never uses them.
    if hasattr(backbone, "pre_logits"):
        backbone.pre_logits = nn.Identity()
    return backbone


def _has_branches(backbone: nn.Module) -> bool:
    return hasattr(backbone, "num_branches")


def _on_grid(tokens: Tensor, grid: tuple[int, int] | None, prefix_tokens: int, name: str) -> Tensor:
    patches = tokens[:, prefix_tokens:]
    if grid is None or patches.shape[1] != grid[0] * grid[1]:
        raise NetworkInputError(f"{name} gives {tokens.shape[1]} tokens that do not lie on a known grid")
    return torch.unflatten(patches, 1, grid)
