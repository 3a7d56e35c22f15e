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
        timm does not know the name, the keyword arguments do not fit, or the backbone has no such stage.
    """

    def __init__(self, config: EncoderConfig | str):
        super().__init__()
        self.config = EncoderConfig(name=config) if isinstance(config, str) else config
        self.backbone = _build(self.config)
        recorded = self.backbone.pretrained_cfg
        self.input_size: tuple[int, int] = self.config.input_size or tuple(recorded["input_size"][-2:])
        self.mean: tuple[float, ...] = tuple(recorded["mean"])
        self.std: tuple[float, ...] = tuple(recorded["std"])
        if self.config.stage is not None:
            self.width = _cut(self.backbone, self.config)
        elif _has_branches(self.backbone):
            self.width = int(self.backbone.embed_dim[0])
        else:
            self.width = int(self.backbone.num_features)
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
        features = self._features(images)
        if features.ndim != 4 or features.shape[-1] != self.width:
            raise NetworkInputError(f"{self.config.name} has no spatial feature map that can be used")
        return self.feature_map(features)

    def set_gradient_checkpointing(self, enable: bool = True) -> None:
        """Keep few activations for the gradient and compute the others again: less memory, more time.

        Logits and gradients stay the same. Batch normalisation sees each training image twice, so its running
        statistics follow the data faster.

        Raises
        ------
        ValueError
            timm has no checkpointing for this backbone.
        """
        try:
            self.backbone.set_grad_checkpointing(enable)
        except (AttributeError, AssertionError, TypeError) as error:
            if enable:
                raise ValueError(f"{self.config.name} cannot compute gradients from checkpoints") from error

    def _features(self, images: Tensor) -> Tensor:
        """The map [K, h, w, d] before it is checked."""
        if self.config.stage is not None:
            (features,) = self.backbone.forward_intermediates(
                images, indices=[self.config.stage], stop_early=True, intermediates_only=True
            )
            return features.permute(0, 2, 3, 1)
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
        return features


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


def _cut(backbone: nn.Module, config: EncoderConfig) -> int:
    """Drop everything after the stage of ``config`` from ``backbone``; the channels of that stage."""
    stages = getattr(backbone, "feature_info", None)
    stages = getattr(stages, "info", stages)
    if _has_branches(backbone) or not stages or not hasattr(backbone, "prune_intermediate_layers"):
        raise ValueError(f"{config.name} cannot be cut at a stage: timm knows no stages of it")
    if config.stage >= len(stages):
        shown = ", ".join(f"{i} ({one['num_chs']} channels)" for i, one in enumerate(stages))
        raise ValueError(f"{config.name} has no stage {config.stage}; its stages are {shown}")
    backbone.prune_intermediate_layers(indices=[config.stage], prune_norm=True, prune_head=True)
    return int(stages[config.stage]["num_chs"])


def _has_branches(backbone: nn.Module) -> bool:
    return hasattr(backbone, "num_branches")


def _on_grid(tokens: Tensor, grid: tuple[int, int] | None, prefix_tokens: int, name: str) -> Tensor:
    patches = tokens[:, prefix_tokens:]
    if grid is None or patches.shape[1] != grid[0] * grid[1]:
        raise NetworkInputError(f"{name} gives {tokens.shape[1]} tokens that do not lie on a known grid")
    return torch.unflatten(patches, 1, grid)
