"""A person before a camera: sprites of the body, each hand and the face, with their exact labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.body_file import BodyArrays
from models.joints import SMPLX_JOINTS, SMPLX_POINTS
from training import looks
from training.looks import Looks, random_look
from training.motion import PoseSampler, random_jaw, turn
from training.raster import rasterise
from training.wardrobe import Wardrobe, vertex_normals

Rng = np.random.Generator

BODY_WH = (240, 320)  # a sprite holds the crop and a quarter more, so that the crop can be moved in it
HAND_PX = 128
FACE_PX = 96
SPRITE_MARGIN = 1.3
LEFT, RIGHT, FACE = range(3)
_NEAR_M = 0.05
_ON_EYE_M = 4e-3  # where a pixel lies on an eyeball and not on a lid beside it
_ASPECT = 0.75

_POINT = {name: row for row, name in enumerate(SMPLX_POINTS)}


@dataclass(frozen=True)
class Person:
    """Parameters of one synthetic person and where the camera stands, as drawn at random."""

    rotations: np.ndarray  # (55, 3, 3), the root in camera axes
    betas: np.ndarray  # (10,)
    expression: np.ndarray  # (10,)
    look: np.ndarray  # (looks.LOOK_NUMBERS,)
    distance_m: float
    cut: np.ndarray  # (4,) how much of the person's box is cut off left, top, right, below, by the frame
    jitter: np.ndarray  # (3,) of the box: shift in x and y as shares, scale


class PersonSampler:
    """Draws people."""

    def __init__(self, arrays: BodyArrays) -> None:
        self._pose = PoseSampler(arrays.regressor @ arrays.template, arrays.parents)
        self._expression_range = np.array(_EXPRESSION_RANGE)

    def __call__(self, rng: Rng) -> Person:
        rotations = self._pose(rng)
        rotations[SMPLX_JOINTS.index("jaw")] = random_jaw(rng)
        gaze = turn(rng.normal(0, 8), rng.normal(0, 12), 0)
        for name in ("left_eye_smplhf", "right_eye_smplhf"):
            rotations[SMPLX_JOINTS.index(name)] = gaze
        rotations[0] = random_view(rng) @ rotations[0]
        framing = rng.random()
        cut = np.zeros(4)
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
        jitter = np.array((rng.normal(0, 0.04), rng.normal(0, 0.04), np.exp(rng.normal(0.02, 0.09))))
        return Person(
            rotations, rng.normal(0, 1.1, 10), self._expression(rng), random_look(rng), float(distance), cut, jitter
        )

    def _expression(self, rng: Rng) -> np.ndarray:
        low, high = self._expression_range.T
        value = rng.uniform(low, high) * (rng.random(10) < 0.3) * rng.uniform(0.3, 1.0)
        return np.asarray(value + rng.normal(0, 0.08, 10))


_EXPRESSION_RANGE = ((-1, 2), (-0.7, 2), (-0.6, 2), (-1, 2), (-0.7, 2), (-1, 2), (-0.5, 2), (-0.3, 2), (-2, 2), (-2, 2))
_FLIP = np.diag((1.0, -1.0, -1.0))  # model axes, y up, to camera axes, y down, the person facing the camera


def random_view(rng: Rng) -> np.ndarray:
    """(3, 3) from model to camera axes: mostly from the front and level."""
    yaw = rng.normal(0, 35) if rng.random() < 0.6 else rng.uniform(-180, 180)
    pitch = rng.normal(6, 11) if rng.random() < 0.9 else rng.uniform(-40, 60)
    roll = rng.normal(0, 6) if rng.random() < 0.96 else rng.uniform(-95, 95)
    return np.asarray(turn(0, 0, roll) @ turn(pitch, 0, 0) @ _FLIP @ turn(0, yaw, 0))


@dataclass(frozen=True)
class Sprites:
    """Pictures and labels of N people. Coordinates are pixels of the body sprite unless said."""

    body: Tensor  # (N, H, W, 4) uint8 RGB and alpha, as are the others
    hands: Tensor  # (N, 2, h, h, 4)
    face: Tensor  # (N, f, f, 4)
    points: Tensor  # (N, 76, 3): px, py of `SMPLX_POINTS`, depth in metres behind the pelvis
    hand_points: Tensor  # (N, 2, 76, 2) the same points in pixels of each hand's sprite
    part_boxes: Tensor  # (N, 3, 4) xyxy: tight around left hand, right hand, face
    part_seen: Tensor  # (N, 3) share of each part's box in which the part itself is seen
    window: Tensor  # (N, 4) xyxy of what the frame shows
    crop: Tensor  # (N, 4) centre x, y, width, height of the crop before the trainer moves it
    pelvis: Tensor  # (N, 4): place in camera axes [m], and pixels a metre at distance one
    rotations: Tensor  # (N, 55, 3, 3)
    coefficients: Tensor  # (N, 20)


class Stage(torch.nn.Module):
    """Draws people in batches, on the device it is on."""

    def __init__(self, arrays: BodyArrays) -> None:
        super().__init__()
        self.wardrobe = Wardrobe(arrays)

    @torch.no_grad()
    def forward(self, people: list[Person]) -> Sprites:
        device = self.wardrobe.faces.device

        def stacked(name: str) -> Tensor:
            return torch.from_numpy(np.stack([getattr(p, name) for p in people])).float().to(device)

        rotations, look = stacked("rotations"), Looks(stacked("look"))
        coefficients = torch.cat((stacked("betas"), stacked("expression")), 1)
        dressed, bare, joints = self.wardrobe(rotations, coefficients, look)
        cut, jitter = stacked("cut"), stacked("jitter")
        distance = torch.tensor([p.distance_m for p in people], device=device)

        # The camera looks at the middle of what the frame will show.
        low, high = bare.amin(1), bare.amax(1)
        high_y = high[:, 1] - cut[:, 3] * (high - low)[:, 1]
        middle = torch.stack(((low + high)[:, 0] / 2, (low[:, 1] + high_y) / 2, joints[:, 0, 2]), 1)
        offset = torch.stack((-middle[:, 0], -middle[:, 1], distance - middle[:, 2]), 1)
        nearest = (dressed[..., 2].amin(1) + offset[:, 2] - 0.25).clamp(max=0)
        offset[:, 2] -= nearest  # nobody stands in the lens
        dressed, bare, joints = (value + offset[:, None] for value in (dressed, bare, joints))

        plane = bare[..., :2] / bare[..., 2:]  # (N, V, 2), pixels for a focal length of one
        box_low, box_high = plane.amin(1), plane.amax(1)
        size = box_high - box_low
        window = torch.cat((box_low + cut[:, :2] * size, box_high - cut[:, 2:] * size), 1)
        window = torch.where(torch.cat((cut[:, :2], cut[:, 2:]), 1) > 0, window, window.new_tensor((-9.0, -9, 9, 9)))
        seen_low, seen_high = torch.maximum(box_low, window[:, :2]), torch.minimum(box_high, window[:, 2:])
        centre, extent = (seen_low + seen_high) / 2, seen_high - seen_low
        centre = centre + jitter[:, :2] * extent
        height = 1.25 * jitter[:, 2] * torch.maximum(extent[:, 1], extent[:, 0] / _ASPECT)
        crop = torch.stack((centre[:, 0], centre[:, 1], _ASPECT * height, height), 1)

        focal = BODY_WH[1] / (SPRITE_MARGIN * height)  # (N,) pixels of the body sprite
        to_body = Plane(focal, centre, torch.tensor(BODY_WH, device=device))
        hand_boxes = [_bounds(to_body(plane), self.wardrobe.hands[side]) for side in (0, 1)]
        face_box = _bounds(to_body(plane), self.wardrobe.face_part)
        part_boxes = torch.stack((*hand_boxes, face_box), 1)

        hand_views = [self._part_view(box, to_body, focal, 2.0, HAND_PX) for box in hand_boxes]
        face_view = self._part_view(face_box, to_body, focal, 1.5, FACE_PX)
        frame = Drawn(dressed, self.wardrobe, look)
        drawn = [
            frame.sprite(view, (size, size), part)
            for part, (view, size) in enumerate(zip((*hand_views, face_view), (HAND_PX, HAND_PX, FACE_PX), strict=True))
        ]
        everything = self.wardrobe.all_points(bare, joints)
        flat = everything[..., :2] / everything[..., 2:]
        depth = everything[..., 2:] - joints[:, :1, 2:]
        return Sprites(
            frame.sprite(to_body, BODY_WH)[0],
            torch.stack([sprite for sprite, _ in drawn[:2]], 1),
            drawn[2][0],
            torch.cat((to_body(flat), depth), -1),
            torch.stack([view(flat) for view in hand_views], 1),
            part_boxes,
            torch.stack([seen for _, seen in drawn], 1),
            torch.cat((to_body(window[:, None, :2])[:, 0], to_body(window[:, None, 2:])[:, 0]), 1),
            torch.cat((to_body(crop[:, None, :2])[:, 0], crop[:, 2:] * focal[:, None]), 1),
            torch.cat((joints[:, 0], focal[:, None]), 1),
            rotations,
            coefficients,
        )

    def _part_view(self, box: Tensor, body: Plane, focal: Tensor, enlarged: float, size: int) -> Plane:
        """A square view around a part, with the margin to move it."""
        side = (box[:, 2:] - box[:, :2]).amax(1) * enlarged * SPRITE_MARGIN
        centre = body.inverse((box[:, :2] + box[:, 2:]) / 2)
        return Plane(focal * size / side.clamp(min=1e-3), centre, torch.tensor((size, size), device=box.device))


class Plane:
    """From the plane at focal length one to the pixels of a sprite that looks at `centre`."""

    def __init__(self, focal: Tensor, centre: Tensor, size_wh: Tensor) -> None:
        self.focal, self.centre = focal, centre
        self._middle = (size_wh - 1) / 2

    def __call__(self, plane: Tensor) -> Tensor:
        """(N, P, 2) -> (N, P, 2)."""
        return (plane - self.centre[:, None]) * self.focal[:, None, None] + self._middle

    @classmethod
    def pinhole(cls, camera: tuple[float, float, float], count: int) -> Plane:
        """A camera's own pixels: focal length, principal point."""
        focal, cx, cy = camera
        size = torch.tensor((2 * cx + 1, 2 * cy + 1))
        return cls(torch.full((count,), focal), torch.zeros(count, 2), size)

    def inverse(self, px: Tensor) -> Tensor:
        """(N, 2) -> (N, 2)."""
        return (px - self._middle) / self.focal[:, None] + self.centre


def _bounds(px: Tensor, chosen: Tensor) -> Tensor:
    part = px[:, chosen]
    return torch.cat((part.amin(1), part.amax(1)), 1)


class Drawn:
    """Dressed people in camera axes, drawn through any number of views."""

    def __init__(self, vertices: Tensor, wardrobe: Wardrobe, look: Looks) -> None:
        self._vertices, self._wardrobe, self._look = vertices, wardrobe, look
        self._normals = vertex_normals(vertices, wardrobe.faces)

    def sprite(self, view: Plane, size_wh: tuple[int, int], part: int | None = None) -> tuple[Tensor, Tensor]:
        """(N, H, W, 4) uint8, and (N,) the share of the picture in which a part (left hand, right hand, face) is seen."""
        sprite, person, rest, _ = self._drawn(view, size_wh)
        shown = person[_of_part(rest, part)] if part is not None else person
        return sprite, torch.bincount(shown, minlength=len(sprite)) / (size_wh[0] * size_wh[1])

    def layers(self, view: Plane, size_wh: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """(N, H, W, 4) uint8 and depth (N, H, W) in metres, infinite where a person is not."""
        sprite, _, _, depth = self._drawn(view, size_wh)
        return sprite, depth

    def _drawn(self, view: Plane, size_wh: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Sprites (N, H, W, 4); of the covered pixels whose they are (P,) and the place at rest (P, 3); depth."""
        vertices, faces = self._vertices, self._wardrobe.faces
        px = torch.cat((view(vertices[..., :2] / vertices[..., 2:].clamp(min=_NEAR_M)), vertices[..., 2:]), -1)
        seen = rasterise(px.contiguous(), faces, size_wh, _NEAR_M)
        person, row, column = (seen.face >= 0).nonzero(as_tuple=True)
        corners = faces[seen.face[person, row, column]].long()
        weights = seen.barycentric[person, row, column]
        carried = (self._wardrobe.attributes[corners] * weights[..., None]).sum(1)  # (P, 8)
        normal = (self._normals[person[:, None], corners] * weights[..., None]).sum(1)
        place = (vertices[person[:, None], corners] * weights[..., None]).sum(1)
        towards = torch.nn.functional.normalize(-place, dim=-1)
        normal = torch.nn.functional.normalize(normal, dim=-1)
        normal = torch.where((normal * towards).sum(-1, keepdim=True) < 0, -normal, normal)
        look = self._look.at(person)
        rest, eye = carried[:, :3], carried[:, 3:6]
        eye = torch.where((eye.abs().sum(-1) > _ON_EYE_M)[:, None], eye, torch.zeros_like(eye))
        colour = looks.albedo(look, rest, carried[:, 7].round(), eye, carried[:, 6], self._wardrobe.brows)
        rgb = looks.shaded(look, colour, normal, towards, _occlusion(seen.depth, size_wh[1])[person, row, column])
        sprite = torch.zeros(*seen.face.shape, 4, dtype=torch.uint8, device=vertices.device)
        sprite[person, row, column] = torch.cat((rgb, torch.full_like(rgb[:, :1], 255)), 1).round().to(torch.uint8)
        return sprite, person, rest, seen.depth


def _of_part(p: Tensor, part: int) -> Tensor:
    """Which places at rest (P, 3) are on the left hand, the right hand, or the front of the face."""
    if part == FACE:
        return (p[:, 2] > 0.07) & (p[:, 1] > 0.19) & (p[:, 1] < 0.33) & (p[:, 0].abs() < 0.07)
    return (p[:, 0] if part == LEFT else -p[:, 0]) > 0.74


def _occlusion(depth: Tensor, height: int) -> Tensor:
    """(N, H, W): how much light reaches a pixel, less where its surroundings are nearer to the camera."""
    pool, coarse = torch.nn.functional.avg_pool2d, 4
    far = depth.isinf()
    filled = torch.where(far, depth.new_zeros(()), depth)[:, None]
    size = max(3, height // 96) | 1
    around = [pool(pool(value, coarse), size, 1, size // 2) for value in (filled, (~far).float()[:, None])]
    mean = torch.nn.functional.interpolate(around[0] / around[1].clamp(min=1e-3), depth.shape[1:], mode="bilinear")
    hidden = ((filled - mean)[:, 0] / 0.12).clamp(0, 1)
    return 1 - 0.55 * hidden
