"""Inception-ResNet v1 in PyTorch, its parameters named as in facenet-pytorch's files."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn


class BasicConv2d(nn.Module):
    """Convolution without bias, batch normalisation, ReLU; unpadded where it has a stride."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int | tuple[int, int] = 1,
        stride: int = 1,
        pad: bool = True,
    ) -> None:
        super().__init__()
        height, width = kernel if isinstance(kernel, tuple) else (kernel, kernel)
        padding = (height // 2, width // 2) if pad and stride == 1 else (0, 0)
        self.conv = nn.Conv2d(inputs, outputs, (height, width), stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=1e-3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Returns the activations."""
        return torch.relu(self.bn(self.conv(x)))


def branch(inputs: int, *convs: tuple) -> nn.Module:
    """Returns one convolution, or several in a row; each is filters, kernel and stride."""
    made = []
    for outputs, *rest in convs:
        made.append(BasicConv2d(inputs, outputs, *rest))
        inputs = outputs
    return made[0] if len(made) == 1 else nn.Sequential(*made)


class Branches(nn.Module):
    """Branches `branch0`, `branch1` …, whose outputs are concatenated."""

    def __init__(self, branches: Sequence[nn.Module]) -> None:
        super().__init__()
        self.count = len(branches)
        for number, module in enumerate(branches):
            self.add_module(f"branch{number}", module)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Returns the concatenated outputs."""
        return torch.cat([getattr(self, f"branch{n}")(x) for n in range(self.count)], dim=1)


class ResidualBlock(Branches):
    """Branches, a 1×1 convolution with bias, and a scaled sum with the input."""

    def __init__(
        self,
        channels: int,
        mixed: int,
        branches: Sequence[nn.Module],
        scale: float,
        relu: bool = True,
    ) -> None:
        super().__init__(branches)
        self.conv2d = nn.Conv2d(mixed, channels, 1)
        self.scale, self.rectified = scale, relu

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Returns the sum, rectified except in the last block."""
        x = self.conv2d(super().forward(x)) * self.scale + x
        return torch.relu(x) if self.rectified else x


def block35() -> ResidualBlock:
    """Returns a block of the first repetition."""
    branches = (
        branch(256, (32,)),
        branch(256, (32,), (32, 3)),
        branch(256, (32,), (32, 3), (32, 3)),
    )
    return ResidualBlock(256, 96, branches, 0.17)


def block17() -> ResidualBlock:
    """Returns a block of the second repetition."""
    branches = (branch(896, (128,)), branch(896, (128,), (128, (1, 7)), (128, (7, 1))))
    return ResidualBlock(896, 256, branches, 0.10)


def block8(scale: float = 0.20, relu: bool = True) -> ResidualBlock:
    """Returns a block of the third repetition."""
    branches = (branch(1792, (192,)), branch(1792, (192,), (192, (1, 3)), (192, (3, 1))))
    return ResidualBlock(1792, 384, branches, scale, relu)


class InceptionResnetV1(nn.Module):
    """The network up to `last_bn`: facenet-pytorch's embeddings before they get unit length."""

    def __init__(self, embedding_size: int = 512) -> None:
        super().__init__()
        self.conv2d_1a = BasicConv2d(3, 32, 3, 2)
        self.conv2d_2a = BasicConv2d(32, 32, 3, pad=False)
        self.conv2d_2b = BasicConv2d(32, 64, 3)
        self.maxpool_3a = nn.MaxPool2d(3, 2)
        self.conv2d_3b = BasicConv2d(64, 80)
        self.conv2d_4a = BasicConv2d(80, 192, 3, pad=False)
        self.conv2d_4b = BasicConv2d(192, 256, 3, 2)
        self.repeat_1 = nn.Sequential(*(block35() for _ in range(5)))
        self.mixed_6a = Branches(
            [
                branch(256, (384, 3, 2)),
                branch(256, (192,), (192, 3), (256, 3, 2)),
                nn.MaxPool2d(3, 2),
            ]
        )
        self.repeat_2 = nn.Sequential(*(block17() for _ in range(10)))
        self.mixed_7a = Branches(
            [
                branch(896, (256,), (384, 3, 2)),
                branch(896, (256,), (256, 3, 2)),
                branch(896, (256,), (256, 3), (256, 3, 2)),
                nn.MaxPool2d(3, 2),
            ]
        )
        self.repeat_3 = nn.Sequential(*(block8() for _ in range(5)))
        self.block8 = block8(1.0, relu=False)
        self.avgpool_1a = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(0.6)
        self.last_linear = nn.Linear(1792, embedding_size, bias=False)
        self.last_bn = nn.BatchNorm1d(embedding_size, eps=1e-3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Returns embeddings `[batch, embedding_size]` of `(pixels − 127.5) / 128`, NCHW."""
        *features, linear, norm = self.children()
        for module in features:
            x = module(x)
        return norm(linear(x.flatten(1)))
