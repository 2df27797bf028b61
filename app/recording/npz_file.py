"""mesh.npz: a take in the keys that SMPL-X add-ons, AMASS tools and aitviewer read."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.recording.sampling import Sampling, follow
from app.recording.take import Take
from models import joints
from models.rotations import Array, axis_angle_to_matrix, matrix_to_axis_angle

FORMAT_VERSION = 1
_CHUNK_FRAMES = 256

# Camera axes (x right, y down, z forward) to the file's, as rows.
FILE_FROM_CAMERA: dict[str, Array] = {
    "camera": np.eye(3),
    "y-up": np.array([[1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, -1.0]]),
    "z-up": np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]]),
}


def write_takes(path: Path, take: Take, records: NDArray[Any], rows: NDArray[np.intp]) -> list[Path]:
    """One file for each person: `path`, or `path` with the track ids before its suffix where there are several.

    records: (N,) of `take.record_dtype`. rows: those that go in, at least one. Each file appears whole or not at all.
    Raises OSError.
    """
    track_ids = records["track_id"][rows]
    ids = np.unique(track_ids)
    written = []
    for track_id in ids:
        target = path if len(ids) == 1 else path.with_name(f"{path.stem}.{track_id}{path.suffix}")
        frames = _frames(take, records, rows[track_ids == track_id])
        _write(target, columns(take, records, frames), take, records, frames)
        written.append(target)
    return written


def columns(take: Take, records: NDArray[Any], frames: Sampling) -> dict[str, NDArray[Any]]:
    """All arrays of one person's file but the vertices."""

    def picked(name: str) -> NDArray[Any]:
        return frames.mixed(records[name])

    poses = frames.turned(records["poses"].reshape(-1, len(joints.SMPLX_JOINTS), 3))  # (T, 55, 3)
    betas_per_frame = picked("betas")
    betas = robust_mean(betas_per_frame)
    expression = picked("expression")
    pelvis = picked("translation") + resting_pelvis(take, betas_per_frame, expression)
    turn = FILE_FROM_CAMERA[take.axes]
    root = matrix_to_axis_angle(turn @ axis_angle_to_matrix(poses[:, 0]))
    # SMPL-X turns the body about its pelvis, not about the origin. So the pelvis is what the axes are changed for, and
    # the translation is what brings there the pelvis of the take's shape.
    trans = pelvis @ turn.T - resting_pelvis(take, np.tile(betas, (len(frames), 1)), expression)
    poses[:, 0] = root
    hands = np.concatenate((poses[:, joints.LEFT_HAND], poses[:, joints.RIGHT_HAND]), 1)
    parts = {
        "root_orient": poses[:, joints.ROOT],
        "pose_body": poses[:, joints.BODY],
        "pose_hand": hands,
        "pose_jaw": poses[:, joints.JAW],
        "pose_eye": poses[:, joints.EYES],
        "poses_root": poses[:, joints.ROOT],
        "poses_body": poses[:, joints.BODY],
        "poses": poses,
    }
    frame_index = frames.nearest(records["frame_index"])
    fps = take.resample_fps or true_fps(frame_index, frames.time_s, take.fps, live=take.live)
    whole_fps = np.array(max(1.0, float(round(fps))))  # as importers want it, and 0 is no rate
    camera = take.camera
    return {
        **{name: part.reshape(len(frames), -1).astype(np.float32) for name, part in parts.items()},
        "trans": trans.astype(np.float32),
        "betas": betas.astype(np.float32),
        "betas_per_frame": betas_per_frame,
        "expression": expression,
        "gender": np.array("neutral"),
        "surface_model_type": np.array("smplx"),
        "mocap_frame_rate": whole_fps,
        "mocap_framerate": whole_fps,
        "fps": np.array(fps),
        "faces": take.faces,
        "joints": picked("joints"),
        "joint_names": np.array(joints.SMPLX_POINTS),
        "camera": np.array([camera.fx, camera.fy, camera.cx, camera.cy], np.float32),
        "image_size": np.array(take.image_size_wh, np.int32),
        "frame_index": frame_index,
        "time": frames.time_s,
        "box": picked("box"),
        "confidence": picked("confidence"),
        "flags": frames.nearest(records["flags"]),
        "axes": np.array(take.axes),
        "format_version": np.array(FORMAT_VERSION),
        "model": np.array(take.model),
        "body": np.array(take.body),
        "shape": np.array(take.shape),
        "licence": np.array(take.licence),
    }


def _frames(take: Take, records: NDArray[Any], rows: NDArray[np.intp]) -> Sampling:
    time_s = np.asarray(records["time"][rows])
    if take.resample_fps is None:
        return Sampling.as_recorded(rows, time_s)
    return Sampling.at_rate(rows, time_s, records["frame_index"][rows], take.resample_fps, live=take.live)


def robust_mean(values: NDArray[Any]) -> Array:
    """(T, K) -> (K,): the mean of each column's middle half, which a few bad frames do not move."""
    ordered = np.sort(values.astype(np.float64), 0)
    cut = len(ordered) // 4
    return np.asarray(ordered[cut : len(ordered) - cut].mean(0))


def true_fps(frame_index: NDArray[Any], time_s: NDArray[Any], stated: float, *, live: bool = False) -> float:
    """Rows a second: as the source states where the frames' times agree within a twentieth, otherwise as they say.

    Times without the person or the camera do not count. A short part of a 30 fps recording can measure 29.3, which is
    jitter, not a rate. live: rows are several frames apart where newer frames overtook others, the rate is theirs, and
    as measured: a camera states what it would give in good light.
    """
    usual = follow(frame_index, time_s, live=live)
    if not usual.any():
        return stated
    seconds = float(np.diff(time_s)[usual].sum())
    if live:
        return float(usual.sum()) / seconds
    steps = np.diff(frame_index)[usual]
    measured = float(steps.sum()) / seconds
    frames_per_s = stated if abs(measured / stated - 1) < 0.05 else measured
    return frames_per_s / float(steps.mean())


def resting_pelvis(take: Take, betas: NDArray[Any], expression: NDArray[Any]) -> Array:
    """(T, 10), (T, 10) -> (T, 3) metres, where the body's root joint is before it is moved."""
    coefficients = np.concatenate((betas, expression), 1).astype(np.float64)
    return np.asarray(take.pelvis_template + coefficients @ take.pelvis_directions.T)


def _write(path: Path, arrays: Mapping[str, NDArray[Any]], take: Take, records: NDArray[Any], frames: Sampling) -> None:
    """An npz like `np.savez` makes, written beside and renamed; vertices go through a few frames at a time."""
    beside = path.with_name(f".{path.name}.writing")
    try:
        with zipfile.ZipFile(beside, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
            for name, array in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, array, allow_pickle=False)
            if take.vertex_count:
                with archive.open("vertices.npy", "w", force_zip64=True) as member:
                    shape = (len(frames), take.vertex_count, 3)
                    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
                    np.lib.format.write_array_header_1_0(member, header)
                    for start in range(0, len(frames), _CHUNK_FRAMES):
                        chunk = frames.part(start, start + _CHUNK_FRAMES).mixed(records["vertices"])
                        member.write(np.ascontiguousarray(chunk).data)
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
