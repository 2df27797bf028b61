"""Reading an SMPL-X file, .npz or .pkl, versions 1.0 and 1.1, into checked arrays."""

from __future__ import annotations

import pickle
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.joints import CONTOUR_LANDMARKS, SMPLX_JOINTS, STATIC_LANDMARKS
from models.safe_pickle import UnsafePickleError, load_arrays

_JOINTS = len(SMPLX_JOINTS)
_VERTICES = 10475
_POSE_FEATURES = 9 * (_JOINTS - 1)
_CONTOUR_ROWS = 79  # head turns of -39 to 39 degrees
COEFFICIENTS = 10
_FULL_DIRECTIONS = 400  # 300 of shape, then 100 of expression
_FULL_SHAPE = 300

# What NumPy and pickle raise for bytes they cannot parse.
_UNREADABLE = (
    *(ValueError, OSError, EOFError, AttributeError, TypeError, KeyError, IndexError, ImportError, RuntimeError),
    *(MemoryError, OverflowError, tokenize.TokenError, zipfile.BadZipFile, zlib.error, pickle.UnpicklingError),
)

# Expected shape of each key that is read; None where any length will do.
_SHAPES: dict[str, tuple[int | None, ...]] = {
    "v_template": (_VERTICES, 3),
    "f": (None, 3),
    "shapedirs": (_VERTICES, 3, None),
    "posedirs": (_VERTICES, 3, _POSE_FEATURES),
    "J_regressor": (_JOINTS, _VERTICES),
    "weights": (_VERTICES, _JOINTS),
    "kintree_table": (2, _JOINTS),
    "lmk_faces_idx": (STATIC_LANDMARKS,),
    "lmk_bary_coords": (STATIC_LANDMARKS, 3),
    "dynamic_lmk_faces_idx": (_CONTOUR_ROWS, CONTOUR_LANDMARKS),
    "dynamic_lmk_bary_coords": (_CONTOUR_ROWS, CONTOUR_LANDMARKS, 3),
    "hands_meanl": (45,),
    "hands_meanr": (45,),
}


class BodyFileError(ValueError):
    """The file is not an SMPL-X body; the message says in what way."""


@dataclass(frozen=True)
class BodyArrays:
    """Arrays of a body file, in float64 and metres, as `SmplxBody` needs them."""

    template: NDArray[np.float64]  # (V, 3)
    faces: NDArray[np.int32]  # (F, 3)
    shape_directions: NDArray[np.float64]  # (V, 3, 20): 10 of shape, 10 of expression
    pose_directions: NDArray[np.float64]  # (V, 3, 486)
    regressor: NDArray[np.float64]  # (55, V)
    weights: NDArray[np.float64]  # (V, 55)
    parents: NDArray[np.int64]  # (55,), -1 at the root, each before its children
    landmark_faces: NDArray[np.int64]  # (51,)
    landmark_weights: NDArray[np.float64]  # (51, 3)
    contour_faces: NDArray[np.int64]  # (79, 17)
    contour_weights: NDArray[np.float64]  # (79, 17, 3)
    hand_mean: NDArray[np.float64]  # (2, 15, 3) axis-angle, left and right


def read_body_file(path: Path) -> BodyArrays:
    """Read and check an SMPL-X file, running nothing in it. Raises FileNotFoundError, or BodyFileError saying why."""
    if not path.is_file():
        raise FileNotFoundError(f"no body file at {path}")
    raw = _read(path)
    if missing := [key for key in _SHAPES if key not in raw]:
        raise BodyFileError(f"{path} is not an SMPL-X body: it lacks {', '.join(missing)}")
    for key, expected in _SHAPES.items():
        _check(path, key, raw[key], expected)
    return _arrays(path, raw)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        if path.suffix.lower() == ".pkl":
            return load_arrays(path)
        with np.load(path, allow_pickle=False) as file:
            return {key: file[key] for key in _SHAPES if key in file.files}
    except UnsafePickleError as error:
        raise BodyFileError(f"{path} was refused: {error}") from error
    except _UNREADABLE as error:
        message = f"{path} cannot be read as an SMPL-X .npz or .pkl: it is damaged or another format"
        raise BodyFileError(message) from error


def _check(path: Path, key: str, value: Any, expected: tuple[int | None, ...]) -> None:
    numeric = isinstance(value, np.ndarray) and value.dtype.kind in "fiu"
    shape = value.shape if isinstance(value, np.ndarray) else ()
    fits = len(shape) == len(expected) and all(e in (None, s) for e, s in zip(expected, shape, strict=True))
    if not (numeric and fits):
        wanted = ", ".join("any" if e is None else str(e) for e in expected)
        found = f"shape {shape} of {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__
        raise BodyFileError(f"{path} is not an SMPL-X body: {key} is {found}, expected numbers of shape ({wanted})")
    if not np.isfinite(value).all():
        raise BodyFileError(f"{path} is not a usable SMPL-X body: {key} holds values that are not finite")


def _arrays(path: Path, raw: Mapping[str, Any]) -> BodyArrays:
    directions = raw["shapedirs"]
    expression_from = _FULL_SHAPE if directions.shape[2] >= _FULL_DIRECTIONS else COEFFICIENTS
    if directions.shape[2] < expression_from + COEFFICIENTS:
        raise BodyFileError(f"{path} has {directions.shape[2]} shape and expression directions, expected at least 20")
    used = [*range(COEFFICIENTS), *range(expression_from, expression_from + COEFFICIENTS)]
    parents = raw["kintree_table"][0].astype(np.int64)
    parents[0] = -1
    if not all(0 <= parent < joint for joint, parent in enumerate(parents[1:], 1)):
        raise BodyFileError(f"{path} has a kinematic tree in which a joint comes before its parent")
    faces = raw["f"].astype(np.int32)
    for key, limit in (("f", _VERTICES), ("lmk_faces_idx", len(faces)), ("dynamic_lmk_faces_idx", len(faces))):
        if raw[key].size and not 0 <= raw[key].min() <= raw[key].max() < limit:
            raise BodyFileError(f"{path} is not an SMPL-X body: {key} points past its {limit} entries")
    return BodyArrays(
        template=raw["v_template"].astype(np.float64),
        faces=faces,
        shape_directions=directions[:, :, used].astype(np.float64),
        pose_directions=raw["posedirs"],
        regressor=raw["J_regressor"].astype(np.float64),
        weights=raw["weights"],
        parents=parents,
        landmark_faces=raw["lmk_faces_idx"].astype(np.int64),
        landmark_weights=raw["lmk_bary_coords"].astype(np.float64),
        contour_faces=raw["dynamic_lmk_faces_idx"].astype(np.int64),
        contour_weights=raw["dynamic_lmk_bary_coords"].astype(np.float64),
        hand_mean=np.stack((raw["hands_meanl"], raw["hands_meanr"])).reshape(2, 15, 3).astype(np.float64),
    )
