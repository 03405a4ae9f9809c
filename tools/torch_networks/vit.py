"""Vision transformer in PyTorch, its arrays named as in InsightFace's arcface_torch."""

from __future__ import annotations

import torch
from torch import nn

#: Width, blocks and heads of every size.
SIZES = {
    "vit_t": (256, 12, 8),
    "vit_s": (512, 12, 8),
    "vit_b": (512, 24, 8),
    "vit_l": (768, 24, 8),
}


class VisionTransformer(nn.Module):
    """ViT from scaled RGB images `[batch, 3, size, size]` to `[batch, embedding_size]`.

    In training, a share of the tokens is left out of the blocks and replaced by the mask token
    behind them, as in arcface_torch; drop path is left out.

    Args:
        width: Length of a token.
        depth: Number of blocks.
        heads: Attention heads of a block.
        embedding_size: Length of the embedding.
        image_size: Side of the image in pixels.
        patch_size: Side of a patch in pixels; what is left at the border is not looked at.
        mask_ratio: Share of the tokens left out in training.
    """

    def __init__(
        self,
        width: int = 256,
        depth: int = 12,
        heads: int = 8,
        embedding_size: int = 512,
        image_size: int = 112,
        patch_size: int = 9,
        mask_ratio: float = 0.0,
    ) -> None:
        super().__init__()
        tokens = (image_size // patch_size) ** 2
        self.mask_ratio = mask_ratio
        self.mask_token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.pos_embed = nn.Parameter(torch.randn(1, tokens, width) * 0.02)
        self.patch_embed = nn.Module()
        self.patch_embed.proj = nn.Conv2d(3, width, patch_size, patch_size)
        self.blocks = nn.ModuleList(_Block(width, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.feature = nn.Sequential(
            nn.Linear(width * tokens, width, bias=False),
            nn.BatchNorm1d(width, eps=2e-5),
            nn.Linear(width, embedding_size, bias=False),
            nn.BatchNorm1d(embedding_size, eps=2e-5),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Returns the embeddings."""
        x = self.patch_embed.proj(images).flatten(2).transpose(1, 2) + self.pos_embed
        batch, tokens, width = x.shape
        masks = self.training and self.mask_ratio > 0
        if masks:
            order = torch.rand(batch, tokens).argsort(1)
            kept = int(tokens * (1 - self.mask_ratio))
            x = x.gather(1, order[:, :kept, None].expand(-1, -1, width))
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        if masks:
            x = torch.cat([x, self.mask_token.expand(batch, tokens - kept, width)], 1)
            x = x.gather(1, order.argsort(1)[:, :, None].expand(-1, -1, width))
        return self.feature(x.flatten(1))


class _Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn = _Attention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Module()
        self.mlp.fc1 = nn.Linear(width, 4 * width)
        self.mlp.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attn(self.norm1(x))
        return x + self.mlp.fc2(nn.functional.relu6(self.mlp.fc1(self.norm2(x))))


class _Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.proj = nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, tokens, width = x.shape
        qkv = self.qkv(x).view(batch, tokens, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        scores = query @ key.transpose(-2, -1) * (width // self.heads) ** -0.5
        mixed = (scores.softmax(-1) @ value).transpose(1, 2)
        return self.proj(mixed.reshape(batch, tokens, width))
