"""The sample clip `models/open/sample.mp4` and its true parameters beside it: `python -m training.make_sample`."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import torch
from scipy.spatial.transform import Rotation

from models.body_file import OPEN_BODY, read_body_file
from models.joints import SMPLX_JOINTS
from training.film import Actor, Film
from training.looks import random_look
from training.poses import POSES, Pose

SAMPLE = OPEN_BODY.with_name("sample.mp4")
FPS = 30
_SECONDS = 5.0
_SIZE_WH = (640, 480)
_FOCAL_PX = 600.0
_LOOK_SEED = 52
_SWAY_DEG = 6.0

_WAVE = Pose(
    {
        **{"right_collar": (0, 0, -10), "right_shoulder": (-75, 14, -8), "right_elbow": (0, 85, 0)},
        **{"left_shoulder": (8, 4, -62), "left_elbow": (0, -18, 0), "neck": (0, -6, 4), "head": (0, -6, 4)},
    },
    *("relaxed", "spread"),
)
_KEYS: tuple[tuple[float, Pose], ...] = (
    (0.0, POSES["standing"]),
    (0.8, _WAVE),
    (1.9, _WAVE),
    (2.6, POSES["hands on hips"]),
    (3.1, POSES["hands on hips"]),
    (3.9, POSES["reaching"]),
    (5.0, POSES["standing"]),
)


def motion(times_s: np.ndarray) -> np.ndarray:
    """(T, 55, 3, 3) local rotations, model axes: poses blended on SO(3), and a hand that waves."""
    keys = np.stack([pose.rotations() for _, pose in _KEYS])  # (K, 55, 3, 3)
    at = np.array([time for time, _ in _KEYS])
    rotations = np.empty((len(times_s), len(SMPLX_JOINTS), 3, 3))
    for row, time in enumerate(times_s):
        last = int(np.clip(np.searchsorted(at, time, side="right"), 1, len(at) - 1))
        share = (time - at[last - 1]) / (at[last] - at[last - 1])
        share = share * share * (3 - 2 * share)
        turned = Rotation.from_matrix(np.swapaxes(keys[last - 1], 1, 2) @ keys[last]).as_rotvec() * share
        rotations[row] = keys[last - 1] @ Rotation.from_rotvec(turned).as_matrix()
        waving = np.clip(1 - abs(time - 1.35) / 0.65, 0, 1) * np.sin(2 * np.pi * 2 * time)
        elbow = SMPLX_JOINTS.index("right_elbow")
        rotations[row, elbow] = rotations[row, elbow] @ Rotation.from_euler("y", 22 * waving, degrees=True).as_matrix()
        sway = Rotation.from_euler("y", 14 + _SWAY_DEG * np.sin(2 * np.pi * time / _SECONDS), degrees=True).as_matrix()
        rotations[row, 0] = np.diag((1.0, -1.0, -1.0)) @ sway @ rotations[row, 0]
    return rotations


def background() -> np.ndarray:
    """A plain room (H, W, 3)."""
    width, height = _SIZE_WH
    wall = np.linspace((196, 200, 204), (168, 170, 172), height)[:, None].repeat(width, 1)
    image = np.ascontiguousarray(wall, np.uint8)
    image[400:] = (128, 112, 96)
    for corner, size, colour in (((40, 90), (130, 100), (150, 140, 120)), ((500, 210), (110, 190), (110, 90, 74))):
        cv2.rectangle(image, corner, (corner[0] + size[0], corner[1] + size[1]), colour, -1)
        cv2.rectangle(image, corner, (corner[0] + size[0], corner[1] + size[1]), (80, 74, 70), 3)
    return image


def main() -> None:
    """Write the clip and its parameters."""
    torch.set_num_threads(1)
    film = Film(read_body_file(OPEN_BODY))
    times = np.arange(int(_SECONDS * FPS)) / FPS
    rotations = motion(times)
    rng = np.random.default_rng(_LOOK_SEED)
    look, betas = random_look(rng), rng.normal(0, 0.6, 10)
    expression = np.zeros((len(times), 10))
    expression[:, 0] = 1.5 * np.clip(np.sin(2 * np.pi * times / _SECONDS - 0.5), 0, 1)
    place = np.array((0.0, 0.45, 3.0))
    camera = (_FOCAL_PX, _FOCAL_PX, (_SIZE_WH[0] - 1) / 2, (_SIZE_WH[1] - 1) / 2)
    behind = background()
    joints = []
    with av.open(str(SAMPLE), "w") as container:
        stream = container.add_stream("libx264", FPS, options={"crf": "23", "preset": "slow"})
        stream.width, stream.height = _SIZE_WH
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, FPS)
        for row in range(len(times)):
            filmed = film([Actor(rotations[row], betas, expression[row], place, look)], camera, behind)
            joints.append(filmed.joints_m[0])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(filmed.rgb, format="rgb24")))
        container.mux(stream.encode())
    np.savez_compressed(
        Path(SAMPLE).with_suffix(".npz"),
        rotations=Rotation.from_matrix(rotations.reshape(-1, 3, 3)).as_rotvec().reshape(-1, 55, 3).astype(np.float32),
        betas=betas.astype(np.float32),
        expression=expression.astype(np.float32),
        translation=np.tile(place, (len(times), 1)).astype(np.float32),
        joints=np.stack(joints).astype(np.float32),
        camera=np.array(camera, np.float32),
        fps=np.array(FPS),
    )


if __name__ == "__main__":
    main()
