"""The golden files and how near to them is near enough: ten times what two FP32 runs of the released code differ by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.rotations import axis_angle_to_matrix, matrix_to_axis_angle, rot6d_to_matrix
from tests.standins import DATA

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Tolerance:
    """Absolute: pose values [rad] and anything network-sized, joints [cells], boxes [crop px], vertices [m]."""

    pose: float
    joints: float
    boxes: float
    vertices: float


TOLERANCES = {
    0: Tolerance(pose=9e-4, joints=3.7e-3, boxes=1.5e-3, vertices=5.4e-4),
    1: Tolerance(pose=2.6e-2, joints=5.7e-2, boxes=5e-3, vertices=1.2e-2),
}


def load(name: str) -> dict[str, NDArray[Any]]:
    with np.load(DATA / name) as file:
        return dict(file)


def assert_network(seed: int, golden: Arrays, out: Mapping[str, Arrays]) -> None:
    """Compare the outputs of the four graphs, by graph and tensor name, with every key they determine."""
    limit = TOLERANCES[seed]
    first = {graph: {name: np.asarray(value)[0] for name, value in tensors.items()} for graph, tensors in out.items()}
    body, hand, face, pose = (first[graph] for graph in ("body", "hand", "face", "pose"))
    _near(body["features"][::32], golden["body_feat"], limit.pose)
    _near(body["joints"], golden["body_joint_img"], limit.joints)
    _near(body["boxes"], np.stack([golden[f"{part}_bbox"] for part in ("lhand", "rhand", "face")]), limit.boxes)
    # The golden hands are as the network sees them: the left one mirrored.
    mirrored = hand["features"][:, ::32].copy()
    mirrored[0] = mirrored[0, :, :, ::-1]
    _near(mirrored, golden["hand_feat"], limit.pose)
    joints = hand["joints"].copy()
    joints[0, :, 0] = 7 - joints[0, :, 0]
    _near(joints, golden["hand_joint_img"], limit.joints)
    rot6d = hand["rot6d"].copy()
    rot6d[0] *= [1, -1, -1, 1, -1, 1]
    _near(rot6d.reshape(2, 90), golden["hand_rot6d"], limit.pose)
    _near(_axis_angle(rot6d), golden["hand_axis_angle"].reshape(2, 15, 3), limit.pose)
    _near(face["expression"], golden["expr"], limit.pose)
    _near(face["jaw_rot6d"], golden["jaw_rot6d"], limit.pose)
    _near(pose["root_rot6d"], golden["root_rot6d"], limit.pose)
    _near(pose["body_rot6d"].reshape(-1), golden["body_rot6d"], limit.pose)
    _near(pose["betas"], golden["shape"], limit.pose)
    _near(pose["camera"], golden["cam_trans"], limit.vertices)
    cells = np.concatenate((body["joints"], *_hands_in_body_cells(hand["joints"], body["boxes"])))
    _near(cells, golden["joint_img"], limit.joints)
    for name, rotations in (
        ("root", pose["root_rot6d"]),
        ("body", pose["body_rot6d"]),
        ("lhand", hand["rot6d"][0]),
        ("rhand", hand["rot6d"][1]),
        ("jaw", face["jaw_rot6d"]),
    ):
        expected = golden[f"smplx_{name}_pose"].reshape(-1, 3)
        _near(_axis_angle(rotations.reshape(-1, 6)), expected, limit.pose)


def smplx_pose(golden: Arrays, hand_mean: NDArray[Any], suffix: str = "") -> NDArray[np.float64]:
    """(55, 3, 3) absolute rotations from the golden axis-angles, whose hands are relative to the mean."""
    hands = np.stack([golden[f"smplx_{side}hand_pose{suffix}"].reshape(15, 3) for side in "lr"]) + hand_mean
    parts = (
        golden[f"smplx_root_pose{suffix}"].reshape(1, 3),
        golden[f"smplx_body_pose{suffix}"].reshape(21, 3),
        golden[f"smplx_jaw_pose{suffix}"].reshape(1, 3),
        np.zeros((2, 3)),
        *hands,
    )
    return axis_angle_to_matrix(np.concatenate(parts).astype(np.float64)).astype(np.float64)


def _hands_in_body_cells(joints: NDArray[Any], boxes: NDArray[Any]) -> list[NDArray[Any]]:
    """Hand joints (2, 20, 3) from cells of their 8 x 8 maps to the body's 8 x 6, as the released code reports them."""
    moved = []
    for hand, (x1, y1, x2, y2) in zip(joints, boxes[:2], strict=True):
        xy = hand[:, :2] / 8 * [x2 - x1, y2 - y1] + [x1, y1]
        moved.append(np.concatenate((xy / [384, 512] * [6, 8], hand[:, 2:]), 1))
    return moved


def _axis_angle(rot6d: NDArray[Any]) -> NDArray[Any]:
    return matrix_to_axis_angle(rot6d_to_matrix(rot6d.reshape(*rot6d.shape[:-1], 6).astype(np.float64)))


def _near(found: NDArray[Any], expected: NDArray[Any], limit: float) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=limit)
