"""MobileFaceNet in PyTorch, its arrays named as in InsightFace's arcface_torch (`mbf`)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn


class MobileFaceNet(nn.Module):
    """MobileFaceNet from scaled RGB images `[batch, 3, 112, 112]` to `[batch, embedding_size]`.

    Args:
        blocks: Residual units of the stem (1: a grouped convolution instead) and of three stages.
        scale: Multiplies the widths of all but the expanded layers.
        embedding_size: Length of the embedding.
    """

    def __init__(
        self,
        blocks: Sequence[int] = (1, 4, 6, 2),
        scale: int = 2,
        embedding_size: int = 512,
    ) -> None:
        super().__init__()
        narrow, wide = 64 * scale, 128 * scale
        stem = (
            _activated(narrow, narrow, 3, groups=64)
            if blocks[0] == 1
            else _residual(narrow, blocks[0], 128)
        )
        self.layers = nn.ModuleList(
            [
                _activated(3, narrow, 3, stride=2),
                stem,
                _Bottleneck(narrow, narrow, 128, stride=2),
                _residual(narrow, blocks[1], 128),
                _Bottleneck(narrow, wide, 256, stride=2),
                _residual(wide, blocks[2], 256),
                _Bottleneck(wide, wide, 512, stride=2),
                _residual(wide, blocks[3], 256),
            ]
        )
        self.conv_sep = _activated(wide, 512, 1)
        self.features = _Nested(
            _Nested(nn.Conv2d(512, 512, 7, groups=512, bias=False), nn.BatchNorm2d(512)),
            nn.Flatten(),
            nn.Linear(512, embedding_size, bias=False),
            nn.BatchNorm1d(embedding_size),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Returns the embeddings."""
        x = images
        for layer in self.layers:
            x = layer(x)
        return self.features(self.conv_sep(x))


class _Bottleneck(nn.Module):
    def __init__(self, inputs: int, outputs: int, expanded: int, stride: int = 1) -> None:
        super().__init__()
        self.residual = stride == 1
        self.layers = nn.Sequential(
            _activated(inputs, expanded, 1),
            _activated(expanded, expanded, 3, stride, groups=expanded),
            _Nested(nn.Conv2d(expanded, outputs, 1, bias=False), nn.BatchNorm2d(outputs)),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.layers(x) if self.residual else self.layers(x)


class _Nested(nn.Module):
    """A sequence that is called `layers` inside."""

    def __init__(self, *modules: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*modules)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)


def _activated(
    inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
) -> nn.Module:
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return _Nested(conv, nn.BatchNorm2d(outputs), nn.PReLU(outputs))


def _residual(width: int, units: int, expanded: int) -> nn.Module:
    return _Nested(*(_Bottleneck(width, width, expanded) for _ in range(units)))
