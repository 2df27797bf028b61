"""Ordinary convolutions in place of transposed ones compute the same."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from exporter.subpixel import SubpixelBoxNet, SubpixelUpsample, _shares, subpixel_upsampling
from models.networks.box import BoxNet
from models.networks.sampling import sample_features


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


@pytest.mark.parametrize("upsampling", [4, 8])
def test_boxes_are_the_same_without_the_last_map(upsampling: int) -> None:
    """Wherever they are: in the map, between its cells, at its border."""
    original = BoxNet(7 + 5 * 2, 6, upsampling).eval()
    original.deconv = deconvolution(17, *[6] * (upsampling.bit_length() - 1))
    for strength in (1.0, 30.0):  # spread heatmaps, and ones with a peak
        next(original.bbox_center.parameters()).data.normal_(0, strength)
        features, heatmap = torch.randn(4, 7, 4, 3), torch.rand(4, 5, 2, 4, 3)
        with torch.inference_mode():
            found, expected = SubpixelBoxNet(original)(features, heatmap), original(features, heatmap)
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(
    "point", [(-0.7, 2.25), (0.0, 0.0), (5.0, 7.0), (5.4, 3.0), (2.5, 7.9), (3.2, 1.6), (-3.0, 99.0)]
)
def test_shares_sample_as_a_grid_does(point: tuple[float, float]) -> None:
    phases = torch.randn(1, 2, 4, 4, 3)
    whole = functional.pixel_shuffle(phases.flatten(1, 2), 2)
    xy = torch.tensor([[point]])
    found = phases.flatten(2) @ _shares(xy, 4, 3).transpose(1, 2)
    torch.testing.assert_close(found.transpose(1, 2), sample_features(whole, xy), rtol=0, atol=1e-5)


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
