"""Parity with the released code: the golden files, key by key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from models.camera import FOCAL_PX, INPUT_WH
from models.networks.hand4whole import Hand4Whole
from models.networks.roi_align import roi_align
from models.smplx_body import SmplxBody
from tests import golden, standins

# Rows of the body's 144 points in the released code's order of 137: body, hands, jaw and head, eyes, face.
_RELEASED_ORDER = (
    *(0, 1, 2, 4, 5, 7, 8, 12, 16, 17, 18, 19, 20, 21, 60, 61, 62, 63, 64, 65, 59, 58, 57, 56, 55),
    *(37, 38, 39, 66, 25, 26, 27, 67, 28, 29, 30, 68, 34, 35, 36, 69, 31, 32, 33, 70),
    *(52, 53, 54, 71, 40, 41, 42, 72, 43, 44, 45, 73, 49, 50, 51, 74, 46, 47, 48, 75),
    *(22, 15, 57, 56, *range(76, 144)),
)


@pytest.fixture(scope="module", params=[0, 1])
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def network(seed: int) -> Hand4Whole:
    network = Hand4Whole()
    state = {name: torch.from_numpy(np.asarray(value)) for name, value in standins.weights(seed).items()}
    network.load_state_dict(state, strict=True)
    return network.eval()


@pytest.fixture(scope="module")
def expected(seed: int) -> Mapping[str, NDArray[Any]]:
    return golden.load(f"golden_seed{seed}.npz")


def test_every_output_of_the_network(seed: int, network: Hand4Whole, expected: Mapping[str, NDArray[Any]]) -> None:
    with torch.inference_mode():
        outputs = network(torch.from_numpy(expected["image"])[None])
    named = zip(("body", "hand", "face", "pose"), outputs, strict=True)
    golden.assert_network(seed, expected, {name: out._asdict() for name, out in named})


def test_part_centres_sizes_and_crops(seed: int, network: Hand4Whole, expected: Mapping[str, NDArray[Any]]) -> None:
    limit = golden.TOLERANCES[seed]
    crop = torch.from_numpy(expected["image"])[None]
    with torch.inference_mode():
        features = network.backbone(crop[:, ::2, ::2].permute(0, 3, 1, 2) / 255)
        _, heatmap = network.body_position_net(features)
        centres, sizes = network.box_net(features, heatmap)
        boxes = network.body(crop).boxes
        hands = network._part_crops(crop, boxes[:, :2].transpose(0, 1).reshape(2, 4), 256).numpy()
        face = network._part_crops(crop, boxes[:, 2], 192).numpy()
    for row, part in enumerate(("lhand", "rhand", "face")):
        np.testing.assert_allclose(centres[0, row], expected[f"{part}_center"], rtol=0, atol=limit.joints)
        np.testing.assert_allclose(sizes[0, row], expected[f"{part}_size"], rtol=0, atol=limit.joints)
    hands[0] = hands[0, :, :, ::-1]
    half = 1e-3  # the golden crops are float16
    np.testing.assert_allclose(hands, expected["hand_crops"], rtol=0, atol=half + limit.boxes)
    np.testing.assert_allclose(face[0], expected["face_crop"], rtol=0, atol=half + limit.boxes)


def test_body_mesh_and_joints(body: SmplxBody, expected: Mapping[str, NDArray[Any]]) -> None:
    rotations = golden.smplx_pose(expected, body.hand_mean)
    coefficients = expected["smplx_shape"], expected["smplx_expr"]
    placed = body.forward(rotations, *coefficients, expected["cam_trans"])
    np.testing.assert_allclose(placed.vertices_m, expected["smplx_mesh_cam"], rtol=0, atol=1e-5)
    np.testing.assert_allclose(body.forward(rotations, *coefficients).joints_m, expected["joints"], rtol=0, atol=1e-5)


def test_projected_joints(body: SmplxBody, expected: Mapping[str, NDArray[Any]]) -> None:
    mesh = body.forward(
        golden.smplx_pose(expected, body.hand_mean),
        expected["smplx_shape"],
        expected["smplx_expr"],
        expected["cam_trans"],
    )
    points = mesh.joints_m[list(_RELEASED_ORDER)].astype(np.float64)
    pixels = points[:, :2] / points[:, 2:] * FOCAL_PX + 0.5 * np.array(INPUT_WH)
    cells = pixels / np.array(INPUT_WH) * [6, 8]
    np.testing.assert_allclose(cells, expected["smplx_joint_proj"], rtol=0, atol=1e-3)


def test_roi_align_on_boxes_inside_across_outside_tiny_and_large() -> None:
    data = golden.load("roi_align.npz")
    image = torch.from_numpy(data["image"]).permute(2, 0, 1)[None] / 255
    boxes = torch.from_numpy(data["boxes"])
    crops = roi_align(image, boxes, torch.zeros(len(boxes), dtype=torch.int64), data["crops"].shape[-1])
    np.testing.assert_allclose(crops, data["crops"], rtol=0, atol=1e-4)


def test_roi_align_of_no_boxes_is_empty() -> None:
    crops = roi_align(torch.zeros(1, 3, 8, 8), torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64), 4)
    assert crops.shape == (0, 3, 4, 4)
