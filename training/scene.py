"""A person before a camera: sprites of the body, each hand and the face, with their exact labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.body_file import BodyArrays
from models.joints import EYES, JAW
from models.networks.box import PART_ENLARGEMENT
from training.chances import Rng
from training.costume import Costume
from training.looks import Looks, changed_look, random_look
from training.motion import PoseSampler, random_jaw
from training.parts import HAND_PARTS, PARTS, WRISTS
from training.proportions import HEAD, random_proportions, with_proportions
from training.raster import rasterise
from training.skeleton import turn
from training.views import FACE, LEFT, NEAR_M, RIGHT, Drawn, Plane
from training.wardrobe import Wardrobe

Array = NDArray[np.float64]

BODY_WH = (240, 320)  # a sprite holds the crop and a quarter more, so that the crop can be moved in it
HAND_PX = 128
FACE_PX = 144
PART_PX = (HAND_PX, HAND_PX, FACE_PX)
SPRITE_MARGIN = 1.3
DENSE_PX = 4  # pixels of a sprite, across and down, for one of its maps of parts and depths

CROP_ENLARGEMENT = 1.25  # the crop around what is seen of a person, as the tracker's
CROP_ASPECT = 0.75  # of the crop, width over height
TURNED = 0.3  # of the people are seen from any side
_CLOSEST_M = 0.25
_EVERYTHING = 9.0  # on the plane at distance one: farther than any picture reaches
_EXPRESSION_RANGE = ((-1, 2), (-0.7, 2), (-0.6, 2), (-1, 2), (-0.7, 2), (-1, 2), (-0.5, 2), (-0.3, 2), (-2, 2), (-2, 2))
_TO_CAMERA = np.array((0.0, 0.0, -1.0))
_FLIP = np.diag((1.0, -1.0, -1.0))  # model axes, y up, to camera axes, y down, the person facing the camera


@dataclass(frozen=True)
class Person:
    """Parameters of one synthetic person and where the camera stands, as drawn at random."""

    rotations: Array  # (55, 3, 3), the root in camera axes
    betas: Array  # (10,)
    expression: Array  # (10,)
    proportions: Array  # (3,), see `training.proportions`
    look: NDArray[np.float32]  # (looks.LOOK_NUMBERS,)
    distance_m: float
    cut: Array  # (4,) how much of the person's box is cut off left, top, right, below, by the frame
    jitter: Array  # (3,) of the box: shift in x and y as shares, scale


class PersonSampler:
    """Draws people."""

    def __init__(self, arrays: BodyArrays, turned: float = TURNED) -> None:
        """turned: the share of people who are seen from any side, the others mostly from the front."""
        self._turned = turned
        self._pose = PoseSampler(arrays.regressor @ arrays.template, arrays.parents)

    def __call__(self, rng: Rng) -> Person:
        """One."""
        view = random_view(rng, self._turned)
        rotations = self._pose(rng, view.T @ _TO_CAMERA)
        rotations[JAW] = random_jaw(rng)
        rotations[EYES] = turn(rng.normal(0, 8), rng.normal(0, 12), 0)
        rotations[0] = view @ rotations[0]
        distance_m, cut = _framing(rng)
        jitter = np.array((rng.normal(0, 0.04), rng.normal(0, 0.04), np.exp(rng.normal(0.02, 0.09))))
        betas, expression = rng.normal(0, 1.1, 10), _expression(rng)
        look, proportions = changed_look(rng, random_look(rng)), random_proportions(rng)
        return Person(rotations, betas, expression, proportions, look, distance_m, cut, jitter)


def random_view(rng: Rng, turned: float = TURNED) -> Array:
    """(3, 3) from model to camera axes: mostly level, a share of people from any side, the others from the front."""
    yaw = rng.normal(0, 35) if rng.random() < 1 - turned else rng.uniform(-180, 180)
    pitch = rng.normal(6, 11) if rng.random() < 0.9 else rng.uniform(-40, 60)
    roll = rng.normal(0, 6) if rng.random() < 0.96 else rng.uniform(-95, 95)
    return np.asarray(turn(0, 0, roll) @ turn(pitch, 0, 0) @ _FLIP @ turn(0, yaw, 0))


def _framing(rng: Rng) -> tuple[float, Array]:
    """Distance [m] and what is cut off (4,): whole people, at a desk, before a webcam."""
    framing, cut = rng.random(), np.zeros(4)
    if framing < 0.45:
        distance = np.exp(rng.uniform(np.log(1.8), np.log(9.0)))
    elif framing < 0.85:
        distance = np.exp(rng.uniform(np.log(0.7), np.log(3.0)))
        cut[3] = rng.uniform(0.2, 0.68)
    else:
        distance = np.exp(rng.uniform(np.log(0.45), np.log(1.2)))
        cut[3] = rng.uniform(0.55, 0.76)
        cut[1] = max(0.0, rng.normal(0, 0.03))
    if rng.random() < 0.12:
        cut[rng.choice((0, 2))] = rng.uniform(0.05, 0.4)
    return float(distance), cut


def _expression(rng: Rng) -> Array:
    """(10,): a few coefficients at once, most of them plain to see: what is too slight teaches nothing."""
    low, high = np.array(_EXPRESSION_RANGE).T
    value = rng.uniform(low, high) * (rng.random(10) < 0.4) * np.sqrt(rng.uniform(0.3, 1.0))
    return np.asarray(value + rng.normal(0, 0.08, 10))


@dataclass(frozen=True)
class Sprites:
    """Pictures and labels of N people. Coordinates are pixels of the body sprite unless said."""

    body: Tensor  # (N, H, W, 4) uint8 RGB and alpha, as are the others
    hands: Tensor  # (N, 2, h, h, 4)
    face: Tensor  # (N, f, f, 4)
    points: Tensor  # (N, 76, 3): px, py of `SMPLX_POINTS`, depth in metres behind the pelvis
    hand_points: Tensor  # (N, 2, 76, 2) the same points in pixels of each hand's sprite
    face_points: Tensor  # (N, 51, 2) the face's landmarks in pixels of its sprite
    part_boxes: Tensor  # (N, 3, 4) xyxy: tight around left hand, right hand, face
    part_seen: Tensor  # (N, 3) share of each part's picture in which the part itself is seen
    window: Tensor  # (N, 4) xyxy of what the frame shows
    crop: Tensor  # (N, 4) centre x, y, width, height of the crop before the trainer moves it
    pelvis: Tensor  # (N, 4): place in camera axes [m], and pixels a metre at distance one
    rotations: Tensor  # (N, 55, 3, 3)
    coefficients: Tensor  # (N, 20)
    body_parts: Tensor  # (N, H / 4, W / 4) uint8: what of the bare body is seen, see `parts`; `PARTS` nothing
    body_depths: Tensor  # (N, H / 4, W / 4) float16 metres behind the pelvis, 0 where nothing is seen
    hand_parts: Tensor  # (N, 2, h / 4, h / 4) as the body's, of each hand's sprite; `HAND_PARTS` nothing
    hand_depths: Tensor  # (N, 2, h / 4, h / 4) metres behind the wrist


class _Frame(NamedTuple):
    """What a camera shows, on the plane at distance one."""

    window: Tensor  # (N, 4) xyxy
    centre: Tensor  # (N, 2) of the crop
    height: Tensor  # (N,) of the crop


class Stage(torch.nn.Module):
    """Draws people in batches, on the device it is on."""

    def __init__(self, arrays: BodyArrays) -> None:
        super().__init__()
        self.arrays = with_proportions(arrays)
        self.wardrobe = Wardrobe(self.arrays)

    @torch.no_grad()
    def forward(
        self, people: Sequence[Person], costume: Costume | None = None, *, faces_alone: bool = False
    ) -> Sprites:
        """Their sprites, all in one costume, or as their looks say. faces_alone: pictures and maps of bodies and hands
        stay empty, which takes a third of the time."""
        device = self.wardrobe.faces.device

        def stacked(name: str) -> Tensor:
            return torch.from_numpy(np.stack([getattr(person, name) for person in people])).float().to(device)

        rotations, look, cut = stacked("rotations"), Looks(stacked("look")), stacked("cut")
        coefficients = torch.cat((stacked("betas"), stacked("expression"), stacked("proportions")), 1)
        look = look if costume is None else costume.look(look)
        dressed, bare, joints = self.wardrobe(rotations, coefficients, look)
        if costume is not None:
            dressed = costume.dressed(self.wardrobe, rotations, coefficients, dressed)
        offset = _before_camera(dressed, bare, joints, cut, stacked("distance_m"))[:, None]
        dressed, bare, joints = dressed + offset, bare + offset, joints + offset

        plane = _flat(bare)  # (N, V, 2)
        frame = _framed(plane, cut, stacked("jitter"))
        focal = BODY_WH[1] / (SPRITE_MARGIN * frame.height)  # (N,) pixels of the body sprite
        to_body = Plane(focal, frame.centre, torch.tensor(BODY_WH, device=device))
        part_boxes = self._part_boxes(to_body(plane))
        views = [_part_view(to_body, part_boxes[:, part], part) for part in (LEFT, RIGHT, FACE)]

        drawn = Drawn(dressed, self.wardrobe, look, costume)

        def sprite(view: Plane, size_wh: tuple[int, int], part: int | None = None) -> tuple[Tensor, Tensor]:
            if faces_alone and part != FACE:
                return _nothing(bare, *size_wh[::-1], 4), bare.new_zeros(len(bare))
            return drawn.sprite(view, size_wh, part)

        parts = [sprite(view, (PART_PX[part],) * 2, part) for part, view in enumerate(views)]
        points = self.wardrobe.all_points(bare, joints)
        flat, depth = _flat(points), points[..., 2:] - joints[:, :1, 2:]
        crop_wh = torch.stack((CROP_ASPECT * frame.height, frame.height), 1) * focal[:, None]
        maps = _no_maps(bare) if faces_alone else self.maps(bare, joints, to_body, views[:FACE])
        return Sprites(
            body=sprite(to_body, BODY_WH)[0],
            hands=torch.stack((parts[0][0], parts[1][0]), 1),
            face=parts[2][0],
            points=torch.cat((to_body(flat), depth), -1),
            hand_points=torch.stack([view(flat) for view in views[:FACE]], 1),
            face_points=views[FACE](_flat(self.wardrobe.landmarks(bare))),
            part_boxes=part_boxes,
            part_seen=torch.stack([seen for _, seen in parts], 1),
            window=to_body(frame.window.view(-1, 2, 2)).flatten(1),
            crop=torch.cat((to_body(frame.centre[:, None])[:, 0], crop_wh), 1),
            pelvis=torch.cat((joints[:, 0], focal[:, None]), 1),
            rotations=rotations,
            coefficients=coefficients[:, :HEAD],
            **maps,
        )

    def maps(self, bare: Tensor, joints: Tensor, to_body: Plane, to_hands: Sequence[Plane]) -> dict[str, Tensor]:
        """The maps of `Sprites`, by their names, of bare bodies (N, V, 3) and their joints (N, 55, 3)."""
        size = (BODY_WH[0] // DENSE_PX, BODY_WH[1] // DENSE_PX)
        parts, depths = self._map(bare, to_body, size, self.wardrobe.part, joints[:, 0, 2])
        hand = HAND_PX // DENSE_PX
        hands = [
            self._map(bare, view, (hand, hand), self.wardrobe.hand_part[side], joints[:, WRISTS[side], 2])
            for side, view in enumerate(to_hands)
        ]
        hand_parts, hand_depths = (torch.stack(of_sides, 1) for of_sides in zip(*hands, strict=True))
        return {"body_parts": parts, "body_depths": depths, "hand_parts": hand_parts, "hand_depths": hand_depths}

    def _map(
        self, bare: Tensor, view: Plane, size_wh: tuple[int, int], part: Tensor, from_m: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Parts and depths behind from_m (N,) in one view, of parts of vertices (V,); one more than there are is
        nothing."""
        px = view(bare[..., :2] / bare[..., 2:].clamp(min=NEAR_M))
        coarse = torch.cat(((px + 0.5) / DENSE_PX - 0.5, bare[..., 2:]), -1)
        faces = self.wardrobe.body.faces
        seen = rasterise(coarse, faces, size_wh, NEAR_M)
        covered = seen.face >= 0
        found = part[faces[seen.face.clamp(min=0)][..., 0].long()]  # of a face's first corner: faces are small
        behind = torch.where(covered, seen.depth - from_m[:, None, None], torch.zeros_like(seen.depth))
        return torch.where(covered, found, part.max() + 1).to(torch.uint8), behind.half()

    def _part_boxes(self, px: Tensor) -> Tensor:
        """(N, 3, 4) xyxy around left hand, right hand and face, of vertices in pixels (N, V, 2)."""
        parts = [px[:, chosen] for chosen in (*self.wardrobe.hands, self.wardrobe.face)]
        return torch.stack([torch.cat((part.amin(1), part.amax(1)), 1) for part in parts], 1)


def _nothing(like: Tensor, *shape: int) -> Tensor:
    """(N, ...) uint8, for N people (N, ...)."""
    return torch.zeros((len(like), *shape), dtype=torch.uint8, device=like.device)


def _no_maps(like: Tensor) -> dict[str, Tensor]:
    """Maps, as `Stage.maps` gives them, of nobody."""
    width, height = (side // DENSE_PX for side in BODY_WH)
    hand = HAND_PX // DENSE_PX
    body, hands = _nothing(like, height, width), _nothing(like, 2, hand, hand)
    return {
        "body_parts": body + PARTS,
        "body_depths": body.half(),
        "hand_parts": hands + HAND_PARTS,
        "hand_depths": hands.half(),
    }


def _flat(points_m: Tensor) -> Tensor:
    """(..., 3) in camera axes -> (..., 2) on the plane at distance one."""
    return points_m[..., :2] / points_m[..., 2:]


def _before_camera(dressed: Tensor, bare: Tensor, joints: Tensor, cut: Tensor, distance_m: Tensor) -> Tensor:
    """(N, 3) translations: the camera looks at the middle of what the frame will show and nobody is in the lens."""
    low, high = bare.amin(1), bare.amax(1)
    bottom = high[:, 1] - cut[:, 3] * (high - low)[:, 1]
    middle = torch.stack(((low + high)[:, 0] / 2, (low[:, 1] + bottom) / 2, joints[:, 0, 2]), 1)
    away = distance_m - middle[:, 2]
    too_close = (dressed[..., 2].amin(1) + away - _CLOSEST_M).clamp(max=0)
    return torch.stack((-middle[:, 0], -middle[:, 1], away - too_close), 1)


def _framed(plane: Tensor, cut: Tensor, jitter: Tensor) -> _Frame:
    """Where the frame ends and where the crop is, of vertices (N, V, 2) on the plane at distance one."""
    low, high = plane.amin(1), plane.amax(1)
    size = high - low
    window = torch.cat((low + cut[:, :2] * size, high - cut[:, 2:] * size), 1)
    everything = window.new_tensor((-_EVERYTHING, -_EVERYTHING, _EVERYTHING, _EVERYTHING))
    window = torch.where(cut > 0, window, everything)
    seen_low, seen_high = torch.maximum(low, window[:, :2]), torch.minimum(high, window[:, 2:])
    extent = seen_high - seen_low
    centre = (seen_low + seen_high) / 2 + jitter[:, :2] * extent
    height = CROP_ENLARGEMENT * jitter[:, 2] * torch.maximum(extent[:, 1], extent[:, 0] / CROP_ASPECT)
    return _Frame(window, centre, height)


def _part_view(body: Plane, box: Tensor, part: int) -> Plane:
    """A square view around a part's box (N, 4) in pixels of the body sprite, with the margin to move it."""
    side = (box[:, 2:] - box[:, :2]).amax(1) * PART_ENLARGEMENT[part] * SPRITE_MARGIN
    return body.around(box, side, PART_PX[part])
