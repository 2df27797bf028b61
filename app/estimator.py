"""The networks, as two stages: the body first, then the hands and the face it points to."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.boxes import Sighting, Track
from app.crop import Crop
from app.frame import ALL_MEASURED, BodyParams, Frame, Measured
from app.pinhole import Pinhole
from engines.bundle import GRAPHS, picture_hw
from engines.closing import Closing
from engines.engine import Engine, Tensor
from models.rotations import Array, axis_angle_to_matrix, matrix_to_axis_angle, matrix_to_rot6d, rot6d_to_matrix

Arrays = dict[str, Any]  # outputs of a graph


class Estimator(Closing):
    """The four graphs of a bundle, loaded. A context manager: leaving it frees them."""

    def __init__(self, engines: Mapping[str, Engine], hand_mean: Array, *, mean_shape: bool = False) -> None:
        """engines: by graph name. hand_mean: (2, 15, 3) axis-angle, what the network's hand poses are relative to.

        mean_shape: give the mean shape and no expression, for a body whose coefficients the network does not know.
        """
        self._engines = engines
        self.body = BodyStage(engines["body"])
        self.parts = PartsStage(engines["hand"], engines["face"], engines["pose"], hand_mean, mean_shape=mean_shape)

    def close(self) -> None:
        with contextlib.ExitStack() as stack:
            for name in GRAPHS:
                stack.callback(self._engines[name].close)


@dataclass(frozen=True)
class Subject:
    """Someone to estimate, and the crop made for them."""

    track: Track
    crop: Crop


@dataclass(frozen=True)
class BodyView:
    """What BodyNet saw, for N people.

    crops: (N, H, W, 3) uint8. features: (N, C, h, w), on the engine's device. joints: (N, 25, 3) cells. part_boxes:
    (N, 3, 4) left hand, right hand, face, xyxy crop pixels.
    """

    frame: Frame
    subjects: tuple[Subject, ...]
    crops: NDArray[np.uint8]
    features: Tensor
    joints: NDArray[np.float32]
    part_boxes: NDArray[np.float32]


@dataclass(frozen=True)
class Keypoints:
    """Where the heatmaps peak, crop pixels: body (25, 2) as `joints.BODY_JOINTS`, hands (2, 20, 2) as `HAND_JOINTS`;
    body_depth (25,) and hands_depth (2, 20) in the cells of the heatmaps' depth."""

    body: NDArray[np.float32]
    hands: NDArray[np.float32]
    body_depth: NDArray[np.float32]
    hands_depth: NDArray[np.float32]


@dataclass(frozen=True)
class Estimate:
    """Parameters of one person before a camera, where the hands and face are, (3, 4) xyxy crop pixels, the keypoints
    found, which parts were looked at in this frame, and the take's camera where they are before it already."""

    subject: Subject
    params: BodyParams
    part_boxes: NDArray[np.float32]
    keypoints: Keypoints
    measured: Measured = ALL_MEASURED
    take_camera: Pinhole | None = None

    @property
    def camera(self) -> Pinhole:
        """That the parameters are before: the crop's, unless they are before the take's already."""
        return self.take_camera or self.subject.crop.camera


@dataclass(frozen=True)
class Estimates:
    """Everyone in a frame."""

    frame: Frame
    people: tuple[Estimate, ...]


class BodyStage:
    """Stage: Sighting -> BodyView, or Estimates of nobody where no box has anything in the frame."""

    name = "body"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        height, width = picture_hw("body", engine.inputs["crop"])
        self.crop_wh = (width, height)

    def __call__(self, sighting: Sighting) -> BodyView | Estimates:
        frame, subjects = sighting.frame, self.subjects(sighting)
        if not subjects:
            return Estimates(frame, ())
        crops = np.stack([subject.crop.warp(frame.rgb) for subject in subjects])  # (N, H, W, 3)
        return self.estimate(frame, subjects, crops)

    def subjects(self, sighting: Sighting) -> tuple[Subject, ...]:
        """Whoever has something in the frame."""
        return tuple(
            Subject(track, crop)
            for track in sighting.tracks
            if (crop := Crop.around(track.box, sighting.frame.size_wh, self.crop_wh)) is not None
        )

    def estimate(self, frame: Frame, subjects: tuple[Subject, ...], crops: NDArray[np.uint8]) -> BodyView:
        """BodyNet on crops (N, H, W, 3) that are made."""
        seen = self._engine.run({"crop": crops}, keep=("features",))
        return BodyView(frame, subjects, crops, seen["features"], seen["joints"], seen["boxes"])


class PartsStage:
    """Stage: BodyView -> Estimates, by HandNet, FaceNet and the wrist head."""

    name = "parts"

    def __init__(self, hand: Engine, face: Engine, pose: Engine, hand_mean: Array, *, mean_shape: bool) -> None:
        self._hand, self._face, self._pose = hand, face, pose
        self._hand_mean = hand_mean
        self._mean_shape = mean_shape

    def __call__(self, view: BodyView | Estimates) -> Estimates:
        if isinstance(view, Estimates):
            return view
        hand = self.hands(view.crops, view.part_boxes, keep=("features",))
        return self.estimates(view, hand, self.faces(view.crops, view.part_boxes))

    def hands(self, crops: NDArray[np.uint8], boxes: NDArray[np.float32], keep: Collection[str] = ()) -> Arrays:
        """HandNet on crops (N, H, W, 3) and part boxes (N, 3, 4). keep: as `Engine.run`'s."""
        return self._hand.run({"crop": crops, "boxes": boxes[:, :2]}, keep)

    def faces(self, crops: NDArray[np.uint8], boxes: NDArray[np.float32]) -> Arrays:
        """FaceNet on the same."""
        return self._face.run({"crop": crops, "box": boxes[:, 2]})

    def estimates(
        self, view: BodyView, hand: Arrays, face: Arrays, measured: Sequence[Measured] | None = None
    ) -> Estimates:
        """The wrist head, and everyone's parameters. hand, face: what the networks gave, now or earlier; measured:
        which parts of whom were looked at now, all where it is left out."""
        boxes = view.part_boxes
        pose = self._pose.run(
            {
                "body_features": view.features,
                "body_joints": view.joints,
                "hand_features": hand["features"],
                "hand_joints": hand["joints"],
            }
        )
        everyone = {**hand, **face, **pose}
        body_px = view.joints[..., :2] * _cell_px(view.crops, view.features)
        hands_px = hands_in_crop(hand["joints"], boxes[:, :2], hand["features"].shape[-1])
        return Estimates(
            view.frame,
            tuple(
                Estimate(
                    subject,
                    self._params({name: everyone[name][row] for name in _PARAMETERS}),
                    boxes[row],
                    Keypoints(body_px[row], hands_px[row], view.joints[row, :, 2], hand["joints"][row, ..., 2]),
                    measured[row] if measured else ALL_MEASURED,
                )
                for row, subject in enumerate(view.subjects)
            ),
        )

    def _params(self, out: Mapping[str, NDArray[Any]]) -> BodyParams:
        rot6d = np.concatenate(
            (
                out["root_rot6d"][None],
                out["body_rot6d"],
                *absolute_hands(out["rot6d"], self._hand_mean),
                out["jaw_rot6d"][None],
            )
        )  # (53, 6)
        betas, expression = out["betas"], out["expression"]
        if self._mean_shape:
            betas, expression = np.zeros_like(betas), np.zeros_like(expression)
        return BodyParams(rot6d, betas, expression, out["camera"].astype(np.float64))


_PARAMETERS = ("root_rot6d", "body_rot6d", "rot6d", "jaw_rot6d", "betas", "expression", "camera")


def _cell_px(crops: NDArray[np.uint8], features: Tensor) -> float:
    """Crop pixels a cell of BodyNet's feature map."""
    return float(crops.shape[2] / features.shape[-1])


def hands_in_crop(joints: Array, boxes: Array, cells: int) -> Array:
    """Hand keypoints (N, 2, 20, 3) in cells of a map that many cells wide, of boxes (N, 2, 4) xyxy crop pixels -> crop
    pixels (N, 2, 20, 2). The graph turns a left hand's back by cells - 1 - x, one cell short of where they are.
    """
    turned_back = np.array(((1.0, 0.0), (0.0, 0.0)))[:, None]  # (2, 1, 2)
    sides = boxes[..., 2:] - boxes[..., :2]
    return np.asarray(boxes[..., None, :2] + (joints[..., :2] + turned_back) / cells * sides[..., None, :], np.float32)


def absolute_hands(rot6d: Array, hand_mean: Array) -> Array:
    """Finger rotations (2, 15, 6) relative to the mean hands -> absolute ones. SMPL-X adds the two as axis-angles."""
    relative = matrix_to_axis_angle(rot6d_to_matrix(rot6d.astype(np.float64)))
    return matrix_to_rot6d(axis_angle_to_matrix(relative + hand_mean))
