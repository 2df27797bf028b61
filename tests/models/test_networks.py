"""The networks' sizes, and their small pieces of geometry by hand-made examples."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from models.networks.box import PART_ENLARGEMENT, part_boxes
from models.networks.config import NetworkConfig, ResNetConfig
from models.networks.flip_test import mirrored_rot6d
from models.networks.hand4whole import Hand4Whole
from models.networks.position import PositionNet
from models.networks.sampling import sample_features, sample_joints, soft_argmax, softmax_volume
from models.rotations import matrix_to_rot6d, rot6d_to_matrix
from tests.conftest import FINE, TINY

SMALL = {"blocks": (1, 1, 1, 1), "bottleneck": False}
# Sizes


def test_released_sizes_are_the_default() -> None:
    config = NetworkConfig()
    assert (config.body_cells_hw, config.hand_cells, config.crop_stride) == ((8, 6), 8, 2)
    assert (config.body_backbone.channels, config.face_backbone.channels) == (2048, 512)


@pytest.mark.parametrize("config", [NetworkConfig(), TINY, FINE], ids=["released", "tiny", "fine"])
def test_sizes_survive_json(config: NetworkConfig) -> None:
    assert NetworkConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_sizes_left_out_are_the_released_ones() -> None:
    assert NetworkConfig.from_dict({"hand_px": 128}) == NetworkConfig(hand_px=128)
    assert NetworkConfig.from_dict({}) == NetworkConfig()


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ({"body_hw": (250, 192)}, "multiples of 32 px, not 250"),
        ({"body_hw": (256, 100), "crop_hw": (512, 200)}, "multiples of 32 px, not 100"),
        ({"hand_px": 100}, "multiples of 32 px, not 100"),
        ({"body_backbone": {**SMALL, "stride": 16}, "body_hw": (256, 200)}, "multiples of 16 px, not 200"),
        ({"body_backbone": {**SMALL, "stride": 16}, "hand_px": 112}, "multiples of 32 px, not 112"),  # each its own
        ({"hand_backbone": {**SMALL, "stride": 8}}, "stride of a ResNet is 16 or 32, not 8"),
        ({"face_px": 0}, "multiples of 32 px, not 0"),
        ({"face_px": -32}, "multiples of 32 px, not -32"),
        ({"crop_hw": (512, 192)}, "whole multiple of the body input"),  # twice as high, but as wide
        ({"crop_hw": (384, 288)}, "whole multiple of the body input"),  # one and a half times
        ({"crop_hw": (0, 0)}, "whole multiple of the body input"),
        ({"crop_hw": (-512, -384)}, "whole multiple of the body input"),
        ({"depth_bins": 0}, "depth_bins must be at least 1, not 0"),
        ({"joint_channels": 0}, "joint_channels must be at least 1, not 0"),
        ({"box_channels": -1}, "box_channels must be at least 1, not -1"),
        ({"legs": 2}, "unknown network sizes legs; known are .*body_backbone"),
        ({"body_backbone": {"blocks": (3, 4, 6), "bottleneck": True}}, "four stages"),
        ({"body_backbone": {"blocks": (3, 4, 0, 3), "bottleneck": True}}, "at least one block"),
        ({"body_backbone": {"blocks": (3, 4, 6, 3), "bottleneck": True, "width": 0}}, "four stages"),
    ],
)
def test_impossible_sizes_are_refused(sizes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        NetworkConfig.from_dict(sizes)


def test_stride_16_halves_the_cells() -> None:
    assert (FINE.body_cells_hw, FINE.hand_cells, FINE.crop_stride) == ((7, 5), 4, 2)
    network = Hand4Whole(FINE).eval()
    with torch.inference_mode():
        body, hand, _, _ = network(torch.zeros(2, *FINE.crop_hw, 3, dtype=torch.uint8))
    assert body.features.shape[2:] == (7, 5)
    assert hand.features.shape[3:] == (4, 4)
    assert body.boxes.shape == (2, 3, 4)


@pytest.mark.parametrize(("config", "cells_hw"), [(TINY, (32, 24)), (FINE, (28, 20))], ids=["tiny", "fine"])
def test_boxes_come_from_a_map_of_stride_4(config: NetworkConfig, cells_hw: tuple[int, int]) -> None:
    network = Hand4Whole(config)
    channels = config.body_backbone.channels + 25 * config.depth_bins
    assert network.box_net.deconv(torch.zeros(1, channels, *config.body_cells_hw)).shape[2:] == cells_hw


def test_box_centres_are_in_cells_of_the_feature_map() -> None:
    """Heat in the last cell of the fine map, and nowhere else."""
    network = Hand4Whole(FINE).eval().box_net
    network.bbox_center = torch.nn.Sequential(_Corner())
    centres, _ = network(torch.zeros(1, 64, 7, 5), torch.zeros(1, 25, 8, 7, 5))
    torch.testing.assert_close(centres, torch.tensor([19.0, 27.0]).expand(1, 3, 2) / 4)


class _Corner(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits = torch.full((1, 3, *x.shape[2:]), -1e4)
        logits[:, :, -1, -1] = 0.0
        return logits


@pytest.mark.parametrize(("bottleneck", "channels"), [(True, 2048), (False, 512)])
def test_channels_of_a_backbone(bottleneck: bool, channels: int) -> None:
    assert ResNetConfig((1, 1, 1, 1), bottleneck=bottleneck).channels == channels


# Heatmaps


@pytest.mark.parametrize("zyx", [(0, 0, 0), (7, 0, 3), (2, 4, 0), (7, 4, 5)])
def test_soft_argmax_of_one_cell_is_its_x_y_z(zyx: tuple[int, int, int]) -> None:
    heatmap = torch.zeros(1, 2, 8, 5, 6)
    heatmap[0, 0, 0, 0, 0] = 1.0
    heatmap[(0, 1, *zyx)] = 1.0
    assert soft_argmax(heatmap)[0].tolist() == [[0.0, 0.0, 0.0], list(map(float, zyx[::-1]))]


def test_soft_argmax_of_two_cells_is_between_them() -> None:
    heatmap = torch.zeros(1, 1, 4, 4, 4)
    heatmap[0, 0, 0, 1, 0] = 0.75
    heatmap[0, 0, 2, 1, 2] = 0.25
    torch.testing.assert_close(soft_argmax(heatmap)[0, 0], torch.tensor([0.5, 1.0, 0.5]))


def test_softmax_is_over_the_volume_of_each_joint() -> None:
    logits = torch.randn(2, 3, 4, 5, 6, generator=torch.Generator().manual_seed(0))
    volume = softmax_volume(logits)
    torch.testing.assert_close(volume.sum((2, 3, 4)), torch.ones(2, 3))
    torch.testing.assert_close(volume[1, 2], logits[1, 2].exp() / logits[1, 2].exp().sum())


# Sampling


FEATURES = torch.arange(12.0).reshape(1, 1, 3, 4) + 1.0  # rows 1..4, 5..8, 9..12


@pytest.mark.parametrize(
    ("xy", "value"),
    [
        ((0.0, 0.0), 1.0),  # cells
        ((3.0, 2.0), 12.0),
        ((2.0, 1.0), 7.0),
        ((0.5, 0.0), 1.5),  # between two
        ((1.0, 1.5), 8.0),
        ((0.5, 0.5), 3.5),  # between four
        ((2.25, 1.0), 7.25),
        ((-0.5, 0.0), 0.5),  # fades out over one cell
        ((3.5, 2.0), 6.0),
        ((-1.0, 0.0), 0.0),  # outside
        ((4.0, 1.0), 0.0),
        ((1.0, -7.0), 0.0),
        ((1.0, 30.0), 0.0),
    ],
)
def test_sample_of_features(xy: tuple[float, float], value: float) -> None:
    assert sample_features(FEATURES, torch.tensor([[xy]])).item() == pytest.approx(value, abs=1e-5)


def test_samples_are_points_by_channels_of_their_own_map() -> None:
    features = torch.stack((torch.cat((FEATURES, 10 * FEATURES), 1)[0], torch.zeros(2, 3, 4)))
    sampled = sample_features(features, torch.tensor([[[0.0, 0.0], [3.0, 0.0], [0.0, 2.0]]] * 2))
    torch.testing.assert_close(sampled[0], torch.tensor([[1.0, 10.0], [4.0, 40.0], [9.0, 90.0]]))
    assert not sampled[1].any()


def test_sampled_joint_carries_its_coordinates() -> None:
    sampled = sample_joints(FEATURES, torch.tensor([[[2.0, 1.0, 5.5]]]))
    torch.testing.assert_close(sampled, torch.tensor([[[7.0, 2.0, 1.0, 5.5]]]))


# Boxes and hands


def boxes_of(sizes: torch.Tensor) -> torch.Tensor:
    """Boxes around three centres, 8 x 6 cells of 64 px."""
    centres = torch.tensor([[[1.0, 2.0], [3.0, 4.5], [5.0, 0.0]]])
    return part_boxes(centres, sizes, (8, 6), (512, 384))


SIZES = torch.tensor([[[1.0, 0.5], [0.25, 2.0], [1.5, 1.5]]])  # wider, higher, square


def test_part_boxes_are_square() -> None:
    x1, y1, x2, y2 = boxes_of(SIZES).unbind(-1)
    torch.testing.assert_close(x2 - x1, y2 - y1)


def test_part_boxes_are_the_longer_side_enlarged() -> None:
    boxes = boxes_of(SIZES)[0]
    torch.testing.assert_close(boxes[:, 2] - boxes[:, 0], 64 * torch.tensor([1.0 * 2, 2.0 * 2, 1.5 * 1.5]))
    assert PART_ENLARGEMENT == (2.0, 2.0, 1.5)


def test_part_boxes_are_about_their_centres_in_pixels() -> None:
    boxes = boxes_of(SIZES)[0]
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    torch.testing.assert_close(middles, torch.tensor([[64.0, 128.0], [192.0, 288.0], [320.0, 0.0]]))


def test_longer_side_of_a_part_is_judged_in_pixels() -> None:
    """Cells may be higher than wide."""
    ones = torch.ones(1, 3, 2)
    boxes = part_boxes(ones, ones, (4, 4), (512, 384))[0]
    torch.testing.assert_close(boxes[:, 2] - boxes[:, 0], 128 * torch.tensor(PART_ENLARGEMENT))


def test_mirrored_rot6d_is_the_conjugate_by_a_mirror() -> None:
    matrices = Rotation.random(20, rng=np.random.default_rng(0)).as_matrix()
    mirror = np.diag([-1.0, 1.0, 1.0])
    mirrored = mirrored_rot6d(torch.from_numpy(matrix_to_rot6d(matrices))).numpy()
    np.testing.assert_allclose(rot6d_to_matrix(mirrored), mirror @ matrices @ mirror, rtol=0, atol=1e-12)


def test_mirrored_rot6d_twice_is_the_same() -> None:
    rot6d = torch.randn(2, 15, 6, generator=torch.Generator().manual_seed(0))
    assert torch.equal(mirrored_rot6d(mirrored_rot6d(rot6d)), rot6d)


def test_sharper_heatmaps_are_read_nearer_to_their_peak_and_are_given_as_they_are() -> None:
    torch.manual_seed(0)
    plain = PositionNet(4, joints=3, depth_bins=2)
    sharp = PositionNet(4, joints=3, depth_bins=2, sharpness=30.0)
    sharp.load_state_dict(plain.state_dict())
    features = 3 * torch.randn(2, 4, 6, 5)
    joints, heatmap = plain(features)
    near, same = sharp(features)
    torch.testing.assert_close(same, heatmap)
    peak = torch.stack(torch.unravel_index(heatmap.flatten(2).argmax(-1), heatmap.shape[2:]), -1).flip(-1)
    assert (near - peak).abs().mean() < 0.3 * (joints - peak).abs().mean()
