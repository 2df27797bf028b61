"""The one layer several heads share."""

from __future__ import annotations

from torch import nn


def conv_bn_relu(channels_in: int, channels_out: int) -> nn.Sequential:
    """A 1x1 convolution, batch norm and ReLU."""
    return nn.Sequential(nn.Conv2d(channels_in, channels_out, 1), nn.BatchNorm2d(channels_out), nn.ReLU())
