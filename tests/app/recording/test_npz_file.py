"""mesh.npz: what is in it, and that it means what SMPL-X readers take it for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from app.frame import Person, Result
from app.recording.npz_file import robust_mean, true_fps
from app.recording.partial import partial_path
from app.recording.recorder import NpzRecorder
from models.rotations import axis_angle_to_matrix
from models.smplx_body import SmplxBody
from tests.app import people
from tests.app.takes import read

SHAPES = {
    "poses": (3, 165),
    "root_orient": (3, 3),
    "pose_body": (3, 63),
    "pose_hand": (3, 90),
    "pose_jaw": (3, 3),
    "pose_eye": (3, 6),
    "poses_root": (3, 3),
    "poses_body": (3, 63),
    "trans": (3, 3),
    "betas": (10,),
    "betas_per_frame": (3, 10),
    "expression": (3, 10),
    "vertices": (3, 10475, 3),
    "faces": (20908, 3),
    "joints": (3, 144, 3),
    "joint_names": (144,),
    "camera": (4,),
    "image_size": (2,),
    "frame_index": (3,),
    "time": (3,),
    "box": (3, 4),
    "confidence": (3, 4),
    "flags": (3,),
    **dict.fromkeys(("gender", "surface_model_type", "mocap_frame_rate", "mocap_framerate", "fps"), ()),
    **dict.fromkeys(("axes", "format_version", "model", "body", "licence", "shape"), ()),
}


def record(path: Path, body: SmplxBody, seeds: list[int], **settings: Any) -> dict[str, NDArray[Any]]:
    """A take of one person with these seeds, one a frame."""
    with NpzRecorder(path, people.take(body, **settings)) as recorder:
        for index, seed in enumerate(seeds):
            recorder(Result(people.frame(index), (people.person(body, seed),)))
        assert recorder.finish() == [path]
    assert not partial_path(path).exists()
    return read(path)


def test_every_key_has_its_shape(tmp_path: Path, body: SmplxBody) -> None:
    file = record(tmp_path / "mesh.npz", body, [1, 2, 3])
    assert {name: array.shape for name, array in file.items()} == SHAPES
    assert file["faces"].dtype == np.int32
    assert file["flags"].dtype == np.uint8
    assert {str(file["gender"]), str(file["surface_model_type"])} == {"neutral", "smplx"}
    np.testing.assert_array_equal(file["confidence"][0], np.array([0.9, 0.8, 0.7, 0.6], np.float32))
    np.testing.assert_array_equal(file["frame_index"], [0, 1, 2])
    np.testing.assert_allclose(file["time"], [0, 1 / 30, 2 / 30], rtol=0, atol=1e-12)


def test_vertices_can_be_left_out(tmp_path: Path, body: SmplxBody) -> None:
    file = record(tmp_path / "mesh.npz", body, [1, 2, 3], vertices=False)
    assert file.keys() == SHAPES.keys() - {"vertices"}


@pytest.mark.parametrize(
    ("axes", "camera_from_file"),
    [
        ("camera", np.eye(3)),
        ("y-up", np.diag([1.0, -1.0, -1.0])),
        ("z-up", np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])),
    ],
)
def test_parameters_give_the_vertices_again(
    tmp_path: Path, body: SmplxBody, axes: str, camera_from_file: NDArray[np.float64]
) -> None:
    """What any SMPL-X reader does with the file ends at the file's own vertices, turned to the file's axes."""
    file = record(tmp_path / "mesh.npz", body, [5, 5], axes=axes)
    rotations = axis_angle_to_matrix(file["poses"][1].astype(np.float64).reshape(55, 3))
    mesh = body.forward(rotations, file["betas"], file["expression"][1], file["trans"][1])
    in_camera = mesh.vertices_m @ camera_from_file.T
    np.testing.assert_allclose(in_camera, file["vertices"][1], rtol=0, atol=1e-4)


def test_the_parts_repeat_the_poses(tmp_path: Path, body: SmplxBody) -> None:
    file = record(tmp_path / "mesh.npz", body, [1, 2, 3])
    order = ("root_orient", "pose_body", "pose_jaw", "pose_eye", "pose_hand")
    np.testing.assert_array_equal(np.concatenate([file[name] for name in order], 1), file["poses"])
    np.testing.assert_array_equal(file["poses_body"], file["pose_body"])
    np.testing.assert_array_equal(file["poses_root"], file["root_orient"])


def test_the_takes_camera_sees_the_root_where_the_crops_did(tmp_path: Path, body: SmplxBody) -> None:
    file = record(tmp_path / "mesh.npz", body, [4])
    fx, fy, cx, cy = file["camera"]
    x, y, z = file["joints"][0, 0]
    seen = people.CROP_CAMERA.project(people.person(body, 4).joints_m[0].astype(np.float64))
    np.testing.assert_allclose([fx * x / z + cx, fy * y / z + cy], seen, rtol=0, atol=1e-2)
    np.testing.assert_allclose(fx / z, people.CROP_CAMERA.fx / people.person(body, 4).joints_m[0, 2], rtol=1e-4)


def test_frames_without_the_person_are_absent(tmp_path: Path, body: SmplxBody) -> None:
    path = tmp_path / "mesh.npz"
    with NpzRecorder(path, people.take(body)) as recorder:
        for index in (0, 1, 4):
            recorder(Result(people.frame(index), (people.person(body, index),)))
            recorder(Result(people.frame(index + 10), ()))
        recorder.finish()
    np.testing.assert_array_equal(read(path)["frame_index"], [0, 1, 4])


def test_several_people_get_a_file_each(tmp_path: Path, body: SmplxBody) -> None:
    with NpzRecorder(tmp_path / "mesh.npz", people.take(body, vertices=False)) as recorder:
        for index in range(3):
            ids = (1, 7) if index else (7,)
            recorder(Result(people.frame(index), tuple(people.person(body, k, track_id=k) for k in ids)))
        assert recorder.finish() == [tmp_path / "mesh.1.npz", tmp_path / "mesh.7.npz"]
    assert len(read(tmp_path / "mesh.1.npz")["time"]) == 2
    assert len(read(tmp_path / "mesh.7.npz")["time"]) == 3


def test_a_take_of_nobody_writes_nothing(tmp_path: Path, body: SmplxBody) -> None:
    with NpzRecorder(tmp_path / "mesh.npz", people.take(body)) as recorder:
        recorder(Result(people.frame(0), ()))
        assert recorder.finish() == []
    assert list(tmp_path.iterdir()) == []


def test_fingers_past_half_a_turn_stay_the_sum_of_mean_and_pose(body: SmplxBody) -> None:
    """SMPL-X adds the mean hand as an axis-angle, so a finger's angle may exceed pi; the file must not wrap it."""
    mean = body.hand_mean[0, 0]
    relative = 3.1 * mean / np.linalg.norm(mean)
    total = relative + mean
    assert np.linalg.norm(total) > np.pi
    someone = people.person(body, 3)
    rot6d = someone.params.rot6d.copy()
    rot6d[22] = Rotation.from_rotvec(total).as_matrix()[:, :2].reshape(6)
    made = people.take(body).record(people.frame(0), replace_rot6d(someone, rot6d))
    np.testing.assert_allclose(made["poses"].reshape(55, 3)[25], total, rtol=0, atol=1e-4)


def replace_rot6d(someone: Person, rot6d: NDArray[Any]) -> Person:
    return replace(someone, params=replace(someone.params, rot6d=rot6d))


@pytest.mark.parametrize(
    ("index", "time", "stated", "expected"),
    [
        ([0, 1, 2], [0.0, 0.1, 0.2], 10.0, 10.0),
        ([0, 1, 2], [0.0, 0.1, 0.2], 30.0, 10.0),  # the source states nonsense
        ([0, 2, 4], [0.0, 0.2, 0.4], 10.0, 5.0),  # every second frame was overtaken: the rows' rate
        ([0, 1, 2], [0.0, 0.034, 0.068], 29.97, 29.97),  # jitter of a short part
        ([5], [1.0], 24.0, 24.0),  # one frame has no rate
        ([0, 1, 2, 3], [0.0, 0.1, 60.1, 60.2], 10.0, 10.0),  # the camera was lost for a minute
        ([0, 1, 2, 3], [0.0, 0.1, 60.1, 60.2], 30.0, 10.0),
        ([0, 3, 6, 9], [0.0, 0.1, 60.1, 60.2], 30.0, 10.0),  # and every third frame was tracked
        ([0, 90], [0.0, 3.0], 30.0, 30.0),  # the person was away in between
        ([0, 1, 91], [0.0, 1 / 30, 3.0], 30.0, 30.0),
        ([0, 1, 11], [0.0, 1 / 30, 11 / 30], 30.0, 30.0),
        ([0, 1, 2], [0.0, 2.0, 4.0], 0.5, 0.5),  # a time lapse
        ([0, 30, 60], [0.0, 1.0, 2.0], 30.0, 1.0),  # one person a second is all that can be tracked
    ],
)
def test_the_true_frame_rate(index: list[int], time: list[float], stated: float, expected: float) -> None:
    assert true_fps(np.array(index), np.array(time), stated) == pytest.approx(expected)


@pytest.mark.parametrize("rows_a_second", [28, 25, 22, 17, 12])
def test_a_live_take_has_the_rate_of_its_rows(rows_a_second: int) -> None:
    """Each row is the newest frame of a camera of 30 a second, now the next one, now the one after it."""
    index = np.unique(np.floor(np.arange(20 * rows_a_second) * 30 / rows_a_second).astype(int))
    fps = true_fps(index, index / 30, 30.0, live=True)
    assert fps == pytest.approx(rows_a_second, rel=0.01)


@pytest.mark.parametrize(
    ("index", "time", "expected"),
    [
        ([*range(30)], [k / 28.7 for k in range(30)], 28.7),  # in dim light
        ([0, 1, 3, 4, 64, 65, 67], [0.0, 0.03, 0.1, 0.13, 2.13, 2.16, 2.23], 5 / 0.23),  # two seconds away
        ([0, 1, 2, 3], [0.0, 0.1, 60.1, 60.2], 10.0),
        ([0, 90], [0.0, 3.0], 30.0),
        ([5], [1.0], 30.0),
        ([0, 30, 60], [0.0, 1.0, 2.0], 1.0),
    ],
)
def test_the_rate_of_a_live_take_is_measured(index: list[int], time: list[float], expected: float) -> None:
    assert true_fps(np.array(index), np.array(time), 30.0, live=True) == pytest.approx(expected)


def test_importers_get_whole_rates_and_the_true_one_beside(tmp_path: Path, body: SmplxBody) -> None:
    file = record(tmp_path / "mesh.npz", body, [1], vertices=False, fps=29.97)
    assert float(file["mocap_frame_rate"]) == float(file["mocap_framerate"]) == 30
    assert float(file["fps"]) == pytest.approx(29.97)


@pytest.mark.parametrize(("fps", "whole"), [(0.2, 1), (0.5, 1), (1.4, 1), (1.6, 2)])
def test_importers_get_a_rate_above_zero(tmp_path: Path, body: SmplxBody, fps: float, whole: int) -> None:
    file = record(tmp_path / "mesh.npz", body, [1], vertices=False, fps=fps)
    assert float(file["mocap_frame_rate"]) == float(file["mocap_framerate"]) == whole
    assert float(file["fps"]) == pytest.approx(fps)


def test_the_takes_shape_is_not_moved_by_a_bad_frame() -> None:
    betas = np.zeros((20, 10))
    betas[3] = 100
    np.testing.assert_array_equal(robust_mean(betas), np.zeros(10))
    np.testing.assert_array_equal(robust_mean(np.ones((1, 10))), np.ones(10))


def test_the_file_says_whose_shape_it_has(tmp_path: Path, body: SmplxBody) -> None:
    assert str(record(tmp_path / "mesh.npz", body, [1], vertices=False)["shape"]) == "estimated"
