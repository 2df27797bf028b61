"""With the flip test, what is said of a mirror image is the mirror image of what is said of the picture."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from models.joints import BODY_JOINTS, SMPLX_BODY
from models.networks.flip_test import behind_each_other, mirrored_rot6d, side_by_side
from models.networks.hand4whole import Hand4Whole
from tests.conftest import FINE, TINY

BOTH_WAYS = replace(TINY, flip_test=True)
LAST_PX = TINY.crop_hw[1] - 1
SIDES = {"L_": "R_", "R_": "L_", "left_": "right_", "right_": "left_"}


@pytest.fixture(scope="module")
def network() -> Hand4Whole:
    torch.manual_seed(0)
    network = Hand4Whole(BOTH_WAYS).eval()
    for parameter in network.parameters():  # untrained heads would say the same of everything
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.1)
    return network


@pytest.fixture(scope="module")
def crop() -> Tensor:
    return torch.randint(0, 256, (2, *TINY.crop_hw, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


def _other(names: tuple[str, ...]) -> list[int]:
    """Rows of the other side's, by their names."""
    rows = []
    for name in names:
        side = next((side for side in SIDES if name.startswith(side)), "")
        rows.append(names.index(SIDES[side] + name.removeprefix(side) if side else name))
    return rows


def test_joints_and_boxes_of_a_mirror_image_are_mirrored(network: Hand4Whole, crop: Tensor) -> None:
    with torch.inference_mode():
        body, mirrored = network.body(crop), network.body(crop.flip(2))
    cell_px = TINY.crop_hw[1] / TINY.body_cells_hw[1]
    joints = body.joints[:, _other(BODY_JOINTS)]
    torch.testing.assert_close(mirrored.joints[..., 0] * cell_px, LAST_PX - joints[..., 0] * cell_px)
    torch.testing.assert_close(mirrored.joints[..., 1:], joints[..., 1:])
    boxes = body.boxes[:, [1, 0, 2]]
    torch.testing.assert_close(mirrored.boxes[..., [0, 2]], LAST_PX - boxes[..., [2, 0]])
    torch.testing.assert_close(mirrored.boxes[..., [1, 3]], boxes[..., [1, 3]])


def test_joints_are_the_mean_of_what_is_said_of_both(network: Hand4Whole, crop: Tensor) -> None:
    one_way = Hand4Whole(TINY).eval()
    one_way.load_state_dict(network.state_dict())
    with torch.inference_mode():
        both, own, mirrored = network.body(crop), one_way.body(crop), one_way.body(crop.flip(2))
    assert not torch.allclose(own.joints, both.joints)
    back = mirrored.joints[:, _other(BODY_JOINTS)]
    back[..., 0] = TINY.body_last_x - back[..., 0]
    torch.testing.assert_close(both.joints, (own.joints + back) / 2)
    torch.testing.assert_close(both.features, torch.cat((own.features, mirrored.features), 1))


def test_poses_of_a_mirror_image_are_mirrored(network: Hand4Whole, crop: Tensor) -> None:
    generator = torch.Generator().manual_seed(2)
    cells = TINY.hand_cells
    hands = torch.randn(2, 2, TINY.hand_backbone.channels, cells, cells, generator=generator)
    hand_joints = cells * torch.rand(2, 2, 20, 3, generator=generator)
    other_joints = torch.cat((cells - 1 - hand_joints[..., :1], hand_joints[..., 1:]), -1)
    with torch.inference_mode():
        body, mirrored_body = network.body(crop), network.body(crop.flip(2))
        pose = network.pose(body.features, body.joints, hands, hand_joints)
        mirrored = network.pose(mirrored_body.features, mirrored_body.joints, hands.flip((1, 4)), other_joints.flip(1))
    torch.testing.assert_close(mirrored.root_rot6d, mirrored_rot6d(pose.root_rot6d))
    torch.testing.assert_close(mirrored.body_rot6d, mirrored_rot6d(pose.body_rot6d)[:, _other(SMPLX_BODY)])
    torch.testing.assert_close(mirrored.betas, pose.betas)
    torch.testing.assert_close(mirrored.camera, pose.camera * torch.tensor((-1.0, 1.0, 1.0)))
    assert pose.body_rot6d.std() > 0.01


def test_the_last_column_of_pixels_is_where_the_input_says() -> None:
    assert (TINY.body_last_x, FINE.body_last_x) == (95 / 32, 79 / 16)


def test_features_go_side_by_side_and_back() -> None:
    features = torch.arange(2 * 3 * 4 * 5 * 2.0).reshape(4, 3, 4, 5)
    assert side_by_side(features).shape == (2, 6, 4, 5)
    torch.testing.assert_close(behind_each_other(side_by_side(features)), features)
