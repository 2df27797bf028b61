"""Transposed convolutions as ordinary ones, which runtimes are better at.

A 4x4 transposed convolution of stride 2 and padding 1 gives each output pixel four of its sixteen taps, and which four
depends on whether its row and column are even or odd. So it is four 2x2 convolutions whose outputs interleave
(sub-pixel convolution, Shi et al. 2016, "Is the deconvolution layer the same as a convolutional layer?"): the same
sums without the scatter. ONNX Runtime's ConvTranspose took a third of BodyNet's time on a CPU, and interleaving its
largest map another tenth in INT8, so that map stays in four; see benchmarks/network.py.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_weights

from models.networks.box import BoxNet
from models.networks.sampling import bilinear_shares, soft_argmax, softmax_volume

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
        return functional.pixel_shuffle(self.phases(x).flatten(1, 2), 2)

    def phases(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, D, 4, H, W), as `_PHASES`."""
        phases = [
            functional.conv2d(functional.pad(x, (1 - column, column, 1 - row, row)), kernel, self.bias)
            for (row, column), kernel in zip(_PHASES, self.kernels, strict=True)
        ]
        return torch.relu(torch.stack(phases, 2))


class _Phases(nn.Module):
    """As `SubpixelUpsample.phases`."""

    def __init__(self, upsample: SubpixelUpsample) -> None:
        super().__init__()
        self.upsample = upsample

    def forward(self, x: Tensor) -> Tensor:
        return self.upsample.phases(x)


class SubpixelBoxNet(nn.Module):
    """A `BoxNet` whose last map is not interleaved: heatmaps are, which are smaller, and of features only those at
    three points are asked for."""

    def __init__(self, box_net: BoxNet) -> None:
        super().__init__()
        self.upsampling = box_net.upsampling
        *first, last = subpixel_upsampling(box_net.deconv)
        assert isinstance(last, SubpixelUpsample)
        self.deconv = nn.Sequential(*first, _Phases(last))
        self.bbox_center = box_net.bbox_center
        self.heads = nn.ModuleList((box_net.lhand_size, box_net.rhand_size, box_net.face_size))

    def forward(self, features: Tensor, heatmap: Tensor) -> tuple[Tensor, Tensor]:
        """As `BoxNet.forward`."""
        x = self.deconv(torch.cat((features, heatmap.flatten(1, 2)), 1))  # (N, C, 4, H, W)
        height, width = x.shape[3:]
        heat = self.bbox_center(x.flatten(2, 3))  # (N, 3, 4 H, W)
        heat = functional.pixel_shuffle(heat.unflatten(2, (len(_PHASES), height)).flatten(1, 2), 2)  # (N, 3, 2 H, 2 W)
        centres = soft_argmax(softmax_volume(heat[:, :, None]))[..., :2]  # (N, 3, 2)
        at_centre = x.flatten(2) @ _shares(centres, height, width).transpose(1, 2)  # (N, C, 3)
        sizes = torch.stack([head(at_centre[..., part]) for part, head in enumerate(self.heads)], 1)
        return centres / self.upsampling, sizes


def _shares(xy: Tensor, height: int, width: int) -> Tensor:
    """How much of each cell is in a bilinear sample, zero outside: of points (N, P, 2) in cells of the interleaved map
    -> (N, P, 4 H W), phase by phase."""
    down, across = (_by_parity(bilinear_shares(xy[..., axis], 2 * size)) for axis, size in ((1, height), (0, width)))
    shares: Tensor = down[:, :, :, None, :, None] * across[:, :, None, :, None, :]  # (N, P, 2, 2, H, W)
    return shares.flatten(2)


def _by_parity(shares: Tensor) -> Tensor:
    """(N, P, 2 size) -> (N, P, 2, size): of even cells, then of odd ones."""
    return torch.stack((shares[..., ::2], shares[..., 1::2]), 2)


def subpixel_upsampling(deconv: nn.Sequential) -> nn.Sequential:
    """Repeated (transposed convolution, batch norm, ReLU) as `SubpixelUpsample` layers with the same result."""
    layers = list(deconv)
    upsamples = []
    for first, norm, _ in zip(layers[::3], layers[1::3], layers[2::3], strict=True):
        assert isinstance(first, nn.ConvTranspose2d)
        assert isinstance(norm, nn.BatchNorm2d)
        upsamples.append(SubpixelUpsample(first, norm))
    return nn.Sequential(*upsamples)
