"""What the networks say of somebody in a box: as the tracker has it before it places and smooths."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.frame import Box, Frame
from app.load import OPEN_BUNDLE
from app.pinhole import Pinhole
from app.placing import Place
from app.smoothing.shape import Shapes
from training.estimates import estimates_in
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
        (placed,) = Place(parts.body, lambda _: camera, Shapes(locked=False), limbs=True)(estimates).people
    np.testing.assert_allclose(placed.params.rot6d, person.params.rot6d, atol=1e-5)
    np.testing.assert_allclose(placed.params.translation_m, person.params.translation_m, atol=1e-4)


def test_a_box_beside_the_frame_has_nobody(tiny_bundle: Path) -> None:
    frame = Frame(0, 0.0, np.zeros((48, 64, 3), np.uint8), 0.0)
    with tracking(str(tiny_bundle)) as parts:
        assert estimates_in(parts, frame, Box((-20.0, 0.0, -5.0, 40.0), 1.0)) is None
