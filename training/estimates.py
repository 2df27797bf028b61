"""What the networks say of somebody in a given box, and how far their boxes of hands and face are the true ones."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.boxes import Track
from app.crop import Crop
from app.estimator import Estimate, Estimates, Subject
from app.fitting import Fit
from app.frame import Box, Frame
from app.load import Loaded
from app.pinhole import Pinhole
from models.networks.box import PART_ENLARGEMENT

FOV_DEG = 60.0  # of pictures whose camera is not known


def estimates_in(parts: Loaded, frame: Frame, box: Box, *, begins: bool = True) -> Estimates | None:
    """Of who is in the box (pixels of the frame), bodies fitted to their joints where the tracker fits them, before a
    camera of `FOV_DEG`; None for a box with nothing in the frame."""
    estimator, depth = parts.tracker.estimator, parts.bundle.joint_depth
    crop = Crop.around(box, frame.size_wh, estimator.body.crop_wh)
    if crop is None:
        return None
    subject = Subject(Track(1, box, begins), crop)
    estimates = estimator.parts(estimator.body.estimate(frame, (subject,), crop.warp(frame.rgb)[None]))
    return estimates if depth is None else Fit(parts.body, depth, partial(Pinhole.from_fov, FOV_DEG))(estimates)


def part_overlaps(estimate: Estimate, boxes_px: NDArray[np.floating[Any]], frame_wh: tuple[int, int]) -> NDArray[Any]:
    """(3,) intersection over union of the squares that hands and face are cut out by with the squares around where they
    are, boxes_px (3, 4) xyxy pixels of the frame, tight; NaN of a part whose middle is outside the frame."""
    corners = estimate.subject.crop.crop_from_frame(boxes_px.reshape(3, 2, 2))
    middles, sides = corners.mean(1), np.ptp(corners, axis=1).max(-1)
    halves = (0.5 * sides * PART_ENLARGEMENT)[:, None]
    squares = np.concatenate((middles - halves, middles + halves), 1)
    overlaps = [_box(found).overlap(_box(true)) for found, true in zip(estimate.part_boxes, squares, strict=True)]
    at = boxes_px.reshape(3, 2, 2).mean(1)
    return np.where(((at >= 0) & (at < frame_wh)).all(-1), overlaps, np.nan)


def _box(xyxy: NDArray[np.floating[Any]]) -> Box:
    x1, y1, x2, y2 = map(float, xyxy)
    return Box((x1, y1, x2, y2), 1.0)
