"""Stand-ins for what may not be shipped: Hand4Whole's weights and the SMPL-X file.

Deterministic numbers in the right layout: anyone can make them again, and the golden files in tests/data were computed
from them by the released code. They check arithmetic and let the whole chain run; what they track looks like nothing.

    python -m tests.standins FOLDER [--seed N]
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

DATA = Path(__file__).parent / "data"
CHECKPOINT = "standin.pth.tar"
BODY = "SMPLX_STANDIN.npz"
OPEN_SHAPE_SPACE = "wb-track-open-1"

_PARENTS = (
    *(-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 15, 15, 15),
    *(20, 25, 26, 20, 28, 29, 20, 31, 32, 20, 34, 35, 20, 37, 38),
    *(21, 40, 41, 21, 43, 44, 21, 46, 47, 21, 49, 50, 21, 52, 53),
)
_HEATMAP_CONVS = ("body_position_net.conv.0.weight", "hand_position_net.conv.0.weight", "box_net.bbox_center.0.weight")


def released_shapes() -> dict[str, tuple[int, ...]]:
    """Name and shape of every tensor of the released checkpoint."""
    manifest = json.loads((DATA / "hand4whole_state_dict.json").read_text())
    return {name: tuple(shape) for name, shape in manifest.items()}


def weights(seed: int, shapes: dict[str, tuple[int, ...]] | None = None) -> dict[str, NDArray[Any]]:
    """A state dict. Activations stay finite, heatmaps have peaks, hand and face boxes differ, some past the border."""
    return {name: _tensor(name, shape, seed) for name, shape in (shapes or released_shapes()).items()}


def checkpoint(seed: int, shapes: dict[str, tuple[int, ...]] | None = None) -> dict[str, Any]:
    """What the released code saves, with `weights(seed)`."""
    import torch

    network = {f"module.{name}": torch.from_numpy(np.asarray(value)) for name, value in weights(seed, shapes).items()}
    state = {"step": torch.tensor(3.0), "exp_avg": torch.zeros(2)}
    return {"epoch": 6, "network": network, "optimizer": {"state": {0: state}, "param_groups": [{"lr": 1e-5}]}}


def body_arrays(seed: int = 0) -> dict[str, NDArray[Any]]:
    """The keys, shapes and tree of SMPLX_NEUTRAL.npz v1.1 with random contents."""
    vertices, faces = 10475, 20908
    rng = np.random.default_rng(seed)
    template = rng.standard_normal((vertices, 3)) * 0.4
    skinning = rng.random((vertices, 55)) ** 8
    skinning /= skinning.sum(1, keepdims=True)
    regressor = rng.random((55, vertices)) ** 40
    regressor /= regressor.sum(1, keepdims=True)
    parents = [2**32 - 1 if parent < 0 else parent for parent in _PARENTS]
    return {
        "v_template": template,
        "f": rng.integers(0, vertices, (faces, 3)).astype(np.uint32),
        "shapedirs": rng.standard_normal((vertices, 3, 400)) * 0.01,
        "posedirs": rng.standard_normal((vertices, 3, 486)) * 0.002,
        "J_regressor": regressor,
        "weights": skinning,
        "kintree_table": np.array([parents, list(range(55))], dtype=np.uint32),
        "lmk_faces_idx": rng.integers(0, faces, 51),
        "lmk_bary_coords": rng.dirichlet([1, 1, 1], 51),
        "dynamic_lmk_faces_idx": rng.integers(0, faces, (79, 17)),
        "dynamic_lmk_bary_coords": rng.dirichlet([1, 1, 1], (79, 17)),
        "hands_componentsl": rng.standard_normal((45, 45)),
        "hands_componentsr": rng.standard_normal((45, 45)),
        "hands_meanl": rng.standard_normal(45) * 0.2,
        "hands_meanr": rng.standard_normal(45) * 0.2,
    }


def open_body_arrays(vertices: int = 700, seed: int = 0) -> dict[str, NDArray[Any]]:
    """An open body's keys: any number of vertices, of which a joint moves those near it and which follow four joints.

    Vertices are near each other where their numbers are. Numbers are as narrow as the shipped file's.
    """
    rng = np.random.default_rng(seed)
    faces, near = 2 * vertices, vertices // 10
    smplx = body_arrays(seed)
    skinning = np.zeros((vertices, 55), np.float32)
    followed = np.argsort(rng.random((vertices, 55)), 1)[:, :4]
    np.put_along_axis(skinning, followed, rng.dirichlet([1, 1, 1, 1], vertices).astype(np.float32), 1)
    directions = np.zeros((vertices, 3, 486), np.float16, order="F")
    for joint in range(0, 54, 2):
        first = rng.integers(vertices - near)
        moves = rng.standard_normal((near, 3, 9)) * 0.02
        directions[first : first + near, :, 9 * joint : 9 * joint + 9] = moves
    regressor = np.zeros((55, vertices), np.float32)
    np.put_along_axis(regressor, rng.integers(0, vertices, (55, 8)), 0.125, 1)
    return {
        **{key: smplx[key] for key in ("kintree_table", "lmk_bary_coords", "dynamic_lmk_bary_coords")},
        **{key: smplx[key] for key in ("hands_meanl", "hands_meanr")},
        "v_template": (rng.standard_normal((vertices, 3)) * 0.4).astype(np.float32),
        "f": rng.integers(0, vertices, (faces, 3)).astype(np.int32),
        "shapedirs": (rng.standard_normal((vertices, 3, 20)) * 0.01).astype(np.float16),
        "posedirs": directions,
        "J_regressor": regressor / regressor.sum(1, keepdims=True),
        "weights": skinning,
        "lmk_faces_idx": rng.integers(0, faces, 51),
        "dynamic_lmk_faces_idx": rng.integers(0, faces, (79, 17)),
        "vertex_points": rng.choice(vertices, 21, replace=False),
        "shape_space": np.array(OPEN_SHAPE_SPACE),
        "licence": np.array("CC0 1.0, made up for tests"),
    }


def save_body(path: Path, arrays: Mapping[str, Any]) -> Path:
    """Write a body file."""
    np.savez_compressed(path, **arrays)
    return path


def _tensor(name: str, shape: tuple[int, ...], seed: int) -> NDArray[Any]:  # noqa: PLR0911 - one kind of leaf a line
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    leaf = name.rsplit(".", 1)[-1]
    if leaf == "num_batches_tracked":
        return np.zeros(shape, np.int64)
    if leaf == "running_mean":
        return (0.1 * rng.standard_normal(shape)).astype(np.float32)
    if leaf == "running_var":
        return rng.uniform(0.6, 1.4, shape).astype(np.float32)
    if leaf == "bias":
        if name.startswith("box_net.") and shape == (2,):
            return rng.uniform(0.2, 2.0, shape).astype(np.float32)
        return (0.05 * rng.standard_normal(shape)).astype(np.float32)
    if len(shape) == 1:  # batch-norm gain
        return rng.uniform(0.4, 0.9, shape).astype(np.float32)
    gain = 60.0 if name in _HEATMAP_CONVS else 1.0
    return np.asarray(gain * rng.standard_normal(shape) * np.sqrt(2.0 / np.prod(shape[1:])), np.float32)


def main() -> None:
    import torch

    parser = argparse.ArgumentParser(description=f"Write {CHECKPOINT} and {BODY}, random numbers in the real layouts.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    torch.save(checkpoint(options.seed), options.folder / CHECKPOINT)
    np.savez(options.folder / BODY, **body_arrays(), allow_pickle=False)


if __name__ == "__main__":
    main()
