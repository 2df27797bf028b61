"""Skeletons and boxes, drawn with OpenCV."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from app.frame import Box, Person
from app.pinhole import Array
from app.rendering.eye import Eye
from app.rendering.fit import Fit
from app.rendering.palette import Colour, colour_of
from models.joints import BODY, SMPLX_JOINTS, SMPLX_PARENTS

_SUBPIXEL_BITS = 4  # OpenCV takes fractions of pixels as whole numbers shifted
_NEAREST_M = 0.05
_OUTLINE: Colour = (24, 24, 26)
_FAR_PX = 2**15  # what OpenCV's whole numbers hold
_BODY_END = BODY.stop


def draw_skeletons(picture: NDArray[np.uint8], people: Sequence[Person], eye: Eye, *, on_mesh: bool) -> None:
    """Bones of everyone as lines, in place; those farther away first. The fingers and the face are thinner.

    on_mesh: paler, to be seen on meshes of the same colour.
    """
    unit = max(1.0, min(picture.shape[:2]) / 360)
    for person in sorted(people, key=lambda someone: -float(eye.seen(someone.joints_m[0])[2])):
        joints = person.joints_m[: len(SMPLX_JOINTS)]  # (55, 3)
        before = eye.seen(joints)[:, 2] > _NEAREST_M
        points = _shifted(eye.project(joints))
        bones = [
            (child, parent)
            for child, parent in enumerate(SMPLX_PARENTS)
            if parent >= 0 and before[child] and before[parent]
        ]
        colour = colour_of(person.track_id)
        if on_mesh:
            colour = _paler(colour)
        for shade, extra in ((_OUTLINE, unit), (colour, 0.0)):
            for child, parent in bones:
                thickness = max(1, round((2.2 if child < _BODY_END else 1.0) * unit + extra))
                cv2.line(picture, points[child], points[parent], shade, thickness, cv2.LINE_AA, _SUBPIXEL_BITS)
        for joint in range(_BODY_END):
            if before[joint]:
                radius = round(2.2 * unit * 2**_SUBPIXEL_BITS)
                cv2.circle(picture, points[joint], radius, colour, cv2.FILLED, cv2.LINE_AA, _SUBPIXEL_BITS)


def draw_boxes(picture: NDArray[np.uint8], people: Sequence[Person], fit: Fit) -> None:
    """Where everyone was looked for, with the number of their track, in place."""
    unit = max(1.0, min(picture.shape[:2]) / 360)
    for person in people:
        low, high = _shifted(fit.picture_from_image(_corners(person.box)))
        colour = colour_of(person.track_id)
        for shade, thickness in ((_OUTLINE, round(2.5 * unit)), (colour, round(1.2 * unit))):
            cv2.rectangle(picture, low, high, shade, thickness, cv2.LINE_AA, _SUBPIXEL_BITS)
        x, y = (max(0, value >> _SUBPIXEL_BITS) for value in low)
        at = (x + round(4 * unit), y + round(13 * unit))
        for shade, thickness in ((_OUTLINE, round(3 * unit)), (colour, round(1.3 * unit))):
            font = cv2.FONT_HERSHEY_SIMPLEX
            cv2.putText(picture, str(person.track_id), at, font, 0.42 * unit, shade, thickness, cv2.LINE_AA)


def _paler(colour: Colour) -> Colour:
    """Between the colour and white."""
    red, green, blue = (round(0.45 * value + 0.55 * 255) for value in colour)
    return red, green, blue


def _corners(box: Box) -> Array:
    """(2, 2)."""
    return np.array(box.xyxy_px).reshape(2, 2)


def _shifted(points_px: Array) -> list[tuple[int, int]]:
    """(N, 2) pixels as OpenCV's whole numbers."""
    near = np.clip(np.nan_to_num(points_px), -_FAR_PX, _FAR_PX)
    whole = np.rint(near * 2**_SUBPIXEL_BITS).astype(int)
    return [(int(x), int(y)) for x, y in whole]
