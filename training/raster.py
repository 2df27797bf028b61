"""Triangles to a visibility buffer: for every pixel the nearest face, where in it, and how deep. Shading is for others.

Pixel centres lie at whole coordinates, the top left one at (0, 0), as everywhere. A triangle covers the pixel centres
inside it and on its border. Neighbours compute their common edge with opposite signs to the last bit, so a centre
beside it belongs to one of them and there are no gaps; a centre that both claim goes to the nearer, then to the lower
index.

On a CPU one compiled loop draws one picture and a few threads share the batch. The loop releases the interpreter lock
instead of using Numba's own threads: Numba's default thread layer must not be entered by two callers at once, and data
loaders do just that. On a GPU `raster_cuda` does the same arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil, floor
from typing import ParamSpec, TypeVar, cast

import numba
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training import raster_cuda

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Visibility:
    """What each pixel sees, on the device of the vertices."""

    face: Tensor  # (B, H, W) int32 index into the faces, -1 where nothing
    barycentric: Tensor  # (B, H, W, 3) float32, weights of the face's vertices, linear in space, 0 where nothing
    depth: Tensor  # (B, H, W) float32 metres along the camera's axis, inf where nothing


def rasterise(
    vertices_px: Tensor,
    faces: Tensor,
    size_wh: tuple[int, int],
    near_m: float,
    *,
    cull_back_faces: bool = False,
    threads: int | None = None,
) -> Visibility:
    """The nearest triangle at every pixel centre; of equally near ones the one with the lower index.

    vertices_px: (B, V, 3) float32, x and y in pixels, depth in metres; no gradient flows through. faces: (F, 3) int32,
    the same for the whole batch. A triangle with a vertex nearer than near_m is left out whole; nothing is clipped. The
    front of a face is where its vertices run anticlockwise. `threads` share the batch on a CPU: as many as torch uses,
    unless told.
    """
    _check(vertices_px, faces, size_wh, near_m)
    vertices_px, faces = vertices_px.detach().contiguous(), faces.contiguous()
    if vertices_px.is_cuda:
        return Visibility(*raster_cuda.rasterise(vertices_px, faces, size_wh, near_m, cull_back_faces))

    width, height = size_wh
    batch = len(vertices_px)
    face = np.empty((batch, height, width), np.int32)
    barycentric = np.empty((batch, height, width, 3), np.float32)
    depth = np.empty((batch, height, width), np.float32)
    vertices, corners = vertices_px.numpy(), faces.numpy()
    if corners.size and not (corners.min() >= 0 and corners.max() < vertices.shape[1]):
        raise ValueError(f"faces: expected 0 to {vertices.shape[1] - 1}, got {corners.min()} to {corners.max()}")

    def draw(index: int) -> None:
        nearness = depth[index]  # holds 1 / depth until it is resolved
        _cover(vertices[index], corners, near_m, cull_back_faces, (face[index], nearness))
        _resolve(vertices[index], corners, face[index], barycentric[index], depth[index])

    threads = min(threads or torch.get_num_threads(), batch)
    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(draw, range(batch)))
    else:
        for index in range(batch):
            draw(index)
    return Visibility(torch.from_numpy(face), torch.from_numpy(barycentric), torch.from_numpy(depth))


def interpolate(values: Tensor, faces: Tensor, visibility: Visibility) -> Tensor:
    """What vertices carry, (B or 1, V, C) -> (B, H, W, C) of pixels, 0 where nothing. Differentiable in `values`."""
    batch, height, width = visibility.face.shape
    if values.ndim != 3 or len(values) not in (1, batch) or not values.is_floating_point():
        raise ValueError(f"values: expected floats (1 or {batch}, V, C), got {values.dtype} {tuple(values.shape)}")
    _, count, channels = values.shape
    face = visibility.face.flatten()
    covered = (face >= 0).nonzero()[:, 0]  # (N,): the rest is often most of the picture
    corners = faces[face[covered]].long()  # (N, 3)
    if len(values) > 1:
        corners += (covered // (height * width) * count)[:, None]
    weights = visibility.barycentric.view(-1, 3)[covered]  # (N, 3)
    rows = values.reshape(-1, channels)
    a, b, c = (weights[:, i : i + 1] * rows[corners[:, i]] for i in range(3))
    image = values.new_zeros(batch * height * width, channels)
    return image.index_copy(0, covered, (a + b + c).to(values.dtype)).view(batch, height, width, channels)


def _check(vertices_px: Tensor, faces: Tensor, size_wh: tuple[int, int], near_m: float) -> None:
    if vertices_px.ndim != 3 or vertices_px.shape[2] != 3 or vertices_px.dtype != torch.float32:
        raise ValueError(f"vertices_px: expected float32 (B, V, 3), got {vertices_px.dtype} {tuple(vertices_px.shape)}")
    if faces.ndim != 2 or faces.shape[1] != 3 or faces.dtype != torch.int32:
        raise ValueError(f"faces: expected int32 (F, 3), got {faces.dtype} {tuple(faces.shape)}")
    if faces.device != vertices_px.device:
        raise ValueError(f"faces: expected on {vertices_px.device} like vertices_px, got {faces.device}")
    if vertices_px.device.type not in ("cpu", "cuda"):
        raise ValueError(f"vertices_px: expected on cpu or cuda, got {vertices_px.device}")
    if min(size_wh) < 1:
        raise ValueError(f"size_wh: expected a width and a height of at least 1, got {size_wh}")
    if not near_m > 0:
        raise ValueError(f"near_m: expected more than 0, got {near_m}")


def _compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Machine code, made on the first call and kept on disk. Zero divided by zero is NaN; products are not fused."""
    return cast(Callable[P, R], numba.njit(nogil=True, cache=True, error_model="numpy")(function))


@_compiled
def _cover(vertices: Floats, corners: Ints, near_m: float, cull: bool, seen: tuple[Ints, Floats]) -> None:
    """Fills `seen`: (H, W) indices of the nearest faces, and (H, W) 1 / depth there, 0 where nothing."""
    face, nearness = seen
    height, width = face.shape
    face[:] = -1
    nearness[:] = 0.0
    one = np.float32(1.0)
    for index in range(len(corners)):
        a, b, c = corners[index]
        ax, ay, az = vertices[a]
        bx, by, bz = vertices[b]
        cx, cy, cz = vertices[c]
        left, right, top, bottom = min(ax, bx, cx), max(ax, bx, cx), min(ay, by, cy), max(ay, by, cy)
        if not (right >= 0 and left <= width - 1 and bottom >= 0 and top <= height - 1):  # outside, or not a number
            continue
        x0, x1 = ceil(max(left, 0.0)), floor(min(right, width - 1.0))
        y0, y1 = ceil(max(top, 0.0)), floor(min(bottom, height - 1.0))
        if x0 > x1 or y0 > y1:  # between pixel centres, as most triangles of a distant body are
            continue
        if not (az >= near_m and bz >= near_m and cz >= near_m):
            continue
        # float32 corners make this sign right in float64, also for slivers.
        area = (np.float64(bx) - ax) * (np.float64(cy) - ay) - (np.float64(by) - ay) * (np.float64(cx) - ax)
        if area == 0.0 or (cull and area > 0.0):  # y points down: positive is clockwise as seen
            continue
        sign = one if area > 0.0 else -one
        ia, ib, ic = one / az, one / bz, one / cz
        for y in range(y0, y1 + 1):
            fy = np.float32(y)
            ady, bdy, cdy = (ay - fy) * sign, (by - fy) * sign, (cy - fy) * sign
            for x in range(x0, x1 + 1):
                fx = np.float32(x)
                adx, bdx, cdx = ax - fx, bx - fx, cx - fx
                wa, wb, wc = bdx * cdy - bdy * cdx, cdx * ady - cdy * adx, adx * bdy - ady * bdx
                if wa >= 0.0 and wb >= 0.0 and wc >= 0.0:
                    near = (wa * ia + wb * ib + wc * ic) / (wa + wb + wc)
                    if near > nearness[y, x]:
                        nearness[y, x] = near
                        face[y, x] = index


@_compiled
def _resolve(vertices: Floats, corners: Ints, face: Ints, barycentric: Floats, depth: Floats) -> None:
    """Fills barycentric (H, W, 3) and depth (H, W) where the faces (H, W) are known."""
    height, width = face.shape
    for y in range(height):
        for x in range(width):
            index = face[y, x]
            if index < 0:
                barycentric[y, x] = 0.0
                depth[y, x] = np.inf
                continue
            a, b, c = corners[index]
            adx, ady = np.float64(vertices[a, 0]) - x, np.float64(vertices[a, 1]) - y
            bdx, bdy = np.float64(vertices[b, 0]) - x, np.float64(vertices[b, 1]) - y
            cdx, cdy = np.float64(vertices[c, 0]) - x, np.float64(vertices[c, 1]) - y
            wa, wb, wc = bdx * cdy - bdy * cdx, cdx * ady - cdy * adx, adx * bdy - ady * bdx
            # All of one sign, but for a rounding error at a border.
            wa, wb, wc = abs(wa), abs(wb), abs(wc)
            ia, ib, ic = wa / vertices[a, 2], wb / vertices[b, 2], wc / vertices[c, 2]
            total = ia + ib + ic
            barycentric[y, x, 0] = ia / total
            barycentric[y, x, 1] = ib / total
            barycentric[y, x, 2] = ic / total
            depth[y, x] = (wa + wb + wc) / total
