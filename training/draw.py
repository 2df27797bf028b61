"""Shaded pictures of meshes, for documentation and for looking at what was made. NumPy in, RGB uint8 out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from training.raster import interpolate, rasterise

View = Literal["front", "three-quarter", "side", "back"]
Camera = tuple[float, float, float, float]  # fx, fy, cx, cy in pixels
RGB = tuple[int, int, int]

_YAW_DEG = {"front": 0.0, "three-quarter": -40.0, "side": -90.0, "back": 180.0}  # turns the body: its left side shows
_SKIN = (206, 172, 152)
_WHITE = (255, 255, 255)
_INK = (20, 20, 20)
_NEAR_M = 0.01

# From the surface to the light, in camera axes, and how strong it is in linear light.
_KEY, _KEY_STRENGTH = (-0.5, -0.7, -0.6), 0.95
_FILL, _FILL_STRENGTH = (0.8, -0.1, -0.4), 0.2
_SKY_STRENGTH, _GROUND_STRENGTH = 0.25, 0.1


def draw(
    vertices_m: NDArray[Any],
    faces: NDArray[Any],
    camera: Camera,
    size_wh: tuple[int, int],
    background: NDArray[np.uint8] | RGB = _WHITE,
    *,
    colour: NDArray[Any] | RGB = _SKIN,
    supersample: int = 2,
) -> NDArray[np.uint8]:
    """A softly lit mesh over a colour or an RGB uint8 picture -> RGB uint8 (H, W, 3).

    vertices_m: (V, 3) in camera axes. colour: sRGB in 0..255, one for all or (V, 3). Both sides of a face are drawn.
    Several meshes: `join` them first.
    """
    width, height = size_wh
    under = np.asarray(background, np.uint8)
    if under.shape not in ((3,), (height, width, 3)):
        raise ValueError(f"background: expected a colour or ({height}, {width}, 3), got {under.shape}")
    vertices = np.asarray(vertices_m, np.float64)
    triangles = np.ascontiguousarray(faces, np.int32)
    face_normals = _face_normals(vertices, triangles)
    colours = np.broadcast_to(_linear(np.asarray(colour, np.float64)), vertices.shape)

    finer = (width * supersample, height * supersample)
    pixels = torch.from_numpy(_projected(vertices, camera, supersample).astype(np.float32))[None]
    corners = torch.from_numpy(triangles)
    visible = rasterise(pixels, corners, finer, _NEAR_M)
    carried = np.concatenate((_vertex_normals(face_normals, triangles, len(vertices)), colours), -1)
    sampled = interpolate(torch.from_numpy(carried.astype(np.float32))[None], corners, visible)[0].numpy()

    seen = visible.face[0].numpy()  # (H, W) of the finer picture, as all below
    covered = seen >= 0
    seen_from_behind = (face_normals * vertices[triangles[:, 0]]).sum(-1) > 0  # (F,): the camera is at the origin
    normals = sampled[covered, :3] * np.where(seen_from_behind[seen[covered]], -1.0, 1.0)[:, None]
    lit = np.zeros((*covered.shape, 3), np.float32)
    lit[covered] = sampled[covered, 3:] * _light(normals)[:, None]

    opacity = _shrunk(covered[..., None].astype(np.float32), supersample)
    under = np.broadcast_to(under, (height, width, 3))
    mixed = _shrunk(lit, supersample) + (1.0 - opacity) * _linear(under)
    return np.where(opacity > 0, _encoded(mixed), under)


def join(
    meshes: Sequence[tuple[NDArray[Any], NDArray[Any], NDArray[Any] | RGB]],
) -> tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.float64]]:
    """Meshes of (vertices, faces, colour) as one: vertices (V, 3), faces (F, 3), colours (V, 3)."""
    first = np.cumsum([0, *(len(vertices) for vertices, _, _ in meshes)])
    return (
        np.concatenate([np.asarray(vertices, np.float64) for vertices, _, _ in meshes]),
        np.concatenate([np.asarray(mesh[1], np.int32) + offset for mesh, offset in zip(meshes, first, strict=False)]),
        np.concatenate([np.broadcast_to(np.asarray(mesh[2], np.float64), (len(mesh[0]), 3)) for mesh in meshes]),
    )


def front_camera(
    vertices_m: NDArray[Any],
    size_wh: tuple[int, int],
    view: View = "front",
    target_m: NDArray[Any] | None = None,
    *,
    fill: float = 0.9,
) -> tuple[NDArray[np.float64], Camera]:
    """Vertices in model axes (y up, facing +z, left +x) -> the same in camera axes, and a camera that frames them.

    The camera stands level with the target, four times its size away. target_m: points (K, 3) in model axes to frame
    instead of the whole mesh, those of a face or a hand. `fill` is the share of the picture they get.
    """
    if view not in _YAW_DEG:
        raise ValueError(f"view: expected one of {', '.join(_YAW_DEG)}, got {view}")
    vertices = np.asarray(vertices_m, np.float64)
    target = vertices if target_m is None else np.asarray(target_m, np.float64)
    yaw = np.radians(_YAW_DEG[view])
    yawed = np.array([[np.cos(yaw), 0.0, np.sin(yaw)], [0.0, 1.0, 0.0], [-np.sin(yaw), 0.0, np.cos(yaw)]])
    camera_from_model = np.diag([1.0, -1.0, -1.0]) @ yawed
    centre = (target.min(0) + target.max(0)) / 2.0
    away = np.array([0.0, 0.0, 4.0 * np.linalg.norm(np.ptp(target, axis=0))])

    target_camera = (target - centre) @ camera_from_model.T + away
    rays = target_camera[:, :2] / target_camera[:, 2:]
    low, high = rays.min(0), rays.max(0)
    focal = float((fill * np.array(size_wh) / np.maximum(high - low, 1e-9)).min())
    cx, cy = (np.array(size_wh) - 1.0) / 2.0 - focal * (low + high) / 2.0
    return (vertices - centre) @ camera_from_model.T + away, (focal, focal, float(cx), float(cy))


def grid(pictures: Sequence[NDArray[np.uint8]], columns: int, labels: Sequence[str] | None = None) -> NDArray[np.uint8]:
    """Pictures in rows of `columns`, each below its label, on white -> RGB uint8 (H, W, 3)."""
    labels = [""] * len(pictures) if labels is None else labels
    if not pictures or len(labels) != len(pictures):
        raise ValueError(f"expected pictures and a label for each, got {len(pictures)} pictures, {len(labels)} labels")
    cell_h, cell_w = (max(picture.shape[axis] for picture in pictures) for axis in (0, 1))
    gap, label_h = 8, 28 if any(labels) else 0
    step_h, step_w = label_h + cell_h + gap, cell_w + gap
    rows = -(-len(pictures) // columns)
    sheet = np.full((rows * step_h + gap, min(columns, len(pictures)) * step_w + gap, 3), 255, np.uint8)
    for index, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        top, left = gap + index // columns * step_h, gap + index % columns * step_w
        _write(sheet[top : top + label_h, left : left + cell_w], label)
        h, w = picture.shape[:2]
        top, left = top + label_h, left + (cell_w - w) // 2
        sheet[top : top + h, left : left + w] = picture
    return sheet


def _write(strip: NDArray[np.uint8], text: str) -> None:
    """Writes into a strip (h, w, 3) of a sheet, centred, smaller where it would not fit."""
    if not text:
        return
    font, scale = cv2.FONT_HERSHEY_SIMPLEX, 0.55
    (width, _), _ = cv2.getTextSize(text, font, scale, 1)
    scale *= min(1.0, (strip.shape[1] - 2) / width)
    (width, height), _ = cv2.getTextSize(text, font, scale, 1)
    canvas = np.ascontiguousarray(strip)  # OpenCV cannot write into a part of the sheet
    at = ((strip.shape[1] - width) // 2, (strip.shape[0] + height) // 2)
    cv2.putText(canvas, text, at, font, scale, _INK, 1, cv2.LINE_AA)
    strip[:] = canvas


def _projected(vertices: NDArray[np.float64], camera: Camera, supersample: int) -> NDArray[np.float64]:
    """(V, 3): x and y in pixels of the finer picture, depth in metres."""
    fx, fy, cx, cy = camera
    depth = vertices[:, 2]
    safe = np.where(depth >= _NEAR_M, depth, 1.0)  # nearer ones are left out by their depth
    xy = np.stack((fx * vertices[:, 0] / safe + cx, fy * vertices[:, 1] / safe + cy), -1)
    return np.concatenate(((xy + 0.5) * supersample - 0.5, depth[:, None]), -1)


def _face_normals(vertices: NDArray[np.float64], faces: NDArray[np.int32]) -> NDArray[np.float64]:
    """(F, 3), twice the faces' areas long."""
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    return np.asarray(np.cross(b - a, c - a))


def _vertex_normals(face_normals: NDArray[np.float64], faces: NDArray[np.int32], count: int) -> NDArray[np.float64]:
    """(V, 3), of unit length: the mean of the faces around each vertex, by area."""
    corners = faces.T.ravel()
    sums = [np.bincount(corners, np.tile(axis, 3), count) for axis in face_normals.T]
    return _unit(np.stack(sums, -1))


def _light(normals: NDArray[Any]) -> NDArray[Any]:
    """(N,): the light that arrives at surfaces with normals (N, 3) towards the camera, of any length."""
    normals = _unit(normals)
    key = np.clip((normals @ _unit(np.array(_KEY)) + 0.15) / 1.15, 0.0, None)  # a large lamp reaches around the edge
    fill = np.clip(normals @ _unit(np.array(_FILL)), 0.0, None)
    up = 0.5 - 0.5 * normals[:, 1]
    ambient = _GROUND_STRENGTH + (_SKY_STRENGTH - _GROUND_STRENGTH) * up
    return np.asarray(_KEY_STRENGTH * key + _FILL_STRENGTH * fill + ambient)


def _unit(vectors: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-20))


def _shrunk(image: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    height, width, channels = image.shape
    blocks = image.reshape(height // factor, factor, width // factor, factor, channels)
    return np.asarray(blocks.mean((1, 3)))


def _linear(srgb: NDArray[Any]) -> NDArray[Any]:
    """sRGB 0..255 -> linear light 0..1, near enough."""
    return np.asarray((srgb / np.float32(255.0)) ** 2.2)


def _encoded(linear: NDArray[Any]) -> NDArray[np.uint8]:
    return np.asarray(np.rint(255.0 * np.clip(linear, 0.0, 1.0) ** (1 / 2.2)), np.uint8)
