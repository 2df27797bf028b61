"""Ordinary convolutions in place of transposed ones compute the same."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from exporter.subpixel import SubpixelUpsample, subpixel_upsampling


def deconvolution(*channels: int, bias: bool = False) -> nn.Sequential:
    """BoxNet's layers with random weights and statistics."""
    layers: list[nn.Module] = []
    for ins, outs in pairwise(channels):
        norm = nn.BatchNorm2d(outs)
        for tensor in (norm.weight.data, norm.running_var):
            assert tensor is not None
            tensor.uniform_(0.5, 2.0)
        for tensor in (norm.bias.data, norm.running_mean):
            assert tensor is not None
            tensor.normal_()
        layers += [nn.ConvTranspose2d(ins, outs, 4, stride=2, padding=1, bias=bias), norm, nn.ReLU()]
    return nn.Sequential(*layers).eval()


def results(original: nn.Sequential, x: Tensor) -> tuple[Tensor, Tensor]:
    with torch.inference_mode():
        return subpixel_upsampling(original)(x), original(x)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("height_width", [(1, 1), (1, 4), (3, 5), (4, 3), (7, 7), (8, 6)])
@pytest.mark.parametrize("bias", [False, True])
def test_one_layer_is_the_same(height_width: tuple[int, int], bias: bool) -> None:
    found, expected = results(deconvolution(5, 3, bias=bias), torch.randn(2, 5, *height_width))
    assert found.shape == (2, 3, 2 * height_width[0], 2 * height_width[1])
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


def test_three_layers_are_the_same() -> None:
    found, expected = results(deconvolution(6, 4, 5, 3), torch.randn(2, 6, 3, 5))
    assert found.shape == (2, 3, 24, 40)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4)


def test_original_is_left_as_it_is() -> None:
    original = deconvolution(4, 3)
    before = {name: tensor.clone() for name, tensor in original.state_dict().items()}
    subpixel_upsampling(original)
    assert before.keys() == original.state_dict().keys()
    assert all(torch.equal(tensor, before[name]) for name, tensor in original.state_dict().items())


@pytest.mark.parametrize(
    "deconv",
    [
        nn.ConvTranspose2d(2, 2, 3, stride=2, padding=1),
        nn.ConvTranspose2d(2, 2, 2, stride=2),
        nn.ConvTranspose2d(2, 2, 4, stride=1, padding=1),
        nn.ConvTranspose2d(2, 2, 4, stride=2, padding=0),
        nn.ConvTranspose2d(2, 2, (4, 2), stride=2, padding=1),
    ],
    ids=["kernel 3", "kernel 2", "stride 1", "padding 0", "not square"],
)
def test_other_transposed_convolution_is_refused(deconv: nn.ConvTranspose2d) -> None:
    with pytest.raises(ValueError, match="only a 4x4 transposed convolution of stride 2 and padding 1 can be split"):
        SubpixelUpsample(deconv, nn.BatchNorm2d(2))
