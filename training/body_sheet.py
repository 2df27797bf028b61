"""Pictures of the open body, to look at what was made: `python -m training.body_sheet [FOLDER]`."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.body_file import OPEN_BODY, read_body_file
from models.joints import LEFT_HAND, SMPLX_JOINTS
from models.rotations import axis_angle_to_matrix
from models.smplx_body import SmplxBody
from training.draw import View, draw, front_camera, grid
from training.poses import HANDS, POSES, Pose

Array = NDArray[np.float64]
Picture = NDArray[np.uint8]

_JPEG_QUALITY = 85
_NONE = np.zeros(10)
_TEN = range(1, 11)
_REST = Pose()
_STANDING = POSES["standing"]

# sRGB, and how far from its middle an eye has its colours.
_SKIN, _WHITE, _IRIS, _MOUTH = (206, 172, 152), (245, 245, 240), (70, 45, 30), (120, 55, 50)
_IRIS_DEG = 16.0
_MOUTH_BOX_M = ((-0.034, 0.172, 0.03), (0.034, 0.226, 0.142))  # of the template, with nothing of the skin in it

# Faces beside the ten expressions: label, degrees of joints.
_FACES = (
    ("jaw 10 degrees", {"jaw": (10.0, 0.0, 0.0)}),
    ("jaw 20 degrees", {"jaw": (20.0, 0.0, 0.0)}),
    ("eyes 25 degrees to the left", {f"{side}_eye_smplhf": (0.0, 25.0, 0.0) for side in ("left", "right")}),
    ("eyes 12 degrees up", {f"{side}_eye_smplhf": (-12.0, 0.0, 0.0) for side in ("left", "right")}),
)
_WINK = {"blink": 1.0, "left eye closed, right eye open": 2.0}


class Sheet:
    """Draws the body of a file."""

    def __init__(self, path: Path) -> None:
        self.body = SmplxBody.load(path)
        arrays = read_body_file(path)
        with np.load(path) as file:
            self.expressions: list[str] = file["expression_names"].tolist()
            self.ranges: Array = file["expression_range"].astype(np.float64)  # (10, 2)
        self._weights = arrays.weights  # (V, 55)
        self._colours = self._coloured(arrays.template, arrays.regressor @ arrays.template)

    def rest(self) -> Picture:
        """The rest pose from four sides."""
        views: tuple[View, ...] = ("front", "three-quarter", "side", "back")
        return grid([self._picture(_REST, (440, 430), view) for view in views], 4, views)

    def shapes(self) -> Picture:
        """Ten random shapes, then each direction at -2 and 2."""
        rng = np.random.default_rng(0)
        betas = np.concatenate((rng.standard_normal((10, 10)), -2 * np.eye(10), 2 * np.eye(10)))
        labels = [
            f"{what} {k}{value}" for what, value in (("random", ""), ("shape", " -2"), ("shape", " +2")) for k in _TEN
        ]
        room = self.body.forward(_STANDING.rotations(), _NONE, _NONE).vertices_m * 1.15  # one scale for all
        return grid([self._picture(_STANDING, (176, 360), betas=b, target=room) for b in betas], 10, labels)

    def faces(self) -> Picture:
        """Each expression at the greatest and at the least of its range; the mouth open, the eyes turned, a wink."""
        shown = [
            (f"{name} {limit:+.1f}", _REST, direction * limit)
            for limits in (self.ranges[:, 1], self.ranges[:, 0])
            for name, direction, limit in zip(self.expressions, np.eye(10), limits, strict=True)
        ]
        shown += [(label, Pose(joints), _NONE) for label, joints in _FACES]
        coefficients = [_WINK.get(name, 0.0) for name in self.expressions]
        shown.append(
            (" and ".join(f"{name} {value:+.0f}" for name, value in _WINK.items()), _REST, np.array(coefficients))
        )
        return grid([self._face(pose, expression) for _, pose, expression in shown], 5, [label for label, *_ in shown])

    def hands(self) -> Picture:
        """The left hand in each shape, from the palm and below it from the back."""
        shown = [(name, side) for names in _fives(HANDS) for side in ("palm", "back") for name in names]
        return grid([self._hand(name, side) for name, side in shown], 5, [f"{name}, {side}" for name, side in shown])

    def poses(self) -> Picture:
        """Whole bodies, from the front and below it from the front's left."""
        views: tuple[View, ...] = ("front", "three-quarter")
        shown = [(name, view) for names in _fives(POSES) for view in views for name in names]
        pictures = [self._picture(POSES[name], (330, 370), view) for name, view in shown]
        return grid(pictures, 5, [name for name, _ in shown])

    def _picture(
        self,
        pose: Pose,
        size_wh: tuple[int, int],
        view: View = "front",
        *,
        betas: Array = _NONE,
        target: NDArray[np.float32] | None = None,
    ) -> Picture:
        vertices = self.body.forward(pose.rotations(), betas, _NONE).vertices_m
        seen, camera = front_camera(vertices, size_wh, view, target, fill=0.94)
        return draw(seen, self.body.faces, camera, size_wh, colour=self._colours)

    def _face(self, pose: Pose, expression: Array) -> Picture:
        vertices = self.body.forward(pose.rotations(), _NONE, expression).vertices_m
        head = self.body.forward(_REST.rotations(), _NONE, _NONE).vertices_m[self._of("head", "jaw")]
        seen, camera = front_camera(vertices, (300, 330), "front", head, fill=0.98)
        return draw(seen, self.body.faces, camera, (300, 330), colour=self._colours)

    def _hand(self, name: str, side: str) -> Picture:
        """Fingers up."""
        vertices = self.body.forward(Pose(left_hand=name).rotations(), _NONE, _NONE).vertices_m
        turned = vertices @ _turn((0, 0, 90)).T @ _turn((0, -90 if side == "palm" else 90, 0)).T
        hand = self._of("left_wrist", *SMPLX_JOINTS[LEFT_HAND])
        arm = hand | self._of("left_elbow")
        seen, camera = front_camera(turned, (300, 300), "front", turned[hand])
        faces = self.body.faces[arm[self.body.faces].all(1)]
        return draw(seen, faces, camera, (300, 300), colour=self._colours)

    def _of(self, *joints: str) -> NDArray[np.bool_]:
        """(V,) what follows these joints."""
        return np.asarray(self._weights[:, [SMPLX_JOINTS.index(joint) for joint in joints]].sum(1) > 0.5)

    def _coloured(self, template: Array, joints: Array) -> Array:
        """(V, 3) sRGB: skin, the inside of the mouth, eyes."""
        low, high = np.array(_MOUTH_BOX_M)
        colours = np.where(((template > low) & (template < high)).all(1)[:, None], _MOUTH, _SKIN).astype(np.float64)
        for name in ("left_eye_smplhf", "right_eye_smplhf"):
            eye = self._of(name)
            outwards = template[eye] - joints[SMPLX_JOINTS.index(name)]
            ahead = outwards[:, 2] / np.linalg.norm(outwards, axis=1)
            colours[eye] = np.where(ahead[:, None] > np.cos(np.radians(_IRIS_DEG)), _IRIS, _WHITE)
        return colours


def _fives(names: Iterable[str]) -> list[list[str]]:
    listed = list(names)
    return [listed[start : start + 5] for start in range(0, len(listed), 5)]


def _turn(degrees: tuple[float, float, float]) -> Array:
    return np.asarray(axis_angle_to_matrix(np.radians(degrees)))


def main() -> None:
    """Draw the sheets."""
    parser = argparse.ArgumentParser(prog="python -m training.body_sheet", description="Draw the open body.")
    parser.add_argument("folder", nargs="?", type=Path, default=OPEN_BODY.parent, help=f"default: {OPEN_BODY.parent}")
    parser.add_argument("--body", type=Path, default=OPEN_BODY, help="another file of the open body's kind")
    arguments = parser.parse_args()
    sheet = Sheet(arguments.body)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for name in ("rest", "shapes", "faces", "hands", "poses"):
        picture: Picture = getattr(sheet, name)()
        cv2.imwrite(
            str(arguments.folder / f"{name}.jpg"), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
        )


if __name__ == "__main__":
    main()
