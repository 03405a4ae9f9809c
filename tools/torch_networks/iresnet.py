"""IResNet in PyTorch, its arrays named as in InsightFace's arcface_torch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

#: Residual units per stage of every depth.
UNITS = {
    "iresnet18": (2, 2, 2, 2),
    "iresnet34": (3, 4, 6, 3),
    "iresnet50": (3, 4, 14, 3),
    "iresnet100": (3, 13, 30, 3),
    "iresnet200": (6, 26, 60, 6),
}


class IResNet(nn.Module):
    """IResNet from scaled RGB images `[batch, 3, size, size]` to `[batch, embedding_size]`.

    Args:
        units: Residual units per stage.
        widths: Channels per stage.
        embedding_size: Length of the embedding.
        dropout: Share of the features dropped before the fully connected layer.
        image_size: Side of the images in pixels, a multiple of 16.
    """

    def __init__(
        self,
        units: Sequence[int],
        widths: Sequence[int] = (64, 128, 256, 512),
        embedding_size: int = 512,
        dropout: float = 0.0,
        image_size: int = 112,
    ) -> None:
        super().__init__()
        inputs = widths[0]
        self.conv1 = _conv(3, inputs, 3)
        self.bn1 = nn.BatchNorm2d(inputs)
        self.prelu = nn.PReLU(inputs)
        for stage, (count, width) in enumerate(zip(units, widths, strict=True), start=1):
            blocks = [_Unit(inputs if i == 0 else width, width, 2 - (i > 0)) for i in range(count)]
            setattr(self, f"layer{stage}", nn.Sequential(*blocks))
            inputs = width
        self.bn2 = nn.BatchNorm2d(inputs)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(inputs * (image_size // 16) ** 2, embedding_size)
        self.features = nn.BatchNorm1d(embedding_size)
        nn.init.ones_(self.features.weight).requires_grad_(False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Returns the embeddings."""
        x = self.prelu(self.bn1(self.conv1(images)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.features(self.fc(self.dropout(torch.flatten(self.bn2(x), 1))))


class _Unit(nn.Module):
    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = _conv(inputs, width, 3)
        self.bn2 = nn.BatchNorm2d(width)
        self.prelu = nn.PReLU(width)
        self.conv2 = _conv(width, width, 3, stride)
        self.bn3 = nn.BatchNorm2d(width)
        self.downsample = None
        if stride > 1 or inputs != width:
            self.downsample = nn.Sequential(_conv(inputs, width, 1, stride), nn.BatchNorm2d(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.prelu(self.bn2(self.conv1(self.bn1(x))))
        y = self.bn3(self.conv2(y))
        return y + (x if self.downsample is None else self.downsample(x))


def _conv(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
