"""What is true of a whole take, and one person in one frame of it, as recorded."""

from __future__ import annotations

import io
import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.frame import BODY, JAW, LEFT_HAND, RIGHT_HAND, ROOT, Frame, Person
from app.pinhole import Pinhole
from models.body_file import COEFFICIENTS
from models.joints import SMPLX_JOINTS, SMPLX_POINTS
from models.rotations import Array, matrix_to_axis_angle, nearest_axis_angle, rot6d_to_matrix

AXES = ("y-up", "z-up", "camera")


@dataclass(frozen=True)
class Take:
    """The part of a recording that does not change from frame to frame.

    camera: the one camera of the take. fps: the source's own statement. resample_fps: the rate of
    the file, where not that of the recording. vertex_count is 0 where vertices are not
    recorded. pelvis_template (3,), pelvis_directions (3, 20): the body's resting pelvis as a function of shape and
    expression, which `trans` depends on. hand_mean (2, 15, 3): the body's mean hands. shape: "estimated", or "mean: "
    and why, and how tall it was made, if it was; recordings that do not say are of the first kind. live: newer frames
    overtook others.
    """

    camera: Pinhole
    image_size_wh: tuple[int, int]
    fps: float
    resample_fps: float | None
    axes: str
    model: str
    body: str
    licence: str
    vertex_count: int
    faces: NDArray[np.int32]  # (F, 3)
    pelvis_template: Array
    pelvis_directions: Array
    hand_mean: Array
    shape: str = "estimated"
    live: bool = False

    @property
    def record_dtype(self) -> np.dtype[Any]:
        """One person in one frame, camera axes, metres and radians, with a checksum of the rest at its end."""
        fields: list[Any] = [
            ("track_id", "<i4"),
            ("frame_index", "<i4"),
            ("time", "<f8"),
            ("poses", "<f4", (3 * len(SMPLX_JOINTS),)),
            ("translation", "<f8", (3,)),
            ("betas", "<f4", (COEFFICIENTS,)),
            ("expression", "<f4", (COEFFICIENTS,)),
            ("box", "<f4", (4,)),
            ("confidence", "<f4", (4,)),
            ("flags", "u1"),
            ("joints", "<f4", (len(SMPLX_POINTS), 3)),
            ("vertices", "<f4", (self.vertex_count, 3)),
            ("crc", "<u4"),
        ]
        return np.dtype(fields)

    def record(self, frame: Frame, person: Person) -> NDArray[Any]:
        """A 0-d record of a person, moved before the take's camera; its checksum still zero."""
        seen = person.under(self.camera)
        record = np.zeros((), self.record_dtype)
        record["track_id"] = person.track_id
        record["frame_index"] = frame.index
        record["time"] = frame.time_s
        record["poses"] = smplx_poses(seen.params.rot6d, self.hand_mean).reshape(-1)
        record["translation"] = seen.params.translation_m
        record["betas"] = seen.params.betas
        record["expression"] = seen.params.expression
        record["box"] = seen.box.xyxy_px
        sure = seen.confidence
        record["confidence"] = (sure.body, sure.left_hand, sure.right_hand, sure.face)
        record["flags"] = seen.flags
        record["joints"] = seen.joints_m
        if self.vertex_count:
            record["vertices"] = seen.vertices_m
        return record

    def to_bytes(self) -> bytes:
        """Everything, as an npz without pickles."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        plain = {name: value for name, value in asdict(self).items() if name not in _ARRAYS}
        buffer = io.BytesIO()
        np.savez_compressed(buffer, plain=np.array(json.dumps(plain)), **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Take:
        """The inverse of `to_bytes`."""
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            plain = json.loads(str(file["plain"]))
            arrays = {name: file[name] for name in _ARRAYS}
        plain["camera"] = Pinhole(**plain["camera"])
        plain["image_size_wh"] = tuple(plain["image_size_wh"])
        return cls(**plain, **arrays)


_ARRAYS = ("faces", "pelvis_template", "pelvis_directions", "hand_mean")


def smplx_poses(rot6d: Array, hand_mean: Array) -> Array:
    """`BodyParams.rot6d` (53, 6) -> (55, 3) axis-angle: root, 21 body, jaw, two eyes at rest, 15 left, 15 right hand.

    Fingers are written nearest to the mean hands (2, 15, 3), as SMPL-X has them: the mean plus at most half a turn.
    """
    axis_angle = matrix_to_axis_angle(rot6d_to_matrix(rot6d.astype(np.float64)))
    eyes = np.zeros((2, 3))
    left = nearest_axis_angle(axis_angle[LEFT_HAND], hand_mean[0])
    right = nearest_axis_angle(axis_angle[RIGHT_HAND], hand_mean[1])
    return np.concatenate((axis_angle[ROOT], axis_angle[BODY], axis_angle[JAW], eyes, left, right))
