"""Transposed convolutions as ordinary ones, which runtimes are better at.

A 4x4 transposed convolution of stride 2 and padding 1 gives each output pixel four of its sixteen taps, and which four
depends on whether its row and column are even or odd. So it is four 2x2 convolutions whose outputs interleave
(sub-pixel convolution, Shi et al. 2016, "Is the deconvolution layer the same as a convolutional layer?"): the same
sums without the scatter. ONNX Runtime's ConvTranspose took a third of BodyNet's time on a CPU; see
benchmarks/network.py.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_weights

# Kernel rows that reach output rows of each phase, in the order of the input rows they read.
_TAPS = ((3, 1), (2, 0))
_PHASES = [(row, column) for row in (0, 1) for column in (0, 1)]


class SubpixelUpsample(nn.Module):
    """A transposed convolution (4x4, stride 2, padding 1), batch norm and ReLU: (N, C, H, W) -> (N, D, 2H, 2W)."""

    def __init__(self, deconv: nn.ConvTranspose2d, norm: nn.BatchNorm2d) -> None:
        super().__init__()
        if (deconv.kernel_size, deconv.stride, deconv.padding) != ((4, 4), (2, 2), (1, 1)):
            raise ValueError(f"only a 4x4 transposed convolution of stride 2 and padding 1 can be split, not {deconv}")
        assert norm.running_mean is not None
        assert norm.running_var is not None
        weight, bias = fuse_conv_bn_weights(
            deconv.weight, deconv.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias, True
        )
        kernels = weight.detach().transpose(0, 1)  # (D, C, 4, 4)
        self.kernels = nn.ParameterList(
            nn.Parameter(kernels[:, :, _TAPS[row]][:, :, :, _TAPS[column]].contiguous()) for row, column in _PHASES
        )
        self.bias = nn.Parameter(bias.detach())

    def forward(self, x: Tensor) -> Tensor:
        phases = [
            functional.conv2d(functional.pad(x, (1 - column, column, 1 - row, row)), kernel, self.bias)
            for (row, column), kernel in zip(_PHASES, self.kernels, strict=True)
        ]
        return functional.pixel_shuffle(torch.relu(torch.stack(phases, 2)).flatten(1, 2), 2)


def subpixel_upsampling(deconv: nn.Sequential) -> nn.Sequential:
    """Repeated (transposed convolution, batch norm, ReLU) as `SubpixelUpsample` layers with the same result."""
    layers = list(deconv)
    upsamples = []
    for first, norm, _ in zip(layers[::3], layers[1::3], layers[2::3], strict=True):
        assert isinstance(first, nn.ConvTranspose2d)
        assert isinstance(norm, nn.BatchNorm2d)
        upsamples.append(SubpixelUpsample(first, norm))
    return nn.Sequential(*upsamples)
