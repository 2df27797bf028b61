"""What the networks say of somebody in a box: as the tracker has it before it places and smooths; and their boxes of
hands and face against true ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.boxes import Track
from app.crop import Crop
from app.estimator import Estimate, Keypoints, Subject
from app.frame import BodyParams, Box, Frame
from app.load import OPEN_BUNDLE
from app.pinhole import Pinhole
from app.placing import Place
from app.smoothing.shape import Shapes
from training.estimates import estimates_in, part_overlaps
from training.evaluate import estimated, held_out_frames, tracking


def test_estimates_are_those_that_the_tracker_places() -> None:
    filmed = next(one for one in held_out_frames(4) if one.seen[0] > 0.5)
    frame = Frame(0, 0.0, filmed.rgb, 0.0)
    x1, y1, x2, y2 = map(float, filmed.boxes[0])
    box = Box((x1, y1, x2, y2), 1.0)
    with tracking(str(OPEN_BUNDLE)) as parts:
        estimates, person = estimates_in(parts, frame, box), estimated(parts, frame, box)
        assert estimates is not None
        camera = Pinhole.from_fov(60.0, frame.size_wh)
        (placed,) = Place(parts.body, lambda _: camera, Shapes(locked=False))(estimates).people
    np.testing.assert_allclose(placed.params.rot6d, person.params.rot6d, atol=1e-5)
    np.testing.assert_allclose(placed.params.translation_m, person.params.translation_m, atol=1e-4)


def test_a_box_beside_the_frame_has_nobody(tiny_bundle: Path) -> None:
    frame = Frame(0, 0.0, np.zeros((48, 64, 3), np.uint8), 0.0)
    with tracking(str(tiny_bundle)) as parts:
        assert estimates_in(parts, frame, Box((-20.0, 0.0, -5.0, 40.0), 1.0)) is None


def test_overlaps_are_those_of_the_squares_around_the_parts() -> None:
    crop = Crop((10.0, 20.0, 144.0, 192.0), (288, 384))  # two of its pixels for one of the frame
    tight = np.array(((20.0, 30.0, 30.0, 50.0), (40.0, 60.0, 60.0, 80.0), (-30.0, 40.0, -10.0, 60.0)))
    middles = crop.crop_from_frame(tight.reshape(3, 2, 2).mean(1))
    halves = np.array(((40.0,), (40.0,), (30.0,)))  # 20 px of the frame, twice as wide for hands, half more for faces
    squares = np.concatenate((middles - halves, middles + halves), 1)
    squares[1, ::2] += 40.0  # to the right by half its width
    subject = Subject(Track(1, Box((20.0, 30.0, 130.0, 180.0), 1.0), begins=True), crop)
    params = BodyParams(np.zeros((53, 6)), np.zeros(10), np.zeros(10), np.zeros(3))
    points = np.zeros((25, 2), np.float32), np.zeros((2, 20, 2), np.float32)
    keypoints = Keypoints(*points, points[0][:, 0], points[1][..., 0])
    estimate = Estimate(subject, params, squares.astype(np.float32), keypoints)
    np.testing.assert_allclose(part_overlaps(estimate, tight, (320, 240)), (1.0, 1 / 3, np.nan), atol=1e-5)
