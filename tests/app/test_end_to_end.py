"""The whole program against the released code's own result on a frame, and on a real clip where there is one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.crop import Crop
from app.frame import Box
from app.main import main as wb_track
from app.pinhole import Pinhole
from app.standing import towards
from models.rotations import axis_angle_to_matrix
from models.smplx_body import SmplxBody
from tests import golden, standins

CLIP = Path(__file__).parents[3] / "shared" / "media" / "tennis.mp4"


@pytest.mark.parametrize("row", [0, 1])
def test_a_frame_gives_what_the_released_code_gives(
    full_bundle: Callable[[int], Path], body_path: Path, body: SmplxBody, tmp_path: Path, row: int
) -> None:
    expected = golden.load("e2e_seed2.npz")
    out = tmp_path / "mesh.npz"
    box = ",".join(str(value) for value in expected[f"box{row}"])
    frame = str(standins.DATA / "frame.png")
    model, shape = str(full_bundle(2)), str(body_path)
    command = ["--video", frame, "--box", box, "--model", model, "--body", shape, "--axes", "camera", "--out", str(out)]
    assert wb_track([*command, "--smooth", "off", "-q"]) == 0
    with np.load(out, allow_pickle=False) as file:
        found = dict(file)
    turn = towards_the_crop(tuple(expected[f"box{row}"]), tuple(found["image_size"]))
    root = axis_angle_to_matrix(expected[f"smplx_root_pose{row}"].astype(np.float64))
    np.testing.assert_allclose(axis_angle_to_matrix(found["root_orient"][0].astype(np.float64)), turn @ root, atol=1e-2)
    for name, key in (("pose_body", "body"), ("pose_jaw", "jaw")):
        np.testing.assert_allclose(found[name][0], expected[f"smplx_{key}_pose{row}"], rtol=0, atol=1e-2)
    hands = np.concatenate([expected[f"smplx_{side}hand_pose{row}"] for side in "lr"]) + body.hand_mean.reshape(-1)
    np.testing.assert_allclose(found["pose_hand"][0], hands, rtol=0, atol=1e-2)
    pose = axis_angle_to_matrix(found["poses"][0].astype(np.float64).reshape(55, 3))
    np.testing.assert_allclose(pose[1:], golden.smplx_pose(expected, body.hand_mean, str(row))[1:], rtol=0, atol=1e-2)
    np.testing.assert_allclose(found["betas"], expected[f"smplx_shape{row}"], rtol=0, atol=1e-2)
    np.testing.assert_allclose(found["expression"][0], expected[f"smplx_expr{row}"], rtol=0, atol=1e-2)
    vertices, reference = found["vertices"][0], expected[f"smplx_mesh_cam{row}"] @ turn.T
    np.testing.assert_allclose(vertices - vertices.mean(0), reference - reference.mean(0), rtol=0, atol=5e-3)


def towards_the_crop(xywh: tuple[float, ...], frame_wh: tuple[int, int]) -> NDArray[np.floating[Any]]:
    """(3, 3): from the crop's line of sight to the axes of the take's camera, which the released code does not have."""
    x, y, width, height = xywh
    crop = Crop.around(Box((x, y, x + width, y + height), 1.0), frame_wh, (384, 512))
    assert crop is not None
    return towards(Pinhole.from_fov(60.0, frame_wh), crop.centre_px)


@pytest.mark.skipif(not CLIP.exists(), reason="the real clip is not part of the project")
def test_a_real_clip_from_start_to_end(tiny_bundle: Path, body_path: Path, tmp_path: Path) -> None:
    out = tmp_path / "mesh.npz"
    command = ["--video", str(CLIP), "--box", "300,160,190,490", "--model", str(tiny_bundle), "--body", str(body_path)]
    assert wb_track([*command, "--out", str(out), "-q"]) == 0
    with np.load(out, allow_pickle=False) as file:
        assert file["vertices"].shape == (312, 10475, 3)
        assert np.isfinite(file["vertices"]).all()
        assert file["time"][0] == 0
        assert file["time"][-1] == pytest.approx(10.41132, abs=1e-4)
        assert (np.diff(file["time"]) > 0).all()
        assert float(file["mocap_frame_rate"]) == 30
