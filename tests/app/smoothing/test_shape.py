"""One shape a person."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from app.boxes import Track
from app.frame import Box, Frame
from app.smoothing.shape import Height, Shapes
from models.body_file import read_body_file
from models.smplx_body import SmplxBody
from tests import standins

BOX = Box((0.0, 0.0, 10.0, 20.0), 1.0)


def track(number: int = 1) -> Track:
    return Track(number, BOX, begins=False)


def at(time_s: float, shot: int = 0) -> Frame:
    return Frame(0, time_s, np.zeros((48, 64, 3), np.uint8), 0.0, shot=shot)


def guesses(count: int, seed: int = 0) -> np.ndarray:
    """About a shape, a fifth of them far off."""
    rng = np.random.default_rng(seed)
    values = np.linspace(-1, 1, 10) + rng.normal(0, 0.3, (count, 10))
    values[rng.random(count) < 0.2] += rng.normal(0, 8, 10)
    return values


@pytest.mark.parametrize("fps", [10, 30, 120])
def test_a_shape_settles_in_three_seconds_and_then_holds(fps: int) -> None:
    shapes = Shapes()
    out = np.stack([shapes.settled(track(), at(k / fps), one, 0.9) for k, one in enumerate(guesses(8 * fps))])
    assert np.abs(out[3 * fps :] - np.linspace(-1, 1, 10)).max() < 0.35
    assert np.ptp(out[3 * fps + 1 :], axis=0).max() == 0
    assert np.abs(np.diff(out[fps:], axis=0)).max() < 0.2


def test_frames_that_are_not_believed_count_only_where_there_are_no_others() -> None:
    shapes = Shapes()
    np.testing.assert_array_equal(shapes.settled(track(), at(0.0), np.full(10, 5.0), 0.1), 5.0)
    np.testing.assert_array_equal(shapes.settled(track(), at(0.1), np.full(10, 1.0), 0.9), 1.0)
    np.testing.assert_array_equal(shapes.settled(track(), at(0.2), np.full(10, 5.0), 0.1), 1.0)


def test_everyone_has_their_own_and_keeps_it_when_they_come_back() -> None:
    shapes = Shapes()
    shapes.settled(track(1), at(0.0), np.full(10, 1.0), 0.9)
    shapes.settled(track(2), at(0.0), np.full(10, 2.0), 0.9)
    for number in (1, 2):
        np.testing.assert_array_equal(shapes.settled(track(number), at(9.0), np.full(10, 7.0), 0.9), number)
    shapes.reset()
    np.testing.assert_array_equal(shapes.settled(track(1), at(10.0), np.full(10, 7.0), 0.9), 7.0)


@pytest.mark.parametrize(
    ("again", "when", "same"),
    [
        # Soon, about where they were; after a while; at once, elsewhere; in another shot.
        (Track(1, Box((1.0, 0.0, 11.0, 20.0), 1.0), begins=True, epoch=1), at(5.5), True),
        (Track(1, BOX, begins=True, epoch=1), at(8.0), False),
        (Track(1, Box((30.0, 0.0, 40.0, 20.0), 1.0), begins=True, epoch=1), at(4.1), False),
        (Track(1, BOX, begins=True, epoch=1), at(4.1, shot=1), False),
        # Someone known again, whatever happened.
        (Track(1, Box((30.0, 0.0, 40.0, 20.0), 1.0), begins=True, epoch=1, known=True), at(3000.0, shot=1), True),
    ],
)
def test_whoever_comes_after_someone_has_a_shape_of_their_own_unless_it_is_them(
    again: Track, when: Frame, same: bool
) -> None:
    shapes = Shapes()
    for k in range(41):
        shapes.settled(track(), at(k / 10), np.full(10, 1.0), 0.9)
    np.testing.assert_array_equal(shapes.settled(again, when, np.full(10, 7.0), 0.9), 1.0 if same else 7.0)


def test_memory_does_not_grow_with_the_people_who_were_there() -> None:
    shapes, betas = Shapes(), np.zeros(10)

    def an_hour(first_id: int) -> int:
        for person in range(360):
            for k in range(100):
                known = Track(first_id + person, BOX, begins=k == 0, epoch=person, known=True)
                shapes.settled(known, at(10.0 * (first_id + person) + k / 10), betas, 0.9)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = an_hour(1000)
        assert an_hour(2000) - before < 20_000
    finally:
        tracemalloc.stop()


def test_unlocked_every_frame_keeps_its_own() -> None:
    shapes = Shapes(locked=False)
    for k, one in enumerate(guesses(5)):
        np.testing.assert_array_equal(shapes.settled(track(), at(float(k)), one, 0.9), one)


@pytest.mark.parametrize("height_cm", [150.0, 172.0, 200.0])
def test_a_height_is_that_of_the_mesh_at_rest(height_cm: float, tmp_path: Path) -> None:
    """On a body whose first coefficient is mostly size."""
    arrays = standins.open_body_arrays()
    directions = arrays["shapedirs"].astype(np.float32) * 0.01
    directions[:, :, 0] = 0.05 * arrays["v_template"]

    body = SmplxBody(read_body_file(standins.save_body(tmp_path / "body.npz", arrays | {"shapedirs": directions})))
    betas = Height(body, height_cm).given_to(np.random.default_rng(0).normal(0, 0.5, 10))
    upright = np.tile(np.eye(3), (55, 1, 1))
    assert np.ptp(body.forward(upright, betas, np.zeros(10)).vertices_m[:, 1]) == pytest.approx(
        height_cm / 100, abs=2e-3
    )
