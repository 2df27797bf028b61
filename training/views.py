"""Dressed people drawn through a camera's eye, any part of it at any scale."""

from __future__ import annotations

import torch
from torch import Tensor

from training.costume import Costume
from training.garments import SKIN
from training.looks import Looks
from training.raster import Visibility, rasterise
from training.shading import Surface, albedo, shaded
from training.wardrobe import Wardrobe, vertex_normals

LEFT, RIGHT, FACE = range(3)  # parts

NEAR_M = 0.05  # nearer faces are not drawn

_HAND_FROM_M = 0.74  # from the middle of the body at rest
_FACE_LOW_M, _FACE_HIGH_M, _FACE_HALF_M, _FACE_FRONT_M = 0.19, 0.33, 0.07, 0.07
_OCCLUDER_M = 0.12  # how far behind its surroundings a pixel gets the least light
_OCCLUDED = 0.55


class Plane:
    """From the plane at distance one before the camera to the pixels of a picture, and back. N cameras at once."""

    def __init__(self, focal: Tensor, centre: Tensor, size_wh: Tensor) -> None:
        """focal: (N,) pixels. centre: (N, 2), the place on the plane that is in the picture's middle. size_wh: (2,)."""
        self._focal, self._centre = focal, centre
        self._middle = (size_wh - 1) / 2

    @classmethod
    def pinhole(cls, focal_cx_cy: tuple[float, float, float], count: int) -> Plane:
        """One camera's own pixels, for so many people: focal length and principal point."""
        focal, cx, cy = focal_cx_cy
        size = torch.tensor((2 * cx + 1, 2 * cy + 1))
        return cls(torch.full((count,), focal), torch.zeros(count, 2), size)

    def __call__(self, plane: Tensor) -> Tensor:
        """Plane to pixels: (N, P, 2) -> (N, P, 2)."""
        return (plane - self._centre[:, None]) * self._focal[:, None, None] + self._middle

    def inverse(self, px: Tensor) -> Tensor:
        """Pixels to plane: (N, 2) -> (N, 2)."""
        return (px - self._middle) / self._focal[:, None] + self._centre

    def around(self, box: Tensor, side: Tensor, size_px: int) -> Plane:
        """A square picture whose sides (N,) are as long as given and whose middle is that of boxes (N, 4) xyxy, both in
        this one's pixels."""
        centre = self.inverse((box[:, :2] + box[:, 2:]) / 2)
        size = torch.tensor((size_px, size_px), device=box.device)
        return Plane(self._focal * size_px / side.clamp(min=1e-3), centre, size)


class Drawn:
    """N dressed people, drawn through any number of views, each person in a picture of their own."""

    def __init__(self, vertices: Tensor, wardrobe: Wardrobe, look: Looks, costume: Costume | None = None) -> None:
        """vertices: (N, V + tubes, 3) metres in camera axes, of N looks, or with those of a costume."""
        self._vertices, self._wardrobe, self._look, self._costume = vertices, wardrobe, look, costume
        self._faces = wardrobe.faces if costume is None else costume.faces
        self._normals = vertex_normals(vertices, self._faces)

    def sprite(self, view: Plane, size_wh: tuple[int, int], part: int | None = None) -> tuple[Tensor, Tensor]:
        """(N, H, W, 4) uint8 RGB and alpha, and (N,) the share of the picture in which a part, or anything, is seen."""
        sprite, person, surface, _ = self._drawn(view, size_wh)
        shown = person if part is None else person[_of_part(surface, part)]
        return sprite, torch.bincount(shown, minlength=len(sprite)) / (size_wh[0] * size_wh[1])

    def layers(self, view: Plane, size_wh: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """(N, H, W, 4) uint8 RGB and alpha, and depth (N, H, W) in metres, infinite where a person is not."""
        sprite, _, _, depth = self._drawn(view, size_wh)
        return sprite, depth

    def _drawn(self, view: Plane, size_wh: tuple[int, int]) -> tuple[Tensor, Tensor, Surface, Tensor]:
        """Sprites (N, H, W, 4); of the P covered pixels whose they are (P,) and what they show; depth (N, H, W)."""
        vertices = self._vertices
        px = view(vertices[..., :2] / vertices[..., 2:].clamp(min=NEAR_M))
        seen = self._seen(torch.cat((px, vertices[..., 2:]), -1), size_wh)
        covered = person, row, column = (seen.face >= 0).nonzero(as_tuple=True)
        face, weights = seen.face[covered], seen.barycentric[covered]  # (P,), (P, 3)
        corners = self._faces[face].long()  # (P, 3)
        surface = self._surface(person, face, corners, weights)
        normal, towards = self._facing(person, corners, weights)
        light = _occlusion(seen.depth)[covered]
        rgb = torch.empty_like(normal)
        # One by one: a look's numbers are the same for all of a person's pixels, and cost much if spread over them.
        for one, pixels in enumerate(_runs(person, len(vertices))):
            look = self._look.at(slice(one, one + 1))
            colour = albedo(look, surface.at(pixels), self._wardrobe.brow_points)
            rgb[pixels] = shaded(look, colour, normal[pixels], towards[pixels], light[pixels])
        sprite = torch.zeros(*seen.face.shape, 4, dtype=torch.uint8, device=vertices.device)
        sprite[person, row, column] = torch.cat((rgb, torch.full_like(rgb[:, :1], 255)), 1).round().to(torch.uint8)
        return sprite, person, surface, seen.depth

    def _surface(self, person: Tensor, face: Tensor, corners: Tensor, weights: Tensor) -> Surface:
        """What P pixels show."""
        if self._costume is None:
            return self._wardrobe.surface(corners, weights)
        return self._costume.surface(person, face, corners, weights)

    def _seen(self, vertices_px: Tensor, size_wh: tuple[int, int]) -> Visibility:
        """The nearest faces that are there; where a garment is not, what is behind all of its layers."""
        if self._costume is None:
            return rasterise(vertices_px, self._faces, size_wh, NEAR_M)
        solid = self._costume.solid
        seen = rasterise(vertices_px, self._faces[:solid], size_wh, NEAR_M)
        if solid == len(self._faces):
            return seen
        thin = rasterise(vertices_px, self._faces[solid:], size_wh, NEAR_M)
        before = (thin.face >= 0) & (thin.depth < seen.depth)
        before[before.clone()] = self._costume.there(thin.face[before] + solid, thin.barycentric[before])
        return Visibility(
            torch.where(before, thin.face + solid, seen.face),
            torch.where(before[..., None], thin.barycentric, seen.barycentric),
            torch.where(before, thin.depth, seen.depth),
        )

    def _facing(self, person: Tensor, corners: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Unit normals, turned towards the camera, and directions to the camera (P, 3) of pixels."""
        place = (self._vertices[person[:, None], corners] * weights[..., None]).sum(1)
        normal = (self._normals[person[:, None], corners] * weights[..., None]).sum(1)
        towards = torch.nn.functional.normalize(-place, dim=-1)
        normal = torch.nn.functional.normalize(normal, dim=-1)
        away = (normal * towards).sum(-1, keepdim=True) < 0
        return torch.where(away, -normal, normal), towards


def _runs(person: Tensor, count: int) -> list[slice]:
    """Where the pixels of each of so many people are among theirs (P,), which are sorted."""
    ends = torch.bincount(person, minlength=count).cumsum(0).tolist()
    return [slice(first, last) for first, last in zip([0, *ends], ends, strict=False)]


def _of_part(surface: Surface, part: int) -> Tensor:
    """(P,) which pixels show the left hand, the right hand, or the front of the face."""
    x, y, z = surface.rest.unbind(-1)
    if part == FACE:
        # Hair that hangs has made-up places at rest, some of them where the face is.
        front = (surface.material == SKIN) & (z > _FACE_FRONT_M)
        return front & (y > _FACE_LOW_M) & (y < _FACE_HIGH_M) & (x.abs() < _FACE_HALF_M)
    return (x if part == LEFT else -x) > _HAND_FROM_M


def _occlusion(depth: Tensor) -> Tensor:
    """(N, H, W): how much light reaches a pixel, less where its surroundings are nearer to the camera. Depths (N, H, W)
    are infinite where nothing is."""
    pool, coarse = torch.nn.functional.avg_pool2d, 4
    far = depth.isinf()
    filled = torch.where(far, depth.new_zeros(()), depth)[:, None]
    size = max(3, depth.shape[1] // 96) | 1
    around = [pool(pool(value, coarse), size, 1, size // 2) for value in (filled, (~far).float()[:, None])]
    mean = torch.nn.functional.interpolate(around[0] / around[1].clamp(min=1e-3), depth.shape[1:], mode="bilinear")
    hidden = ((filled - mean)[:, 0] / _OCCLUDER_M).clamp(0, 1)
    return 1 - _OCCLUDED * hidden
