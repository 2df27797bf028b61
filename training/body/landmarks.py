"""Named points of the open body: face landmarks in iBUG's order, the contour of the face, tips of limbs."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from models.joints import CONTOUR_LANDMARKS, SMPLX_JOINTS
from training.body.face_points import PIXELS_PER_M, FacePoints, Faces, Front, on_vertices
from training.body.source import Array
from training.body.turns import about_y

_CONTOUR_YAWS_DEG = (*range(40), *range(-1, -40, -1))
_CONTOUR_DEG = (172.0, 368.0)  # around the middle of the face, anticlockwise from the person's left
_CONTOUR_SECTOR_DEG = 4.0  # either way

# Brows, as shares of the eye's width: along from its inner corner, above the line of its corners.
_BROW = ((-0.30, 0.62), (0.05, 0.80), (0.45, 0.88), (0.85, 0.82), (1.20, 0.58))

Lips = NDArray[np.bool_]


def static_landmarks(vertices: Array, opened: Array, faces: Faces, weights: Array, lips: Lips) -> FacePoints:
    """The 51 landmarks 17 to 67 of iBUG.

    opened: (V, 3) the body with its mouth open. weights: (V, 55) of skinning. lips: (V,).
    """
    eyes = np.stack([_weight(weights, f"{side}_eye_smplhf") > 0.5 for side in ("right", "left")])  # (2, V)
    centre = vertices[eyes.any(0)].mean(0)
    low, high = centre[:2] - np.array((0.09, 0.13)), centre[:2] + np.array((0.09, 0.08))
    front = Front(vertices, faces, low, high)
    right, left = (_eye(front, faces, eyeball) for eyeball in eyes)
    points = (_brow(right), _brow(left)[::-1], _nose(vertices, centre, weights), right, _from_inner_corner(left))
    lip_faces = np.asarray(lips[faces].all(1))
    upper = np.asarray(_weight(weights, "jaw")[faces].mean(1) < 0.5)
    open_front = Front(opened, faces, low - np.array((0.0, 0.04)), high)
    mouth = FacePoints.joined(_around_lips(front, lip_faces), _between_lips(open_front, lip_faces, upper))
    return FacePoints.joined(front.at(np.concatenate(points)), mouth)


def _weight(weights: Array, *joints: str) -> Array:
    """(V,): how much vertices follow the joints."""
    return np.asarray(weights[:, [SMPLX_JOINTS.index(joint) for joint in joints]].sum(1))


def _eye(front: Front, faces: Faces, eyeball: NDArray[np.bool_]) -> Array:
    """(6, 2) of the lids around the visible eyeball: outer corner, two above, inner corner, two below."""
    seen = front.where(np.asarray(eyeball[faces].all(1)))
    side = np.sign(seen[:, 0].mean())
    outer, inner = (seen[np.argmax(s * side * seen[:, 0])] for s in (1.0, -1.0))
    thirds = [outer + share * (inner - outer) for share in (1 / 3, 2 / 3)]
    upper, lower = ([_edge(seen, x[0], sign) for x in thirds] for sign in (1.0, -1.0))
    # One pixel out: there are the lids.
    outwards = np.array(((side, 0.0), (0.0, 1.0), (0.0, 1.0), (-side, 0.0), (0.0, -1.0), (0.0, -1.0)))
    return np.asarray(np.stack((outer, *upper, inner, *lower[::-1])) + outwards / PIXELS_PER_M)


def _from_inner_corner(left: Array) -> Array:
    """The left eye's points in iBUG's order, which starts at its inner corner."""
    return left[[3, 2, 1, 0, 5, 4]]


def _edge(seen: Array, x: float, sign: float) -> Array:
    """The highest (sign 1) or lowest (-1) of points (K, 2) in the column nearest to x."""
    column = seen[np.abs(seen[:, 0] - x) <= np.abs(seen[:, 0] - x).min() + 0.5 / PIXELS_PER_M]
    return np.asarray(column[np.argmax(sign * column[:, 1])])


def _brow(eye: Array) -> Array:
    """Five points (5, 2) from the outer to the inner end."""
    outer, inner = eye[0], eye[3]
    along = outer - inner
    width = np.linalg.norm(along)
    return np.stack([inner + share * along + np.array((0.0, height * width)) for share, height in _BROW[::-1]])


def _nose(vertices: Array, centre: Array, weights: Array) -> Array:
    """Nine points (9, 2): four down the bridge to the tip, five along its base from the person's right."""
    x, y, z = vertices.T
    head = _weight(weights, "head") > 0.5
    middle = vertices[head & (np.abs(x) < 0.004) & (np.abs(y - centre[1] + 0.03) < 0.04)]
    tip = middle[np.argmax(middle[:, 2])]
    bridge = np.stack((np.zeros(4), np.linspace(centre[1], tip[1], 4)), 1)
    wings = x[head & (np.abs(y - tip[1]) < 0.008) & (np.abs(x) < 0.022) & (z > tip[2] - 0.022)]
    half = wings.max() * 0.85
    under = tip[1] - 0.011 + np.array((0.004, 0.001, 0.0, 0.001, 0.004))
    return np.concatenate((bridge, np.stack((np.linspace(-half, half, 5), under), 1)))


def _around_lips(front: Front, lips: NDArray[np.bool_]) -> FacePoints:
    """Twelve points around the lips, from the person's right corner over the top; lips: (F,)."""
    outline = front.where(lips)
    right, left = outline[np.argmin(outline[:, 0])], outline[np.argmax(outline[:, 0])]
    xs = np.linspace(right[0], left[0], 7)
    upper = [_edge(outline, x, 1.0) for x in xs[1:-1]]
    lower = [_edge(outline, x, -1.0) for x in xs[-2:0:-1]]
    points = np.stack((right, *upper, left, *lower))
    # A pixel towards their middle, so that they are on what they surround.
    inward = points.mean(0) - points
    return front.at(points + inward / np.linalg.norm(inward, axis=1, keepdims=True) / PIXELS_PER_M)


def _between_lips(front: Front, lips: NDArray[np.bool_], upper: NDArray[np.bool_]) -> FacePoints:
    """Eight points where the lips meet, in the same order. They are found with the mouth open: the hole between the
    lips shows, and its rim is their inner edge. upper: (F,) what follows the head more than the jaw."""
    rim = front.where(lips)
    right, left = rim[np.argmin(rim[:, 0])], rim[np.argmax(rim[:, 0])]
    xs = np.linspace(0.8 * right[0], 0.8 * left[0], 5)[1:-1]
    above, below = front.where(lips & upper), front.where(lips & ~upper)
    pixels = np.array((0.0, 2 / PIXELS_PER_M))
    over = [_edge(above, x, -1.0) + pixels for x in xs]
    under = [_edge(below, x, 1.0) - pixels for x in xs[::-1]]
    corners = np.array((0.94, 1.0))
    return front.at(np.stack((right * corners, *over, left * corners, *under)))


def contour(vertices: Array, faces: Faces, weights: Array, landmarks: Array) -> FacePoints:
    """(79, 17): the edge of the face from the person's right ear over the chin to the left, for each turn of the head.

    Turns are in the order of SMPL-X's table: 0 to 39 degrees to the person's right, then 1 to 39 to the left.
    landmarks: (51, 3).
    """
    x, y, z = vertices.T
    eye_line = landmarks[19:31, 1].mean()
    head = _weight(weights, "head", "jaw") > 0.6
    chin = y[head & (np.abs(x) < 0.01) & (z > landmarks[:, 2].min())].min()
    back = landmarks[:, 2].mean() - 0.075
    usable = np.flatnonzero(head & (y < eye_line) & (y > chin - 0.004) & (z > back))
    middle = np.array((0.0, (eye_line + landmarks[31:, 1].mean()) / 2, landmarks[:, 2].mean() - 0.05))
    rows = [usable[_outline((vertices[usable] - middle) @ about_y(-yaw).T)] for yaw in _CONTOUR_YAWS_DEG]
    return on_vertices(np.stack(rows), faces)


def _outline(around: Array) -> NDArray[np.intp]:
    """(17,) the farthest of points (K, 3) from the origin as seen from the front, by angle."""
    distance = np.hypot(around[:, 0], around[:, 1])
    angle = np.degrees(np.arctan2(around[:, 1], around[:, 0]))
    off = (angle - np.linspace(*_CONTOUR_DEG, CONTOUR_LANDMARKS)[:, None] + 180) % 360 - 180  # (17, K)
    return np.asarray(np.argmax(np.where(np.abs(off) < _CONTOUR_SECTOR_DEG, distance, -1.0), 1))


def vertex_points(vertices: Array, joints: Array, weights: Array) -> NDArray[np.intp]:
    """(21,) vertices in the order of `joints.SMPLX_VERTEX_POINTS`."""

    def farthest(joint: str, direction: Array, among: NDArray[np.bool_] | bool = True) -> int:
        owned = np.flatnonzero((_weight(weights, joint) > 0.5) & among)
        return int(owned[np.argmax(vertices[owned] @ direction)])

    at = dict(zip(SMPLX_JOINTS, joints, strict=True))
    ahead, up = np.array((0.0, 0.0, 1.0)), np.array((0.0, 1.0, 0.0))
    found = [farthest("head", ahead, np.abs(vertices[:, 0]) < 0.004)]
    found += [farthest(f"{side}_eye_smplhf", ahead) for side in ("right", "left")]
    found += [farthest("head", np.array((sign, 0.0, 0.0))) for sign in (-1.0, 1.0)]
    for side, sign in (("left", 1.0), ("right", -1.0)):
        toes = (at[f"{side}_foot"] - at[f"{side}_ankle"]) * (1, 0, 1)
        toes /= np.linalg.norm(toes)
        aside = sign * np.array((toes[2], 0.0, -toes[0]))
        found += [farthest(f"{side}_foot", toes - 0.35 * aside), farthest(f"{side}_foot", 0.6 * toes + aside)]
        found.append(farthest(f"{side}_ankle", -toes - 0.4 * up))
    for side, finger in itertools.product(("left", "right"), ("thumb", "index", "middle", "ring", "pinky")):
        found.append(farthest(f"{side}_{finger}3", at[f"{side}_{finger}3"] - at[f"{side}_{finger}2"]))
    return np.array(found)
