"""The one layer several heads share."""

from __future__ import annotations

from torch import nn


def conv_bn_relu(channels_in: int, channels_out: int, kernel: int = 1) -> nn.Sequential:
    """A convolution that keeps the size, batch norm and ReLU."""
    conv = nn.Conv2d(channels_in, channels_out, kernel, padding=kernel // 2)
    return nn.Sequential(conv, nn.BatchNorm2d(channels_out), nn.ReLU())
