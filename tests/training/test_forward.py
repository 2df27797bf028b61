"""Training's forward pass against the network's own, on part crops that the network's own boxes would cut."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from models.networks.hand4whole import Hand4Whole
from tests.conftest import TINY
from training.forward import forward
from training.sizes import SHARPNESS


def _network() -> Hand4Whole:
    torch.manual_seed(0)
    return Hand4Whole(TINY).eval()


def _crops() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Two crops, the parts cut from them by whole pixels, left hands mirrored, and the boxes (2, 3, 4) of those."""
    crop = torch.randint(0, 256, (2, 128, 96, 3), dtype=torch.uint8)
    corners = torch.tensor([[[10, 30], [25, 50], [3, 7]], [[0, 0], [32, 64], [20, 5]]])  # x, y of three parts
    size = TINY.hand_px
    cut = [[crop[n, y : y + size, x : x + size] for x, y in corners[n].tolist()] for n in range(2)]
    hands = torch.stack([torch.stack((left.flip(1), right)) for left, right, _ in cut])
    boxes = torch.cat((corners - 0.5, corners - 0.5 + size), -1)  # RoIAlign's bins then lie on pixels
    return crop, hands, torch.stack([face for _, _, face in cut]), boxes


@torch.no_grad()
def test_it_is_the_network_s_own_pass_on_given_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    network, (crop, hands, face, boxes) = _network(), _crops()
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())
    out = forward(network, crop, hands, face)
    body, hand, own_face = network.body(crop), network.hand(crop, boxes[:, :2]), network.face(crop, boxes[:, 2])
    sharp = Hand4Whole(replace(TINY, sharpness=SHARPNESS)).eval()  # as published
    sharp.load_state_dict(network.state_dict())
    pose = network.pose(body.features, sharp.body(crop).joints, hand.features, hand.joints)
    torch.testing.assert_close(out.body_joints, sharp.body(crop).joints)
    torch.testing.assert_close(out.body_features, body.features)
    sides = network.by_side(torch.zeros(4, 1, 2, 2), out.hands.joints, out.hands.rot6d)
    torch.testing.assert_close(sides.joints, hand.joints)
    torch.testing.assert_close(sides.rot6d, hand.rot6d)
    torch.testing.assert_close(out.faces.expression, own_face.expression)
    torch.testing.assert_close(out.faces.jaw_rot6d, own_face.jaw_rot6d)
    for name in pose._fields:
        torch.testing.assert_close(getattr(out.pose, name), getattr(pose, name))
    centres, sizes = network.box_net(body.features, network.body_position_net(body.features)[1])
    torch.testing.assert_close(out.boxes, torch.cat((centres, sizes), -1))


@torch.no_grad()
def test_of_further_people_only_features_and_joints_are_found() -> None:
    network, (crop, hands, face, _) = _network(), _crops()
    both, first = forward(network, crop, hands, face), forward(network, crop, hands[:1], face[:1])
    torch.testing.assert_close(first.body_joints, both.body_joints)
    torch.testing.assert_close(first.body_features, both.body_features)
    torch.testing.assert_close(first.body_heat, both.body_heat)
    torch.testing.assert_close(first.boxes, both.boxes[:1], rtol=1e-2, atol=1e-2)
    torch.testing.assert_close(first.pose.root_rot6d, both.pose.root_rot6d[:1], rtol=1e-2, atol=1e-2)


def test_heatmaps_sum_to_one_and_are_where_the_joints_are() -> None:
    network, (crop, hands, face, _) = _network(), _crops()
    out = forward(network, crop, hands, face)
    for heat in (out.body_heat, out.hands.heat):
        torch.testing.assert_close(heat.sum((2, 3)), torch.ones(heat.shape[:2]))
    columns = torch.arange(out.hands.heat.shape[3], dtype=torch.float32)
    torch.testing.assert_close(out.hands.heat.sum(2) @ columns, out.hands.joints[..., 0])


def test_gradients_reach_every_weight() -> None:
    network, (crop, hands, face, _) = _network(), _crops()
    out = forward(network.train(), crop, hands, face)
    tensors = [*out.hands, *out.faces, *out.pose, *(value for value in out if isinstance(value, Tensor))]
    torch.stack([value.float().square().mean() for value in tensors]).sum().backward()  # type: ignore[no-untyped-call]
    without = [name for name, parameter in network.named_parameters() if parameter.grad is None]
    assert not without
