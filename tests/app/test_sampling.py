"""Takes at another frame rate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation, Slerp

from app.frame import Result
from app.recording.recorder import NpzRecorder
from app.recording.sampling import Sampling
from models.smplx_body import SmplxBody
from tests.app import people

ROWS = np.arange(4)


def test_a_slow_take_is_filled_in_between() -> None:
    frames = Sampling.at_rate(ROWS, ROWS / 10, ROWS, 20.0)
    np.testing.assert_allclose(frames.time_s, [0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3])
    np.testing.assert_allclose(frames.mixed(np.array([0.0, 10, 20, 30])), [0, 5, 10, 15, 20, 25, 30])
    np.testing.assert_array_equal(frames.nearest(ROWS)[::2], ROWS)


def test_nothing_is_made_up_where_the_person_was_away() -> None:
    index = np.array([0, 1, 5, 6])
    frames = Sampling.at_rate(ROWS, index / 10, index, 20.0)
    np.testing.assert_allclose(frames.time_s, [0, 0.05, 0.1, 0.5, 0.55, 0.6])


@pytest.mark.parametrize("step", [1, 3])  # frames a row: as fast as the camera, and slower
def test_nothing_is_made_up_where_the_camera_was_away(step: int) -> None:
    """Frames are numbered on when it is back; only their times tell."""
    index = step * np.arange(20)
    time_s = index / 30 + np.where(np.arange(20) < 10, 0.0, 60.0)
    frames = Sampling.at_rate(np.arange(20), time_s, index, 30.0)
    away = (frames.time_s > time_s[9] + 1e-6) & (frames.time_s < time_s[10] - 1e-6)
    assert not away.any()
    assert len(frames) == 2 * (9 * step + 1)


@pytest.mark.parametrize("rows_a_second", [28, 25, 22, 17])
def test_a_live_take_is_filled_in_where_frames_were_overtaken(rows_a_second: int) -> None:
    index = np.unique(np.floor(np.arange(10 * rows_a_second) * 30 / rows_a_second).astype(int))
    frames = Sampling.at_rate(np.arange(len(index)), index / 30, index, 30.0, live=True)
    np.testing.assert_allclose(frames.time_s, np.arange(index[-1] + 1) / 30)
    away = index / 30 + np.where(np.arange(len(index)) < 50, 0.0, 0.4)
    gaps = np.diff(Sampling.at_rate(np.arange(len(index)), away, index, 30.0, live=True).time_s)
    assert (gaps > 0.3).sum() == 1


def test_a_time_lapse_is_filled_in_between() -> None:
    frames = Sampling.at_rate(ROWS, 2.0 * ROWS, ROWS, 1.0)
    np.testing.assert_allclose(frames.time_s, np.arange(7))


def test_a_late_frame_is_no_absence() -> None:
    time_s = np.array([0.0, 0.033, 0.4, 0.433])
    assert len(Sampling.at_rate(ROWS, time_s, ROWS, 30.0)) == 13


def test_a_variable_rate_becomes_steady() -> None:
    time_s = np.array([0.0, 0.03, 0.11, 0.2])
    frames = Sampling.at_rate(ROWS, time_s, ROWS, 30.0)
    np.testing.assert_allclose(np.diff(frames.time_s), 1 / 30)
    np.testing.assert_allclose(frames.mixed(time_s), frames.time_s)  # time itself, interpolated, is the time asked for


def test_rotations_take_the_shortest_way() -> None:
    ends = Rotation.random(2, random_state=3)
    frames = Sampling.at_rate(np.arange(2), np.array([0.0, 1.0]), np.arange(2), 4.0)
    found = frames.turned(ends.as_rotvec()[:, None])[:, 0]
    expected = Slerp([0, 1], ends)(frames.time_s)
    np.testing.assert_allclose((Rotation.from_rotvec(found) * expected.inv()).magnitude(), 0, atol=1e-7)


def test_one_frame_stays_one() -> None:
    frames = Sampling.at_rate(np.array([7]), np.array([1.5]), np.array([3]), 30.0)
    np.testing.assert_array_equal(frames.before, [7])
    np.testing.assert_array_equal(frames.time_s, [1.5])


def test_the_file_is_at_the_rate_asked_for(tmp_path: Path, body: SmplxBody) -> None:
    path = tmp_path / "mesh.npz"
    with NpzRecorder(path, people.take(body, fps=12.0, resample_fps=30.0)) as recorder:
        for index in range(5):
            recorder(Result(people.frame(index, fps=12.0), (people.person(body, index),)))
        recorder.finish()
    with np.load(path, allow_pickle=False) as file:
        assert float(file["mocap_frame_rate"]) == float(file["fps"]) == 30
        assert len(file["time"]) == len(file["poses"]) == len(file["vertices"]) == 11
        middle = 0.5 * (people.take(body).record(people.frame(2), people.person(body, 2))["vertices"])
        middle = middle + 0.5 * people.take(body).record(people.frame(3), people.person(body, 3))["vertices"]
        # 2.5 recorded frames at 12 a second are 6.25 at 30: between the file's frames 6 and 7.
        np.testing.assert_allclose(0.75 * file["vertices"][6] + 0.25 * file["vertices"][7], middle, rtol=0, atol=1e-4)
