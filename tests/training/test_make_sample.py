"""The sample clip and the parameters shipped beside it are of one make."""

from __future__ import annotations

import av
import numpy as np
from scipy.spatial.transform import Rotation

from models.body_file import OPEN_BODY
from models.smplx_body import SmplxBody
from training.make_sample import FPS, SAMPLE, motion

TRUTH = dict(np.load(SAMPLE.with_suffix(".npz")))
FRAMES = len(TRUTH["rotations"])


def test_the_clip_has_a_frame_for_each_row_and_is_small() -> None:
    assert SAMPLE.stat().st_size < 1_000_000
    with av.open(str(SAMPLE)) as container:
        stream = container.streams.video[0]
        assert float(stream.average_rate or 0) == FPS == int(TRUTH["fps"])
        assert sum(1 for _ in container.decode(stream)) == FRAMES


def test_the_motion_is_the_one_that_is_written_here() -> None:
    written = Rotation.from_rotvec(TRUTH["rotations"].reshape(-1, 3)).as_matrix().reshape(-1, 55, 3, 3)
    np.testing.assert_allclose(written, motion(np.arange(FRAMES) / FPS), atol=1e-6)


def test_the_shipped_body_gives_the_joints() -> None:
    body = SmplxBody.load(OPEN_BODY)
    for row in range(0, FRAMES, 30):
        rotations = Rotation.from_rotvec(TRUTH["rotations"][row]).as_matrix()
        mesh = body.forward(rotations, TRUTH["betas"], TRUTH["expression"][row], TRUTH["translation"][row])
        np.testing.assert_allclose(mesh.joints_m[:55], TRUTH["joints"][row], rtol=0, atol=1e-5)


def test_the_person_is_in_the_picture() -> None:
    fx, fy, cx, cy = TRUTH["camera"]
    x, y, z = np.moveaxis(TRUTH["joints"], -1, 0)
    assert ((fx * x / z + cx > 0) & (fx * x / z + cx < 640) & (fy * y / z + cy > 0) & (fy * y / z + cy < 480)).all()
