"""What the networks say of somebody in a given box."""

from __future__ import annotations

from app.boxes import Track
from app.crop import Crop
from app.estimator import Estimates, Subject
from app.fitting import Fit
from app.frame import Box, Frame
from app.load import Loaded


def estimates_in(parts: Loaded, frame: Frame, box: Box, *, begins: bool = True) -> Estimates | None:
    """Of who is in the box (pixels of the frame), bodies fitted to their joints where the tracker fits them; None for a
    box with nothing in the frame."""
    estimator, depth = parts.tracker.estimator, parts.bundle.joint_depth
    crop = Crop.around(box, frame.size_wh, estimator.body.crop_wh)
    if crop is None:
        return None
    subject = Subject(Track(1, box, begins), crop)
    estimates = estimator.parts(estimator.body.estimate(frame, (subject,), crop.warp(frame.rgb)[None]))
    return estimates if depth is None else Fit(parts.body, depth)(estimates)
