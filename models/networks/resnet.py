"""ResNet feature extractor (He et al. 2016), stride in the 3x3 convolution, no pooling or classifier at the end."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.networks.config import ResNetConfig


def _conv(channels_in: int, channels_out: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, kernel, stride, padding=kernel // 2, bias=False)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around an identity."""

    expansion = 1

    def __init__(self, channels_in: int, width: int, stride: int, downsample: nn.Module | None) -> None:
        super().__init__()
        self.conv1 = _conv(channels_in, width, 3, stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = _conv(width, width, 3)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        identity = x if self.downsample is None else self.downsample(x)
        y = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(y)) + identity)


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions around an identity."""

    expansion = 4

    def __init__(self, channels_in: int, width: int, stride: int, downsample: nn.Module | None) -> None:
        super().__init__()
        self.conv1 = _conv(channels_in, width, 1)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = _conv(width, width, 3, stride)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = _conv(width, width * self.expansion, 1)
        self.bn3 = nn.BatchNorm2d(width * self.expansion)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        identity = x if self.downsample is None else self.downsample(x)
        y = torch.relu(self.bn1(self.conv1(x)))
        y = torch.relu(self.bn2(self.conv2(y)))
        return torch.relu(self.bn3(self.conv3(y)) + identity)


class ResNet(nn.Module):
    """Image (N, 3, H, W) in [0, 1] to features (N, C, H / stride, W / stride)."""

    def __init__(self, config: ResNetConfig) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, config.width, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(config.width)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        block = Bottleneck if config.bottleneck else BasicBlock
        widths = [config.width * 2**stage for stage in range(4)]
        ins = [config.width, *(width * block.expansion for width in widths[:3])]
        strides = (1, 2, 2, config.stride // 16)
        self.layer1, self.layer2, self.layer3, self.layer4 = (
            _stage(block, channels_in, width, blocks, stride)
            for channels_in, width, blocks, stride in zip(ins, widths, config.blocks, strides, strict=True)
        )

    def forward(self, image: Tensor) -> Tensor:
        return self.stages(image)[-1]

    def stages(self, image: Tensor) -> list[Tensor]:
        """The feature maps of the four stages, of strides 4, 8, 16 and that of the config."""
        features: list[Tensor] = []
        x = self.maxpool(torch.relu(self.bn1(self.conv1(image))))
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
            features.append(x)
        return features


def _stage(
    block: type[BasicBlock | Bottleneck], channels_in: int, width: int, blocks: int, stride: int
) -> nn.Sequential:
    channels_out = width * block.expansion
    downsample = None
    if stride != 1 or channels_in != channels_out:
        downsample = nn.Sequential(_conv(channels_in, channels_out, 1, stride), nn.BatchNorm2d(channels_out))
    first = block(channels_in, width, stride, downsample)
    return nn.Sequential(first, *(block(channels_out, width, 1, None) for _ in range(blocks - 1)))
